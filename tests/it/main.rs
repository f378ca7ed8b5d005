//! The integration tests: the whole gateway through its router, with the real store in a folder of its own. No network,
//! no sleeping, no order between tests. Only `e2e`, `proof`, `samples`, `deploy` and `full` start processes, and only they,
//! `smtp` and `sockets` open sockets.

#![expect(unreachable_pub, reason = "nothing outside uses the tests, and benches share some of the modules")]

mod abuse;
mod access;
mod answers;
mod batches;
mod bodies;
mod bounces;
mod closings;
mod commands;
mod connections;
mod deploy;
mod desk;
mod dkim;
mod docs;
mod e2e;
mod faults;
mod full;
mod languages;
mod leases;
mod life;
mod log;
mod mail;
mod migrations;
mod pace;
mod problems;
mod process;
mod proof;
mod refusals;
mod reports;
mod rules;
mod samples;
mod shape;
mod sink;
mod smtp;
mod sockets;
mod store;
mod terminal;
mod traces;
mod voided;
