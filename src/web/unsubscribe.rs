//! The unsubscribe link of a mail: a page with a button, and what the button does (RFC 8058).
//!
//! It must not know whom the link belongs to.

use super::App;
use super::api::HandlerResult;
use super::page::{Frame, render};
use crate::survey::link::Link;
use crate::text::fill;
use askama::Template;
use axum::Extension;
use axum::extract::{OriginalUri, State};
use axum::response::{Html, IntoResponse};
use std::sync::Arc;

/// Scanners open this link too, so opening it changes nothing.
pub(super) async fn ask(
    State(app): State<Arc<App>>,
    Extension(link): Extension<Link>,
    OriginalUri(uri): OriginalUri,
) -> HandlerResult {
    let about = app.gateway.unsubscribe_page(link).await?;
    Ok(Html(page(app.frame(about.locale.as_deref(), None), uri.path(), false)).into_response())
}

pub(super) async fn unsubscribe(
    State(app): State<Arc<App>>,
    Extension(link): Extension<Link>,
    OriginalUri(uri): OriginalUri,
) -> HandlerResult {
    let about = app.gateway.unsubscribe(link).await?;
    Ok(Html(page(app.frame(about.locale.as_deref(), None), uri.path(), true)).into_response())
}

#[derive(Template)]
#[template(path = "page/unsubscribe.html")]
struct UnsubscribePage<'a> {
    frame: Frame<'a>,
    action: &'a str,
    done: bool,
    heading: &'a str,
    sentence: String,
}

/// A button that posts to `action`, or what it did.
fn page(frame: Frame, action: &str, done: bool) -> String {
    let text = &frame.text.unsubscribe;
    let (heading, sentence) = if done { (&text.done_heading, &text.done) } else { (&text.heading, &text.sentence) };
    render(&UnsubscribePage { frame, action, done, heading, sentence: fill(sentence, &[("brand", frame.brand)]) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{CustomLanguages, CustomTexts, Text};
    use crate::web::assets::Assets;
    use chrono_tz::Tz;

    fn html(done: bool) -> String {
        let (assets, none) = (Assets::new("#2f6fed"), CustomLanguages::default());
        let custom = CustomTexts { policy: &none, all: &none };
        let frame = Frame { brand: "Example", custom, text: Text::english(), zone: Tz::UTC, assets: &assets };
        page(frame, "/u/token", done)
    }

    #[test]
    fn unsubscribing_takes_a_button() {
        let ask = html(false);
        assert_eq!(ask.matches("<form method=\"post\" action=\"/u/token\"").count(), 1);
        assert_eq!(ask.matches("<button").count(), 1);
        assert!(ask.contains("and Example will no longer ask"));
        let done = html(true);
        assert!(done.contains("You are unsubscribed") && !done.contains("<form") && !done.contains("/u/"));
    }
}
