//! The link in a digest to opt out of it: a page with a button, and what the button does (RFC 8058). The pages are in
//! English, as the digest is.
//!
//! It must not know whom the link belongs to.

use super::App;
use super::page::{Frame, render};
use crate::gateway::Error;
use crate::survey::access::Within;
use crate::survey::link::Link;
use crate::text::Text;
use askama::Template;
use axum::response::{Html, IntoResponse, Response};

/// Scanners open this link too, so opening it changes nothing.
pub(super) async fn ask(app: &App, link: Link, action: &str) -> Result<Response, Error> {
    let within = app.gateway.digest_of(link).await?;
    Ok(answer(app, &within, Some(action)))
}

/// A POST opts out, whatever it holds: mail programs send one by themselves.
pub(super) async fn stop(app: &App, link: Link) -> Result<Response, Error> {
    let within = app.gateway.stop_digest(link).await?;
    Ok(answer(app, &within, None))
}

#[derive(Template)]
#[template(path = "page/stop_digest.html")]
struct StopDigestPage<'a> {
    frame: Frame<'a>,
    /// Where the button posts to; `None` once it is done.
    action: Option<&'a str>,
    /// Of which part of the team the digest is.
    part: Option<String>,
}

fn answer(app: &App, within: &Within, action: Option<&str>) -> Response {
    let frame = Frame { text: Text::english(), ..app.frame(None, None) };
    Html(render(&StopDigestPage { frame, action, part: within.words() })).into_response()
}
