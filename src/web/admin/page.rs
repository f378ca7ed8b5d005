//! What all admin pages share: the frame, how numbers and times are written, and the pages that show one message.
//!
//! It must not know what a page is about; the markup is in `templates/admin/`.

use super::session::{Note, Viewer};
use crate::render::chart::percent;
use crate::survey::Time;
use crate::survey::interval::Interval;
use crate::web::App;
use crate::web::error::Failure;
use crate::web::page::render;
use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use chrono_tz::Tz;

/// The pages that the navigation names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The overview.
    Overview,
    /// The list of ratings.
    Ratings,
}

/// The frame of a page.
#[derive(Debug)]
pub(super) struct Shell<'a> {
    pub(super) brand: &'a str,
    pub(super) css: &'a str,
    pub(super) icon: &'a str,
    /// Who looks at it; nobody at the sign-in page.
    pub(super) viewer: Option<&'a Viewer>,
    /// What the viewer is limited to, in words.
    pub(super) part: Option<String>,
    /// Where it is.
    pub(super) place: Option<Place>,
}

/// The frame of a page for somebody.
pub(super) fn shell<'a>(app: &'a App, viewer: Option<&'a Viewer>, place: Option<Place>) -> Shell<'a> {
    let within = viewer.map(|viewer| &viewer.access.within);
    let teammate = within.and_then(|within| within.teammate.as_ref()).map(|id| format!("teammate {id}"));
    let team = within.and_then(|within| within.team.as_ref()).map(|name| format!("team {name}"));
    let parts: Vec<_> = teammate.into_iter().chain(team).collect();
    Shell {
        brand: &app.gateway.config.brand.name,
        css: &app.assets.admin_css.path,
        icon: &app.assets.icon.path,
        viewer,
        part: (!parts.is_empty()).then(|| parts.join(", ")),
        place,
    }
}

/// The page to sign in.
#[derive(Template)]
#[template(path = "admin/sign_in.html")]
pub(super) struct SignIn<'a> {
    pub(super) shell: Shell<'a>,
    /// Where to go then.
    pub(super) to: &'a str,
    pub(super) note: Option<Note>,
}

/// The page between a link of another site and the page it leads to.
#[derive(Template)]
#[template(path = "admin/onward.html")]
pub(super) struct Onward<'a> {
    pub(super) shell: Shell<'a>,
    pub(super) path: &'a str,
}

#[derive(Template)]
#[template(path = "admin/message.html")]
struct Message<'a> {
    shell: Shell<'a>,
    heading: &'a str,
    sentence: &'a str,
    reference: Option<&'a str>,
}

/// Renders a page.
pub(super) fn html(page: &impl Template) -> Html<String> {
    Html(render(page))
}

/// What went wrong, for people on the admin pages.
pub(in crate::web) fn failure_page(app: &App, failure: &Failure, id: &str) -> Response {
    let (heading, sentence) = match failure.status {
        StatusCode::NOT_FOUND => ("There is no such page", "The address may be mistyped, or from another version."),
        StatusCode::FORBIDDEN => ("This was not done", "The request came from another site. Please use the form here."),
        StatusCode::METHOD_NOT_ALLOWED => ("This was not done", "This address takes no such request."),
        status if status.is_server_error() => ("This did not work", "Nothing is lost. Please try again in a moment."),
        _ => ("This was not understood", "Please go back and try again."),
    };
    let reference = failure.status.is_server_error().then_some(id);
    let page = html(&Message { shell: shell(app, None, None), heading, sentence, reference });
    failure.with_headers((failure.status, page).into_response())
}

/// A count with commas between thousands.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(|group| String::from_utf8_lossy(group).into_owned());
    groups.collect::<Vec<_>>().join(",")
}

/// A share to a tenth of a percent, as everywhere else in the product.
pub(super) fn exact(share: f64) -> String {
    format!("{:.1}\u{a0}%", share * 100.0)
}

/// The ends of an interval.
pub(super) fn ends(interval: Interval) -> String {
    format!("{} to {}", percent(interval.low), percent(interval.high))
}

/// A moment in a zone, as people write it.
pub(super) fn moment(time: Time, zone: Tz) -> String {
    time.with_timezone(&zone).format("%-d %b %Y, %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_counts_have_commas() {
        let shown = [0, 999, 1000, 12_345, 10_000_000].map(count);
        assert_eq!(shown, ["0", "999", "1,000", "12,345", "10,000,000"]);
    }
}
