//! The sign of life that a service writes: what only the running process knows.
//!
//! It owns what goes into the database with it. It must not know when it is written.

use super::{Batch, Command, Touched};
use crate::survey::Time;
use crate::survey::status::Service;
use uuid::Uuid;

/// Write a sign of life. Its answer proves that the database takes writes.
#[derive(Clone, Debug)]
pub struct Heartbeat {
    /// The service. Its last error is the last one since the last sign of life.
    pub service: Service,
    /// The survey whose mail that error is about.
    pub failed: Option<Uuid>,
    /// Requests that were answered by an error since the last sign of life: the start of the hour, the code, how many.
    pub refused: Vec<(Time, &'static str, u64)>,
    /// Refusals of earlier hours than this are dropped.
    pub refused_since: Time,
    /// Keys of the API that were used for the first time on their day: id and time.
    pub used: Vec<(String, Time)>,
}

impl Command for Heartbeat {
    type Answer = ();

    fn touches(&self, touched: &mut Touched) {
        touched.clicks.extend(self.failed);
    }

    fn decide(&self, batch: &mut Batch) {
        let mut heartbeat = self.clone();
        // The mail server may have named whom it refused, and that customer may be erased by now.
        if self.failed.and_then(|survey| batch.clicks_on(survey)).is_some_and(|clicked| clicked.clicks.erased) {
            heartbeat.service.last_error = None;
        }
        batch.heartbeats.push(heartbeat);
    }
}
