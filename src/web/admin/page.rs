//! What all admin pages share: the frame, how numbers and times are written, and the pages that show one message.
//!
//! It must not know what a page is about; the markup is in `templates/admin/`.

use super::filter::Filter;
use super::session::{Note, Viewer};
use crate::gateway::Error;
use crate::survey::Time;
use crate::survey::access::Within;
use crate::survey::answers::{Answers, REASONS};
use crate::survey::report::By;
pub(super) use crate::survey::wording::{NO_FIGURE, count, days, ends, exact, percent, plural, share};
use crate::web::App;
use crate::web::code::Code;
use crate::web::error::Failure;
use crate::web::page::render;
use askama::Template;
use axum::BoxError as Failed;
use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use chrono_tz::Tz;
use futures_util::stream::{self, Stream, StreamExt};

/// The language of the admin pages, for words of the operator's own.
pub(super) const ENGLISH: &str = "en";

/// A page that the navigation can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The figures of a period.
    Overview,
    /// The list of ratings.
    Ratings,
    /// Unhappy customers, to be worked through.
    FollowUp,
    /// Praise for the team.
    Achievements,
    /// Why customers were not asked.
    NotAsked,
    /// What became of mails.
    Mails,
    /// What was opened and not rated, held ratings, and scanners.
    Lost,
    /// The figures as other products count them.
    Compare,
}

/// Where a page is, and what it takes.
#[derive(Clone, Copy, Debug)]
struct Page {
    place: Place,
    path: &'static str,
    /// What the navigation calls it.
    name: &'static str,
    /// The parameters that are its own. Links to other pages drop them, but keep the period and the filters.
    own: &'static [&'static str],
    /// The filters that it takes.
    filters: &'static [By],
}

/// The filters of lists.
const TEAM: &[By] = &[By::Teammate, By::Team];

#[rustfmt::skip]
const PAGES: [Page; 8] = [
    Page { place: Place::Overview, path: "/admin", name: "Overview", own: &["by", "step", "sort", "all"], filters: &By::FILTERS },
    Page { place: Place::Ratings, path: "/admin/ratings", name: "Ratings", own: &["standing", "score", "commented", "text", "cursor"], filters: &By::FILTERS },
    Page { place: Place::FollowUp, path: "/admin/follow-up", name: "Follow-up", own: &["state", "cursor"], filters: TEAM },
    Page { place: Place::Achievements, path: "/admin/achievements", name: "Achievements", own: &["cursor"], filters: TEAM },
    Page { place: Place::NotAsked, path: "/admin/not-asked", name: "Not asked", own: &["conversation", "connection"], filters: TEAM },
    Page { place: Place::Mails, path: "/admin/mails", name: "Mails", own: &["state", "cursor"], filters: TEAM },
    Page { place: Place::Lost, path: "/admin/lost", name: "Lost and held", own: &[], filters: TEAM },
    Page { place: Place::Compare, path: "/admin/compare", name: "Compare", own: &[], filters: &By::FILTERS },
];

impl Place {
    fn page(self) -> Page {
        PAGES.into_iter().find(|page| page.place == self).expect("a test finds each place")
    }

    /// Its path.
    pub(super) fn path(self) -> &'static str {
        self.page().path
    }

    /// The filters that it takes.
    pub(super) fn filters(self) -> &'static [By] {
        self.page().filters
    }

    /// Whether it shows a report: then it takes all filters, and can show what has none, such as no tag.
    pub(super) fn is_report(self) -> bool {
        self.filters() == By::FILTERS
    }

    /// The parameters that are its own.
    pub(super) fn own(self) -> &'static [&'static str] {
        self.page().own
    }
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
    /// The pages that one can go to: the link, the name, and whether one is there.
    pub(super) nav: Vec<(String, &'static str, bool)>,
}

impl Shell<'_> {
    /// Has the links between pages keep the period and the filters.
    pub(super) fn keeping(mut self, filter: &Filter) -> Self {
        for (link, page) in self.nav.iter_mut().zip(&PAGES) {
            link.0 = filter.link_to(page.place, &[]);
        }
        self
    }
}

/// The frame of a page for somebody.
pub(super) fn shell<'a>(app: &'a App, viewer: Option<&'a Viewer>, place: Option<Place>) -> Shell<'a> {
    Shell {
        brand: &app.gateway.config.brand.name,
        css: &app.assets.admin_css.path,
        icon: &app.assets.icon.path,
        viewer,
        part: viewer.and_then(|viewer| viewer.access.within.words()),
        nav: PAGES.iter().map(|page| (page.path.to_owned(), page.name, Some(page.place) == place)).collect(),
    }
}

impl App {
    /// What people call the teammate of a filter, if there is one and the viewer may know.
    pub(super) async fn teammate_of(&self, filter: &Filter, allowed: &Within) -> Result<Option<String>, Error> {
        match filter.within().teammate.filter(|id| !id.is_empty()) {
            Some(id) => self.gateway.teammate_name(&id, allowed).await,
            None => Ok(None),
        }
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

/// What a CSV file begins with: Excel takes one for UTF-8 only with it.
const BOM: &str = "\u{feff}";

/// A CSV file to be saved, named `afterword-WHAT.csv`.
pub(super) fn csv_file(what: &str, csv: &str) -> Response {
    attached(what, format!("{BOM}{csv}").into())
}

/// As [`csv_file`], for a file that is too long to be made at once: it is made while it is sent.
pub(super) fn csv_stream(what: &str, parts: impl Stream<Item = Result<String, Failed>> + Send + 'static) -> Response {
    let bom = stream::once(async { Ok(BOM.to_owned()) });
    attached(what, Body::from_stream(bom.chain(parts)))
}

fn attached(what: &str, body: Body) -> Response {
    let name = format!("attachment; filename=\"afterword-{what}.csv\"");
    let kind = "text/csv; charset=utf-8".to_owned();
    ([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)], body).into_response()
}

/// What went wrong, for people on the admin pages.
pub(in crate::web) fn failure_page(app: &App, failure: &Failure, id: &str) -> Response {
    let (heading, sentence) = match failure.status() {
        StatusCode::NOT_FOUND => ("There is no such page", "The address may be mistyped, or from another version."),
        StatusCode::FORBIDDEN if failure.code == Code::AnotherSite => {
            ("This was not done", "The request came from another site. Please use the form here.")
        }
        StatusCode::FORBIDDEN => ("This was not done", "It needs a key with the scope admin. Yours may only read."),
        StatusCode::METHOD_NOT_ALLOWED => ("This was not done", "This address takes no such request."),
        status if status.is_server_error() => ("This did not work", "Nothing is lost. Please try again in a moment."),
        _ => ("This was not understood", "Please go back and try again."),
    };
    let reference = failure.status().is_server_error().then_some(id);
    let page = html(&Message { shell: shell(app, None, None), heading, sentence, reference });
    failure.with_headers((failure.status(), page).into_response())
}

/// A conversation by its id, and which helpdesk it is in, unless that is the plain API.
pub(super) fn conversation(id: &str, connection: &str) -> String {
    if connection.is_empty() { id.to_owned() } else { format!("{id} in {connection}") }
}

/// What a customer ticked, in words: the reasons, and the answer to the operator's own question.
pub(super) fn ticked(app: &App, answers: &Answers) -> (String, Option<(String, String)>) {
    let offered = app.gateway.config.offered(ENGLISH);
    let reasons: Vec<_> = answers.reasons().map(|key| offered.words(REASONS, key)).collect();
    let own = answers
        .own()
        .map(|(question, choice)| (offered.title(question).to_owned(), offered.words(question, choice).to_owned()));
    (reasons.join("; "), own)
}

/// A moment in a zone, as people write it.
pub(super) fn moment(time: Time, zone: Tz) -> String {
    time.with_timezone(&zone).format("%-d %b %Y, %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::Place::{Achievements, Compare, FollowUp, Lost, Mails, NotAsked, Overview, Ratings};
    use super::*;

    #[test]
    fn each_place_has_one_page() {
        let places: Vec<_> = PAGES.iter().map(|page| page.place).collect();
        for place in [Overview, Ratings, FollowUp, Achievements, NotAsked, Mails, Lost, Compare] {
            assert_eq!(places.iter().filter(|known| **known == place).count(), 1, "{place:?}");
            assert!(place.path().starts_with("/admin") && !place.own().contains(&"period"), "{place:?}");
        }
    }
}
