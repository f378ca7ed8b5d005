//! One follow-up as the pages show it: the rating, what was done, and what can be done next.
//!
//! It must not know which page it is on.

use crate::render::follow_ups::age;
use crate::survey::follow_up::list::FollowUpRow;
use crate::survey::follow_up::{Deed, State, Step};
use crate::survey::rating::StandingWord;
use crate::survey::{Time, stamp};
use crate::web::App;
use crate::web::admin::filter::Filter;
use crate::web::admin::page::{conversation, moment, ticked};
use crate::web::admin::session::Viewer;
use chrono::TimeDelta;
use uuid::Uuid;

/// How long before a customer is erased by age the list says so: time enough to call.
const WARN: TimeDelta = TimeDelta::days(14);

/// One follow-up.
pub(super) struct Card {
    pub(super) id: Uuid,
    pub(super) number: u8,
    pub(super) face: &'static str,
    pub(super) word: &'static str,
    pub(super) age: String,
    pub(super) at: String,
    pub(super) stamp: String,
    /// How far it is, in words.
    pub(super) state: String,
    /// What has become of the rating since somebody began to work on it.
    pub(super) news: Option<String>,
    pub(super) comment: Option<String>,
    pub(super) reasons: String,
    pub(super) answer: Option<(String, String)>,
    /// The name, and the list of theirs alone.
    pub(super) teammate: Option<(String, Option<String>)>,
    pub(super) team: Option<(String, Option<String>)>,
    pub(super) conversation: String,
    pub(super) url: Option<String>,
    /// The customer is erased, or will be soon.
    pub(super) erasing: Option<String>,
    pub(super) takes_notes: bool,
    pub(super) history: Vec<Entry>,
    pub(super) steps: Vec<Entry>,
    /// What can be done: the word, and what the button says. The first is the usual one.
    pub(super) buttons: Vec<(Deed, &'static str)>,
    /// What the form tells its sender to have seen.
    pub(super) seen: u32,
    /// Where the form leads back to.
    pub(super) to: String,
    /// What is in the form already.
    pub(super) draft: String,
}

/// A line of the history, or of what was done.
pub(super) struct Entry {
    pub(super) at: String,
    pub(super) stamp: String,
    pub(super) what: String,
    pub(super) note: Option<String>,
}

impl Card {
    /// The card for somebody on the page `here`. With a filter, the names are links that filter.
    pub(super) fn new(row: &FollowUpRow, app: &App, viewer: &Viewer, here: &str, filter: Option<&Filter>) -> Self {
        let (now, zone) = (app.gateway.clock.now(), app.gateway.config.report.timezone);
        let link = |name: &str, value: &str| filter.map(|filter| filter.link(&[(name, Some(value))]));
        let name = row.teammate_name.as_ref().or(row.teammate.as_ref());
        let entry = |at: Time, what: String, note| Entry { at: moment(at, zone), stamp: stamp(at), what, note };
        let history = row.history.iter();
        let history = history.map(|(at, kind, score)| entry(*at, format!("{kind} {}", score.word()), None));
        let steps = row.follow_up.steps().iter();
        let (reasons, answer) = ticked(app, &row.answers);
        Self {
            id: row.survey,
            number: row.score.number(),
            face: row.score.face(),
            word: row.score.title(),
            age: age(row.opened_at, now),
            at: moment(row.opened_at, zone),
            stamp: stamp(row.opened_at),
            state: state_words(row, now),
            news: news(row),
            comment: row.comment.clone(),
            reasons,
            answer,
            teammate: row.teammate.as_ref().zip(name).map(|(id, name)| (name.clone(), link("teammate", id))),
            team: row.team.as_ref().map(|team| (team.clone(), link("team", team))),
            conversation: conversation(&row.conversation, &row.connection),
            url: row.url.clone(),
            erasing: erasing(row, now, app),
            takes_notes: row.erased_at.is_none(),
            history: history.collect(),
            steps: steps.map(|step| entry(step.at, did(step), step.note.clone())).collect(),
            buttons: buttons(row, &viewer.access.name),
            seen: row.follow_up.turn(),
            to: format!("{here}#f-{}", row.survey),
            draft: String::new(),
        }
    }
}

/// How far it is, and since when.
pub(super) fn state_words(row: &FollowUpRow, now: Time) -> String {
    let ago = format!("{} ago", age(row.changed_at, now));
    match (row.follow_up.state(), row.follow_up.who()) {
        (State::Open, _) if row.follow_up.turn() > 0 => format!("It was reopened {ago}"),
        (State::Open, _) => "Nobody has it".into(),
        (State::Taken, who) => format!("{} took it {ago}", who.unwrap_or_default()),
        (State::Done, who) => format!("{} finished it {ago}", who.unwrap_or_default()),
    }
}

/// What has become of the rating since somebody last took, finished or reopened it.
fn news(row: &FollowUpRow) -> Option<String> {
    let seen = row.follow_up.steps().iter().rfind(|step| step.deed != Deed::Note).map(|step| step.score);
    let changed = seen
        .filter(|seen| *seen != row.score)
        .map(|seen| format!("The customer has changed the rating from {} to {}.", seen.word(), row.score.word()));
    let stands = match row.standing {
        StandingWord::Held => Some("The rating is in doubt and doesn't count for now.".to_owned()),
        StandingWord::Voided => Some("An admin has voided the rating: it counts nowhere.".to_owned()),
        _ => None,
    };
    let all: Vec<_> = changed.into_iter().chain(stands).collect();
    (!all.is_empty()).then(|| all.join(" "))
}

/// Whether the customer is erased, or will be soon because of their age here.
fn erasing(row: &FollowUpRow, now: Time, app: &App) -> Option<String> {
    let zone = app.gateway.config.report.timezone;
    if let Some(at) = row.erased_at {
        return Some(format!("The customer was erased on {}: comment, link and notes are gone.", moment(at, zone)));
    }
    let (seconds, _) = row.survey.get_timestamp()?.to_unix();
    let made_at = Time::from_timestamp(i64::try_from(seconds).ok()?, 0)?;
    let ends = made_at.checked_add_signed(app.gateway.config.retention.identity?)?;
    let soon = ends - now < WARN;
    soon.then(|| format!("The customer is erased on {}: comment, link and notes go then.", moment(ends, zone)))
}

/// What somebody did.
fn did(step: &Step) -> String {
    let Some(who) = &step.who else { return "The customer spoke up again".into() };
    let did = match step.deed {
        Deed::Take => "took it",
        Deed::Note => "wrote",
        Deed::Done => "finished it",
        Deed::Reopen => "put it back",
    };
    format!("{who} {did}")
}

/// What can be done about it by somebody, the usual deed first.
fn buttons(row: &FollowUpRow, viewer: &str) -> Vec<(Deed, &'static str)> {
    let mut buttons = match (row.follow_up.state(), row.follow_up.who()) {
        (State::Open, _) => vec![(Deed::Take, "Take it"), (Deed::Done, "Done")],
        (State::Taken, Some(who)) if who == viewer => vec![(Deed::Done, "Done"), (Deed::Reopen, "Put it back")],
        (State::Taken, _) => vec![(Deed::Take, "Take it over"), (Deed::Done, "Done"), (Deed::Reopen, "Put it back")],
        (State::Done, _) => vec![(Deed::Reopen, "Reopen")],
    };
    if row.erased_at.is_none() {
        buttons.insert(1, (Deed::Note, "Add the note"));
    }
    buttons
}
