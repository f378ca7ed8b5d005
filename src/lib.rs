//! x
pub mod cli;
pub mod clock;
pub mod config;
pub mod gateway;
pub mod keys;
pub mod mail;
pub mod store;
pub mod survey;
pub mod text;
pub mod web;
pub mod worker;
