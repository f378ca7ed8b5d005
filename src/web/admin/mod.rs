//! The admin pages: what the team sees of its ratings.
//!
//! It owns their routes. Each handler reads the query, calls one verb of the gateway and fills a template; all of them need
//! a [`Viewer`](session::Viewer). The pages are in English.

mod achievements;
mod bar;
mod compare;
mod export;
mod filter;
mod follow_up;
mod form;
mod lost;
mod mails;
mod not_asked;
mod overview;
mod page;
mod ratings;
mod session;
mod survey;

pub(super) use page::failure_page;

use super::App;
use axum::Router;
use axum::response::Redirect;
use axum::routing::{get, post};
use std::sync::Arc;

/// The routes of the admin pages.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/admin", get(overview::show))
        .route("/admin/", get(async || Redirect::permanent("/admin")))
        .route(export::PATH, get(export::csv))
        .route("/admin/ratings", get(ratings::show))
        .route("/admin/follow-up", get(follow_up::list))
        .route("/admin/follow-up/{survey}", get(follow_up::one).post(follow_up::follow))
        .route("/admin/achievements", get(achievements::show))
        .route("/admin/ratings.csv", get(ratings::csv))
        .route("/admin/ratings/{survey}", get(survey::show).post(survey::decide))
        .route("/admin/compare", get(compare::show))
        .route("/admin/not-asked", get(not_asked::show))
        .route("/admin/mails", get(mails::show))
        .route("/admin/lost", get(lost::show))
        .route("/admin/sign-in", get(session::ask).post(session::sign_in))
        .route("/admin/sign-out", post(session::sign_out))
}
