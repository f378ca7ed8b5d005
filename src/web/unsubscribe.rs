//! The unsubscribe link of a mail: a page with a button, what the button does (RFC 8058), and the way back. That of a
//! digest is handed on to `stop_digest`.
//!
//! It must not know whom the link belongs to.

use super::App;
use super::api::HandlerResult;
use super::body::Unread;
use super::page::{Frame, render};
use super::stop_digest;
use crate::gateway::Leaving;
use crate::survey::link::{Link, Purpose};
use crate::text::fill;
use askama::Template;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{OriginalUri, State};
use axum::http::HeaderMap;
use axum::response::{Html, IntoResponse, Response};
use std::sync::Arc;

/// Scanners open this link too, so opening it changes nothing.
pub(super) async fn ask(
    State(app): State<Arc<App>>,
    Extension(link): Extension<Link>,
    OriginalUri(uri): OriginalUri,
) -> HandlerResult {
    if link.purpose == Purpose::StopDigest {
        return Ok(stop_digest::ask(&app, link, uri.path()).await?);
    }
    let leaving = app.gateway.unsubscribe_page(link).await?;
    Ok(answer(&app, uri.path(), &leaving, Shown::Question))
}

/// A POST without the token of a page unsubscribes, whatever it holds: mail programs send one by themselves.
pub(super) async fn unsubscribe(
    State(app): State<Arc<App>>,
    Extension(link): Extension<Link>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Unread,
) -> HandlerResult {
    if link.purpose == Purpose::StopDigest {
        return Ok(stop_digest::stop(&app, link).await?);
    }
    let form = body.form(&app).await.unwrap_or_default();
    let Some(undo) = undo_token(&form) else {
        let leaving = app.gateway.unsubscribe(link).await?;
        return Ok(answer(&app, uri.path(), &leaving, Shown::Left));
    };
    // A form on another site takes nothing back.
    let undo = if app.cross_site(&headers) { String::new() } else { undo };
    let leaving = app.gateway.undo_unsubscribe(link, &undo).await?;
    let shown = if leaving.left { Shown::Left } else { Shown::Back };
    Ok(answer(&app, uri.path(), &leaving, shown))
}

/// The token in the form of the page that follows unsubscribing.
fn undo_token(form: &Bytes) -> Option<String> {
    let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(form).ok()?;
    fields.into_iter().find_map(|(name, value)| (name == "undo").then_some(value))
}

fn answer(app: &App, action: &str, leaving: &Leaving, shown: Shown) -> Response {
    let frame = app.frame(leaving.about.locale.as_deref(), None);
    Html(page(frame, action, leaving.undo.as_deref(), shown)).into_response()
}

/// What the page says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// Whether to unsubscribe.
    Question,
    /// The customer is asked no more.
    Left,
    /// The customer may be asked again.
    Back,
}

#[derive(Template)]
#[template(path = "page/unsubscribe.html")]
struct UnsubscribePage<'a> {
    frame: Frame<'a>,
    action: &'a str,
    shown: Shown,
    /// The token that takes it back, if the page offers that.
    undo: Option<&'a str>,
    heading: &'a str,
    sentence: String,
}

pub(super) fn page(frame: Frame, action: &str, undo: Option<&str>, shown: Shown) -> String {
    let text = &frame.text.unsubscribe;
    let (heading, sentence) = match shown {
        Shown::Question => (&text.heading, &text.sentence),
        Shown::Left => (&text.done_heading, &text.done),
        Shown::Back => (&text.undone_heading, &text.undone),
    };
    let sentence = fill(sentence, &[("brand", frame.brand)]);
    render(&UnsubscribePage { frame, action, shown, undo, heading, sentence })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{CustomLanguages, CustomTexts, Text};
    use crate::web::assets::Assets;
    use chrono_tz::Tz;

    fn html(shown: Shown, undo: Option<&str>) -> String {
        let (assets, none) = (Assets::new("#2f6fed", None), CustomLanguages::default());
        let custom = CustomTexts { policy: &none, all: &none };
        let frame =
            Frame { brand: "Example", custom, text: Text::english(), zone: Tz::UTC, assets: &assets, contact: None };
        page(frame, "/u/token", undo, shown)
    }

    #[test]
    fn unsubscribing_takes_a_button_and_so_does_taking_it_back() {
        let button = |html: &str| html.matches(" method=\"post\" action=\"/u/token\"").count();
        let ask = html(Shown::Question, None);
        assert_eq!((button(&ask), ask.matches("<button").count()), (1, 1));
        assert!(ask.contains("You’ll still get replies from support.") && !ask.contains("name=\"undo\""));
        let left = html(Shown::Left, Some("signed"));
        assert_eq!((button(&left), left.matches("<button").count()), (1, 1));
        assert!(left.contains("No more surveys") && left.contains("name=\"undo\" value=\"signed\""));
        for html in [html(Shown::Left, None), html(Shown::Back, None)] {
            assert!(!html.contains("<form") && !html.contains("/u/"));
        }
    }
}
