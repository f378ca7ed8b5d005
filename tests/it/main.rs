//! The integration tests: the whole gateway through its router, with the real store in a folder of its own. No network,
//! no sleeping, no order between tests. Only `commands`, `deploy`, `e2e`, `full`, `helpdesks`, `openapi`, `proof`,
//! `receiver`, `samples`, `sending`, `story`, `terminal`, `truth` and `upkeep` start processes, and only `alerts`, `deploy`,
//! `e2e`, `full`, `proof`, `receiver`, `samples`, `sending`, `smtp`, `sockets`, `told` and `upkeep` open sockets.

#![expect(unreachable_pub, reason = "nothing outside uses the tests, and benches share some of the modules")]

mod abuse;
mod access;
mod admin;
mod alerts;
mod answers;
mod batches;
mod bodies;
mod bounces;
mod closings;
mod commands;
mod connections;
mod decisions;
mod deploy;
mod desk;
mod digest;
mod dkim;
mod docs;
mod e2e;
mod enriching;
mod erasing;
mod exports;
mod faults;
mod follow_up;
mod full;
mod helpdesks;
mod honesty;
mod hostile;
mod languages;
mod leases;
mod life;
mod log;
mod mail;
mod mails;
mod migrations;
mod moderating;
mod openapi;
mod operating;
mod overview;
mod pace;
mod pages;
mod problems;
mod process;
mod proof;
mod providers;
mod receiver;
mod refusals;
mod reports;
mod rollup;
mod rules;
mod samples;
mod sending;
mod shape;
mod sink;
mod smtp;
mod sockets;
mod store;
mod story;
mod terminal;
mod ticks;
mod told;
mod traces;
mod truth;
mod unsubscribing;
mod upkeep;
mod visitors;
mod voided;
mod words;
