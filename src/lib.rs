//! x
pub mod survey;
