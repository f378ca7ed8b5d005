//! Reports as JSON, CSV and a table, for the web and the command line alike.
//!
//! It owns how figures look. It must not know how they are counted, nor where they go.

pub mod report;
pub mod status;
