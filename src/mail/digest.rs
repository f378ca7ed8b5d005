//! Composes the weekly digest: a pure function from figures and comments to a finished letter, in English.
//!
//! Owns its words, its headers and its links. It must not know how figures are counted, nor touch a clock or a database.

use super::compose::{
    AutoResponseSuppress, AutoSubmitted, ComposeError, ListUnsubscribe, ListUnsubscribePost, mailbox, not_encoded,
};
use super::dkim::Dkim;
use super::transport::Letter;
use crate::config::Config;
use crate::survey::Time;
use crate::survey::digest::Digest;
use crate::survey::fields::display;
use crate::survey::interval::FEWEST_TO_RANK;
use crate::survey::link::{KeyRing, Link, Purpose};
use crate::survey::rating::Score;
use crate::survey::report::{Figures, RatingRow};
use crate::survey::span::Span;
use crate::survey::weblinks::without_links;
use crate::survey::wording::{count, days, ends, exact, plural, points, share};
use askama::Template;
use chrono::NaiveDate;
use chrono_tz::Tz;
use lettre::message::{Message, MultiPart};
use std::time::SystemTime;
use uuid::Uuid;

/// The most characters of a happy comment: enough to read all of most.
const LONGEST_HAPPY: usize = 400;
/// The most characters of an unhappy comment: enough to see what it is about. The conversation has the rest.
const LONGEST_UNHAPPY: usize = 160;

/// To whom a digest goes.
#[derive(Clone, Copy, Debug)]
pub struct Addressed<'a> {
    /// Names the mail, and its link to opt out.
    pub id: Uuid,
    /// The address.
    pub to: &'a str,
    /// A prefix of the subject, which marks a test; otherwise empty.
    pub mark: &'a str,
}

/// The rendered digest.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// The subject, in one line.
    pub subject: String,
    /// The part for programs that do not show HTML.
    pub plain: String,
    /// The part for all others.
    pub html: String,
    /// The link to opt out.
    stop: String,
}

/// What the templates of both parts are filled with.
struct Content<'a> {
    subject: String,
    brand: &'a str,
    color: &'a str,
    /// Of which part of the team; `None` for all.
    part: Option<String>,
    days: String,
    csat: Option<Csat>,
    ratings: String,
    answered: Option<String>,
    answered_of: String,
    faces: Vec<Face>,
    weeks: Vec<Week>,
    happy: Vec<Comment>,
    unhappy: Vec<Comment>,
    /// Where all unhappy comments of the week are, if the mail has only some.
    more_unhappy: Option<String>,
    /// How many follow-ups are open, in words, and where they are.
    open: Option<(String, String)>,
    overview: String,
    stop: String,
    zone: Tz,
}

struct Csat {
    share: String,
    range: String,
    /// The change since the week before, in words.
    change: Option<String>,
    few: bool,
}

struct Face {
    picture: &'static str,
    word: &'static str,
    count: String,
    /// The length of its bar, 0 to 100.
    width: u64,
}

struct Week {
    starts: String,
    csat: String,
    ratings: String,
    width: u64,
    /// Whether it is the week that the mail is about.
    is_this: bool,
}

struct Comment {
    picture: &'static str,
    word: &'static str,
    text: String,
    whom: String,
    url: Option<String>,
}

#[derive(Template)]
#[template(path = "email/digest.txt")]
struct PlainPart<'a> {
    mail: &'a Content<'a>,
}

#[derive(Template)]
#[template(path = "email/digest.html")]
struct HtmlPart<'a> {
    mail: &'a Content<'a>,
}

/// Composes a digest. The same digest gives the same Message-ID, so that a repeat is recognisable.
///
/// # Errors
/// An address that lettre does not accept. This is rare: addresses are checked when the configuration is read.
pub fn letter(
    config: &Config,
    dkim: Option<&Dkim>,
    to: &Addressed,
    digest: &Digest,
    ring: &KeyRing,
    now: Time,
) -> Result<Letter, ComposeError> {
    let Rendered { subject, plain, html, stop } = render(config, to, digest, ring)?;
    let from = &config.mail.from;
    let from = mailbox(from.name.as_deref().or(Some(&config.brand.name)), &from.address)?;
    let recipient = mailbox(None, to.to)?;
    let (returns_to, goes_to) = (from.email.clone(), recipient.email.clone());
    let message = Message::builder()
        .message_id(Some(format!("<{}@{}>", to.id, from.email.domain())))
        .from(from)
        .to(recipient)
        .subject(not_encoded(&subject))
        .date(SystemTime::from(now))
        .header(ListUnsubscribe(format!("<{stop}>")))
        .header(ListUnsubscribePost("List-Unsubscribe=One-Click".into()))
        .header(AutoSubmitted("auto-generated".into()))
        .header(AutoResponseSuppress("All".into()));
    let mut message = message.multipart(MultiPart::alternative_plain_html(plain, html)).map_err(ComposeError::new)?;
    if let Some(dkim) = dkim {
        dkim.sign(&mut message);
    }
    Ok(Letter { id: to.id.to_string(), from: returns_to, to: goes_to, raw: message.formatted() })
}

/// Renders the subject and both parts of a digest.
///
/// # Errors
/// A template that cannot be rendered, which should not happen.
pub fn render(config: &Config, to: &Addressed, digest: &Digest, ring: &KeyRing) -> Result<Rendered, ComposeError> {
    let content = content(config, to, digest, ring);
    let plain = PlainPart { mail: &content }.render().map_err(ComposeError::new)?;
    let html = HtmlPart { mail: &content }.render().map_err(ComposeError::new)?;
    Ok(Rendered { subject: content.subject, plain, html, stop: content.stop })
}

fn content<'a>(config: &'a Config, to: &Addressed, digest: &Digest, ring: &KeyRing) -> Content<'a> {
    let (brand, zone) = (config.brand.name.as_str(), config.report.timezone);
    let (figures, before) = (digest.figures(), digest.before());
    let part = part(digest);
    let csat = Csat::of(&figures, &before);
    let ratings = plural(figures.ratings(), "rating");
    let days = days(digest.week);
    let whose = part.as_ref().map_or_else(|| brand.to_owned(), |part| format!("{brand}, {part}"));
    let told = csat.as_ref().map_or_else(|| "no ratings".to_owned(), |csat| format!("CSAT {}, {ratings}", csat.share));
    let most = figures.scores.iter().copied().max().unwrap_or_default();
    let face = |score: Score| {
        let number = figures.scores[score.index()];
        Face {
            picture: score.face(),
            word: score.word(),
            count: count(number),
            width: (100 * number).checked_div(most).unwrap_or_default(),
        }
    };
    let (first, last) = (digest.week.first.to_string(), digest.week.last.to_string());
    let week = [("from", first.as_str()), ("to", last.as_str())];
    let low = [week[0], week[1], ("score", "low"), ("commented", "yes")];
    let page = |path: &str, query: &[(&str, &str)]| page(config, digest, path, query);
    let link = Link { purpose: Purpose::StopDigest, survey: to.id };
    let open = (digest.open > 0).then(|| {
        let wait = if digest.open == 1 { "waits" } else { "wait" };
        let words = format!("{} {wait} for a follow-up", plural(digest.open, "unhappy customer"));
        (words, page("/admin/follow-up", &[]))
    });
    Content {
        subject: format!("{}{whose}: {told}, {days}", to.mark),
        brand,
        color: &config.brand.color,
        part,
        days,
        csat,
        ratings,
        answered: figures.response_rate().map(exact),
        answered_of: format!("{} of {} asked", count(figures.answered), count(figures.asked)),
        faces: Score::ALL.into_iter().rev().map(face).collect(),
        weeks: digest.trend.iter().map(|(starts, figures)| Week::of(*starts, figures, digest.week)).collect(),
        happy: digest.happy.iter().filter_map(|rating| Comment::of(rating, LONGEST_HAPPY, zone)).collect(),
        unhappy: digest.unhappy.iter().filter_map(|rating| Comment::of(rating, LONGEST_UNHAPPY, zone)).collect(),
        more_unhappy: digest.more_unhappy.then(|| page("/admin/ratings", &low)),
        open,
        overview: page("/admin", &week),
        stop: format!("{}/u/{}", config.public_url, ring.sign(&link)),
        zone,
    }
}

/// Of which part of the team a digest is, in words.
fn part(digest: &Digest) -> Option<String> {
    let parts: Vec<_> = digest.teammate.iter().chain(&digest.within.team).map(String::as_str).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// The address of an admin page about the part of a digest.
fn page(config: &Config, digest: &Digest, path: &str, query: &[(&str, &str)]) -> String {
    let within = &digest.within;
    let limits = [("team", within.team.as_deref()), ("teammate", within.teammate.as_deref())];
    let limits = limits.into_iter().filter_map(|(name, limit)| Some((name, limit?)));
    let query: Vec<_> = query.iter().copied().chain(limits).collect();
    let query = serde_urlencoded::to_string(&query).unwrap_or_default();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{}{path}{mark}{query}", config.public_url)
}

impl Csat {
    fn of(figures: &Figures, before: &Figures) -> Option<Self> {
        let now = figures.csat_interval()?;
        let change = before.csat_interval().map(|before| {
            let change = now.since(&before);
            let chance = if change.maybe_chance { " (can be chance)" } else { "" };
            format!("{}{chance} from {} in the week before", points(change.by), exact(before.share))
        });
        Some(Self { share: exact(now.share), range: ends(now), change, few: figures.ratings() < FEWEST_TO_RANK })
    }
}

impl Week {
    fn of(starts: NaiveDate, figures: &Figures, week: Span) -> Self {
        let ratings = figures.ratings();
        Self {
            starts: starts.format("%-d %b").to_string(),
            csat: share(figures.positive, ratings),
            ratings: count(ratings),
            width: (100 * figures.positive).checked_div(ratings).unwrap_or_default(),
            is_this: starts == week.first,
        }
    }
}

impl Comment {
    /// A comment in brief. A stranger's links go: readers trust this mail. `None` if nothing else is left.
    fn of(rating: &RatingRow, longest: usize, zone: Tz) -> Option<Self> {
        let text = display(&without_links(rating.comment.as_deref()?)?, longest)?;
        let name = rating.teammate_name.as_deref().or(rating.teammate.as_deref());
        let day = rating.rated_at.with_timezone(&zone).format("%a %-d %b").to_string();
        let whom: Vec<_> = name.into_iter().chain(rating.team.as_deref()).chain([day.as_str()]).collect();
        Some(Self {
            picture: rating.score.face(),
            word: rating.score.word(),
            text,
            whom: whom.join(" · "),
            url: rating.url.clone(),
        })
    }
}
