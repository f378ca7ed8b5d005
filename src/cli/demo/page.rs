//! The demo's one page: inbox, mail, ledger, and what the team reads.
//!
//! It gathers what the page shows; the markup is in `templates/demo/`. It must not know how anything on it came about.

use super::guests::{GUESTS, Guest};
use super::inbox::{self, Mail};
use super::routes::{Demo, Failed};
use crate::clock::Clock;
use crate::gateway::Gateway;
use crate::survey::access::Within;
use crate::survey::closing::Conversation;
use crate::survey::eligibility::Decision;
use crate::survey::paging::{LARGEST_PAGE, Paging};
use crate::survey::rating::{Score, Standing};
use crate::survey::report::{Figures, RatingRow, RatingsQuery, ReportQuery};
use crate::survey::{Time, stamp, story};
use crate::web::assets::Asset;
use askama::Template;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use uuid::Uuid;

/// How many mails the inbox shows.
const MAILS: usize = 24;
/// How many comments are shown.
const COMMENTS: u32 = 9;

/// How a mail is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum View {
    #[default]
    Light,
    Dark,
    Phone,
    Text,
}

impl View {
    const ALL: [(Self, &str); 4] =
        [(Self::Light, "Light"), (Self::Dark, "Dark"), (Self::Phone, "Phone"), (Self::Text, "Plain text")];

    /// As the page's address spells it.
    fn word(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
            Self::Phone => "phone",
            Self::Text => "text",
        }
    }
}

/// The parts of the page that a visitor chose to see. They are the query of its address, and travel in its forms.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Choice {
    /// The survey whose mail is open; the newest mail if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<Uuid>,
    #[serde(default)]
    pub view: View,
    /// The conversation that was closed, and nobody was asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
}

impl Choice {
    /// The address of the page that shows it.
    pub(super) fn path(&self) -> String {
        format!("/?{}", serde_urlencoded::to_string(self).unwrap_or_default())
    }
}

/// A row of the inbox.
struct Row {
    path: String,
    open: bool,
    to: String,
    subject: String,
    preheader: String,
    at: Moment,
    /// The rating that counts.
    face: Option<Face>,
    commented: bool,
}

/// The open mail.
struct Opened {
    mail: Mail,
    view: View,
    views: Vec<(&'static str, String, bool)>,
    at: Moment,
}

/// What became of the open mail's survey.
struct Ledger {
    /// One word, for its color.
    kind: &'static str,
    verdict: String,
    lines: Vec<(Moment, String)>,
}

/// A teammate's ratings of the last 30 days.
struct Teammate {
    name: String,
    /// One face a rating, best first.
    faces: String,
    /// The same for a screen reader.
    spoken: String,
    csat: String,
    ratings: u64,
}

struct Comment {
    face: Face,
    text: String,
    teammate: String,
    at: Moment,
}

#[derive(Clone, Copy)]
struct Face {
    picture: &'static str,
    word: &'static str,
}

impl From<Score> for Face {
    fn from(score: Score) -> Self {
        Self { picture: score.face(), word: score.word() }
    }
}

/// A time, for programs and for people.
struct Moment {
    stamp: String,
    shown: String,
}

impl Moment {
    fn second(at: Time) -> Self {
        Self { stamp: stamp(at), shown: at.format("%H:%M:%S").to_string() }
    }

    /// For a list: the time of today, the day of other days.
    fn listed(at: Time, now: Time) -> Self {
        let format = if at.date_naive() == now.date_naive() { "%H:%M" } else { "%-d %b" };
        Self { stamp: stamp(at), shown: at.format(format).to_string() }
    }

    fn minute(at: Time) -> Self {
        Self { stamp: stamp(at), shown: at.format("%-d %b, %H:%M").to_string() }
    }
}

#[derive(Template)]
#[template(path = "demo/page.html")]
struct Page<'a> {
    style: &'a Asset,
    script: &'a Asset,
    brand: &'a str,
    url: &'a str,
    key: &'a str,
    report_command: String,
    guests: &'static [Guest],
    path: String,
    choice: Choice,
    now: Moment,
    ahead: Option<i64>,
    skipped: Option<String>,
    rows: Vec<Row>,
    opened: Option<Opened>,
    ledger: Option<Ledger>,
    total: Figures,
    csat: String,
    teammates: Vec<Teammate>,
    comments: Vec<Comment>,
}

/// Renders the page.
///
/// # Errors
/// An unavailable store.
pub(super) async fn render(demo: &Demo, choice: &Choice) -> Result<String, Failed> {
    let gateway = &*demo.gateway;
    let mails = inbox::newest(&demo.inbox, MAILS);
    let open = choice.mail.and_then(|survey| inbox::find(&demo.inbox, survey));
    let open = open.or_else(|| mails.first().and_then(|mail| inbox::find(&demo.inbox, mail.survey)));
    let skipped = skipped(gateway, choice.skipped.as_deref()).await?;
    let choice = Choice { mail: open.as_ref().map(|mail| mail.survey), skipped: None, ..choice.clone() };
    let report = gateway.report(&ReportQuery::default(), &Within::default()).await?;
    let now = gateway.clock.now();
    let page = Page {
        style: &demo.style,
        script: &demo.script,
        brand: &gateway.config.brand.name,
        url: gateway.config.public_url.as_str(),
        key: &demo.key,
        report_command: super::report_command(&gateway.config.database),
        guests: &GUESTS,
        path: choice.path(),
        now: Moment::second(now),
        ahead: Some((now - Clock::System.now()).num_minutes()).filter(|minutes| *minutes > 0),
        skipped,
        rows: rows(gateway, &mails, &choice).await?,
        ledger: match &open {
            Some(mail) => ledger(gateway, mail.survey).await?,
            None => None,
        },
        opened: open.map(|mail| opened(mail, &choice)),
        csat: percent(&report.total),
        total: report.total,
        teammates: report
            .rows
            .iter()
            .map(|row| teammate(row.keys.first().and_then(|key| key.name.as_deref()), &row.figures))
            .collect(),
        comments: comments(gateway).await?,
        choice,
    };
    page.render().map_err(|error| {
        tracing::error!(%error, "the demo's page cannot be shown");
        Failed
    })
}

/// Why nobody was asked about a conversation.
async fn skipped(gateway: &Gateway, conversation: Option<&str>) -> Result<Option<String>, Failed> {
    let Some(id) = conversation else { return Ok(None) };
    let conversation = Conversation { connection: String::new(), id: id.to_owned() };
    let known = gateway.conversation(&conversation, &Within::default()).await?;
    Ok(known.closings.last().and_then(|closing| match &closing.decision {
        Decision::Skip(reasons) => {
            Some(reasons.iter().map(|reason| reason.message.as_str()).collect::<Vec<_>>().join("; "))
        }
        Decision::Ask { .. } => None,
    }))
}

async fn rows(gateway: &Gateway, mails: &[Mail], choice: &Choice) -> Result<Vec<Row>, Failed> {
    let query = RatingsQuery { paging: Paging { limit: LARGEST_PAGE, after: None }, ..RatingsQuery::default() };
    let rated = gateway.ratings(&query, &Within::default()).await?.items;
    let rated: HashMap<Uuid, &RatingRow> = rated.iter().map(|rating| (rating.survey, rating)).collect();
    let row = |mail: &Mail| {
        let rating = rated.get(&mail.survey);
        Row {
            path: Choice { mail: Some(mail.survey), ..choice.clone() }.path(),
            open: choice.mail == Some(mail.survey),
            to: mail.to.clone(),
            subject: mail.subject.clone(),
            preheader: mail.preheader.clone(),
            at: Moment::listed(mail.at, gateway.clock.now()),
            face: rating.map(|rating| rating.score.into()),
            commented: rating.is_some_and(|rating| rating.comment.is_some()),
        }
    };
    Ok(mails.iter().map(row).collect())
}

fn opened(mail: Mail, choice: &Choice) -> Opened {
    let at = Moment::minute(mail.at);
    let views = View::ALL.map(|(view, name)| (name, Choice { view, ..choice.clone() }.path(), view == choice.view));
    Opened { mail, view: choice.view, views: views.into(), at }
}

async fn ledger(gateway: &Gateway, survey: Uuid) -> Result<Option<Ledger>, Failed> {
    let Some(conversation) = gateway.conversation_of(survey).await? else { return Ok(None) };
    let known = gateway.conversation(&conversation, &Within::default()).await?;
    let survey = known.surveys.iter().find(|record| record.id == survey);
    Ok(survey.map(|survey| Ledger {
        kind: match survey.standing {
            Standing::Unrated => "none",
            Standing::Rated(_) | Standing::Locked(_) => "counts",
            Standing::Held { .. } | Standing::Voided(_) => "held",
        },
        verdict: story::stands(&survey.standing),
        lines: story::tell(survey).into_iter().map(|line| (Moment::second(line.at), line.text)).collect(),
    }))
}

fn teammate(name: Option<&str>, figures: &Figures) -> Teammate {
    let counted = || Score::ALL.iter().rev().map(|score| (*score, figures.scores[score.index()]));
    let faces = counted().map(|(score, count)| score.face().repeat(usize::try_from(count).unwrap_or_default()));
    let spoken = counted().filter(|(_, count)| *count > 0);
    Teammate {
        name: name.unwrap_or("No teammate").to_owned(),
        faces: faces.collect(),
        spoken: spoken
            .map(|(score, count)| format!("{count} {}", Face::from(score).word))
            .collect::<Vec<_>>()
            .join(", "),
        csat: percent(figures),
        ratings: figures.ratings(),
    }
}

/// CSAT in whole percent.
fn percent(figures: &Figures) -> String {
    figures.csat().map_or_else(|| "–".to_owned(), |csat| format!("{:.0} %", 100.0 * csat))
}

async fn comments(gateway: &Gateway) -> Result<Vec<Comment>, Failed> {
    let paging = Paging { limit: COMMENTS, after: None };
    let query = RatingsQuery { commented: Some(true), paging, ..RatingsQuery::default() };
    let rated = gateway.ratings(&query, &Within::default()).await?.items;
    let comment = |rating: RatingRow| Comment {
        face: rating.score.into(),
        text: rating.comment.unwrap_or_default(),
        teammate: rating.teammate_name.unwrap_or_else(|| "no teammate".to_owned()),
        at: Moment::minute(rating.rated_at),
    };
    Ok(rated.into_iter().map(comment).collect())
}
