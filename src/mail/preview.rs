//! A page that shows a mail as customers may meet it: in their inbox, wide and narrow, light and dark, with images blocked,
//! as plain text, and in every language.
//!
//! Owns how a mail is shown to the operator. It must not know whose mail it is, nor where the page is stored.

use super::compose::{ComposeError, RenderedMail};
use askama::Template;

/// The media query of the mail's dark styles. The page replaces it, so that each frame has its scheme whatever the
/// browser prefers.
const DARK_QUERY: &str = "(prefers-color-scheme: dark)";
/// A window on a computer, and the narrowest phone, in CSS pixels.
const WIDTHS: [u16; 2] = [640, 320];

#[derive(Template)]
#[template(path = "email/preview.html")]
struct PreviewPage<'a> {
    mail: &'a RenderedMail,
    /// Each with its name and its HTML.
    looks: [(&'static str, String); 3],
    widths: [u16; 2],
    /// Each with its HTML in light colors.
    languages: Vec<(&'a RenderedMail, String)>,
}

/// Renders the page of one mail, and of the same mail in every language. It loads nothing else but the logo.
///
/// # Errors
/// A template that cannot be rendered, which should not happen.
pub fn page(mail: &RenderedMail, languages: &[RenderedMail]) -> Result<String, ComposeError> {
    let [light, dark] = [false, true].map(|dark| in_scheme(&mail.html, dark));
    let blocked = without_images(&light);
    let looks = [("Light", light), ("Dark", dark), ("Images blocked", blocked)];
    let languages = languages.iter().map(|mail| (mail, in_scheme(&mail.html, false))).collect();
    PreviewPage { mail, looks, widths: WIDTHS, languages }.render().map_err(ComposeError::new)
}

/// The HTML of a mail, light or dark whatever the browser prefers.
#[must_use]
pub fn in_scheme(html: &str, dark: bool) -> String {
    let (when, scheme) = if dark { ("all", "dark") } else { ("not all", "light") };
    html.replace(DARK_QUERY, when).replace("content=\"light dark\"", &format!("content=\"{scheme}\""))
}

/// The mail before its reader lets the program fetch images: each shows its alternative text.
fn without_images(html: &str) -> String {
    let mut parts = html.split(" src=\"");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.filter_map(|part| part.split_once('"')).fold(first, |kept, (_, rest)| kept + rest)
}
