//! Every call of the API, one file a group: its route, its handler, and its description.
//!
//! To add a call, add an [`Operation`] to one of these lists: the router takes it from here, and `/openapi.json`, `/docs`
//! and the tests with it. It must not know how a document is made.

mod closings;
mod customers;
mod decide;
mod operate;
mod reports;

use super::operation::Operation;
use super::schema::Schema;

/// All calls, in the order in which people meet them.
pub(super) fn all() -> Vec<Operation> {
    [closings::all(), reports::all(), decide::all(), customers::all(), operate::all()].into_iter().flatten().collect()
}

/// The schemas of requests that have a name.
pub(super) fn schemas() -> Vec<(&'static str, Schema)> {
    closings::schemas()
}
