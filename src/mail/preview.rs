//! A page that shows a mail in light, dark, narrow and plain text, side by side.
//!
//! It owns how a mail is shown to the operator. It must not know whose mail it is, nor where the page goes.

use super::compose::{ComposeError, Parts};
use askama::Template;

/// What the mail's style block waits for, and what holds in its place whatever the browser prefers.
const WAITS: &str = "(prefers-color-scheme: dark)";

#[derive(Template)]
#[template(path = "email/preview.html")]
struct PreviewPage<'a> {
    subject: &'a str,
    plain: &'a str,
    light: String,
    dark: String,
}

/// The page, whole in itself.
///
/// # Errors
/// None that is known of: a template that cannot be filled.
pub fn page(parts: &Parts) -> Result<String, ComposeError> {
    let shown = |when: &str, scheme: &str| {
        let meta = format!("content=\"{scheme}\"");
        parts.html.replace(WAITS, when).replace("content=\"light dark\"", &meta)
    };
    let page = PreviewPage {
        subject: &parts.subject,
        plain: &parts.plain,
        light: shown("not all", "light"),
        dark: shown("all", "dark"),
    };
    page.render().map_err(ComposeError::new)
}
