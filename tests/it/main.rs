//! The integration tests: the whole gateway through its router, with the real store in a folder of its own. No network,
//! no sleeping, no order between tests. Only `e2e`, `proof` and `samples` start processes, and only they and `smtp` open
//! sockets.

mod abuse;
mod access;
mod bounces;
mod closings;
mod desk;
mod dkim;
mod docs;
mod e2e;
mod faults;
mod languages;
mod life;
mod mail;
mod pace;
mod process;
mod proof;
mod refusals;
mod reports;
mod rules;
mod samples;
mod shape;
mod sink;
mod smtp;
mod store;
mod traces;
