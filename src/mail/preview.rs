//! A page that shows a mail in light, dark, narrow and plain text, side by side.
//!
//! Owns how a mail is shown to the operator. It must not know whose mail it is, nor where the page is stored.

use super::compose::{ComposeError, RenderedMail};
use askama::Template;

/// The media query of the mail's dark styles. The page replaces it, so that each frame has its scheme whatever the
/// browser prefers.
const DARK_QUERY: &str = "(prefers-color-scheme: dark)";

#[derive(Template)]
#[template(path = "email/preview.html")]
struct PreviewPage<'a> {
    subject: &'a str,
    plain: &'a str,
    light: String,
    dark: String,
}

/// Renders the page. It loads nothing else but the logo.
///
/// # Errors
/// A template that cannot be rendered, which should not happen.
pub fn page(mail: &RenderedMail) -> Result<String, ComposeError> {
    let shown = |when: &str, scheme: &str| {
        let meta = format!("content=\"{scheme}\"");
        mail.html.replace(DARK_QUERY, when).replace("content=\"light dark\"", &meta)
    };
    let page = PreviewPage {
        subject: &mail.subject,
        plain: &mail.plain,
        light: shown("not all", "light"),
        dark: shown("all", "dark"),
    };
    page.render().map_err(ComposeError::new)
}
