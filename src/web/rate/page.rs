//! The rating page, as HTML.
//!
//! It owns which sentence fits which state of a survey; the markup is in `templates/page/`. It must not decide what a
//! click means, nor know HTTP. Nothing here claims to be saved that is not.

use crate::gateway::{Opened, Posted};
use crate::survey::Time;
use crate::survey::page::{Mode, Outcome};
use crate::survey::rating::{Score, Standing};
use crate::text::{Text, ToneText, fill};
use crate::web::page::{Frame, render};
use askama::Template;

/// The rating page. Its form posts to `action`.
#[must_use]
pub fn rate(frame: Frame, action: &str, opened: &Opened) -> String {
    let state = State::of(opened);
    let teammate = [("brand", frame.brand), ("teammate", opened.about.teammate.as_deref().unwrap_or_default())];
    let rate = &frame.text.rate;
    let about = if opened.about.teammate.is_some() { &rate.about_teammate } else { &rate.about_brand };
    let taken = opened.posted.as_ref().is_some_and(|posted| !posted.refused);
    let picked = opened.posted.as_ref().and_then(|posted| posted.picked);
    // After a press the script keeps quiet: it would confirm the face of the link, not the one that was picked.
    let quiet = taken || picked.is_some();
    let same = opened.summary.standing.score().is_none_or(|score| score == opened.clicked);
    let confirms = !quiet && same && matches!(state, State::Chose | State::Standing);
    let frozen = opened.summary.change_until.is_some_and(|until| until < opened.now);
    let saved = if frozen { State::Frozen } else { State::Saved };
    let lead = Lead::new(frame, opened, state, taken);
    render(&RatePage {
        frame,
        action,
        opened,
        about: fill(about, &teammate),
        notice: opened.posted.as_ref().and_then(|posted| notice(frame.text, opened, posted, state)),
        tones: Tone::ALL.map(|tone| Prompt::new(frame, tone, lead.tone)),
        lead,
        saved: confirms.then(|| Lead::new(frame, opened, saved, true)),
        frozen,
        state,
        quiet,
        picked,
        comment: opened.posted.as_ref().map_or("", |posted| &posted.comment),
    })
}

#[derive(Template)]
#[template(path = "page/rate.html")]
struct RatePage<'a> {
    frame: Frame<'a>,
    action: &'a str,
    opened: &'a Opened,
    about: String,
    /// Why the post was refused.
    notice: Option<String>,
    lead: Lead,
    /// The lead that the script shows once it has confirmed.
    saved: Option<Lead>,
    /// What is saved now cannot be changed any more.
    frozen: bool,
    /// What to write about, in each tone: the face that is picked decides which one is shown.
    tones: [Prompt; 3],
    state: State,
    /// The script must not confirm by itself.
    quiet: bool,
    /// The face that was picked in a post that was refused.
    picked: Option<Score>,
    /// The comment of a post that was refused.
    comment: &'a str,
}

/// What the page is about. It follows from standing, mode and outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A face was chosen and is not saved.
    Chose,
    /// It was saved just now.
    Saved,
    /// The link of the standing rating was opened again.
    Standing,
    /// A rating stands and can no longer change.
    Frozen,
    /// Another rating stands.
    Change,
    /// A comment locked the rating.
    Final,
    /// Too late for a first rating.
    Closed,
}

impl State {
    fn of(opened: &Opened) -> Self {
        let outcome = opened.posted.as_ref().and_then(|posted| posted.result.as_ref().ok());
        match &opened.summary.standing {
            Standing::Locked(_) => Self::Final,
            Standing::Voided(_) => Self::Closed,
            Standing::Rated(_) if opened.summary.frozen => Self::Frozen,
            Standing::Rated(_) if outcome == Some(&Outcome::Ok) => Self::Saved,
            Standing::Rated(rating) if rating.score == opened.clicked && opened.page.mode != Mode::Change => {
                Self::Standing
            }
            Standing::Rated(_) => Self::Change,
            Standing::Unrated | Standing::Held { .. } => match opened.page.mode {
                Mode::Closed => Self::Closed,
                Mode::Final => Self::Final,
                Mode::Seen | Mode::Touched | Mode::Pressed | Mode::Change => Self::Chose,
            },
        }
    }

    /// There is nothing left to send.
    fn is_read_only(self) -> bool {
        matches!(self, Self::Final | Self::Closed)
    }
}

/// How a face is spoken of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tone {
    Low,
    Middle,
    High,
}

impl Tone {
    const ALL: [Self; 3] = [Self::Low, Self::Middle, Self::High];

    fn of(score: Score) -> Self {
        match score.number() {
            ..=2 => Self::Low,
            3 => Self::Middle,
            _ => Self::High,
        }
    }

    fn text(self, text: &Text) -> &ToneText {
        match self {
            Self::Low => &text.low,
            Self::Middle => &text.middle,
            Self::High => &text.high,
        }
    }

    /// Its name in the markup.
    fn class(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Middle => "middle",
            Self::High => "high",
        }
    }
}

/// The words around the comment box, in one tone.
struct Prompt {
    class: &'static str,
    /// It is the one to show until a face is picked.
    first: bool,
    label: String,
    why: String,
}

impl Prompt {
    fn new(frame: Frame, tone: Tone, first: Tone) -> Self {
        let text = tone.text(frame.text);
        let brand = [("brand", frame.brand)];
        let [label, why] = [&text.comment, &text.comment_why].map(|text| fill(text, &brand));
        Self { class: tone.class(), first: tone == first, label, why }
    }
}

/// The upper part of the rating page: what is so now.
struct Lead {
    /// The face that it is about.
    score: Option<Score>,
    /// That face is saved, and nothing is asked about it.
    saved: bool,
    tone: Tone,
    heading: String,
    sentence: String,
    until: Option<Until>,
}

impl Lead {
    /// `thanks`: a post was taken just now.
    fn new(frame: Frame, opened: &Opened, state: State, thanks: bool) -> Self {
        let rate = &frame.text.rate;
        let stands = opened.summary.standing.score().unwrap_or(opened.clicked);
        let score = match state {
            State::Chose => opened.posted.as_ref().and_then(|posted| posted.picked).unwrap_or(opened.clicked),
            State::Closed => opened.clicked,
            _ => stands,
        };
        let tone = Tone::of(score);
        let toned = tone.text(frame.text);
        let (heading, sentence) = match state {
            State::Chose => (&rate.chose_heading, &rate.chose),
            State::Saved => (&toned.saved_heading, &toned.saved),
            State::Standing => (&rate.standing_heading, &rate.standing),
            State::Frozen if thanks => (&toned.saved_heading, &rate.settled),
            State::Frozen => (&rate.standing_heading, &rate.settled),
            State::Change if stands == opened.clicked => (&rate.change_heading, &rate.change_same),
            State::Change => (&rate.change_heading, &rate.change),
            State::Final if thanks => (&toned.final_heading, &toned.final_saved),
            State::Final => (&rate.final_heading, &rate.r#final),
            State::Closed => (&rate.closed_heading, &rate.closed),
        };
        let words =
            [("word", word(frame.text, score)), ("clicked", word(frame.text, opened.clicked)), ("brand", frame.brand)];
        let custom = frame.custom_thanks(opened).filter(|_| thanks);
        Self {
            score: (state != State::Closed).then_some(score),
            saved: !matches!(state, State::Chose | State::Change | State::Closed),
            tone,
            heading: custom.unwrap_or_else(|| fill(heading, &words)),
            sentence: fill(sentence, &words),
            until: Until::of(frame, opened, state),
        }
    }
}

/// A sentence around a moment, which the script shows in the customer's own time zone.
struct Until {
    before: String,
    at: Time,
    readable: String,
    after: String,
}

impl Until {
    /// The end of the window that matters in a state.
    fn of(frame: Frame, opened: &Opened, state: State) -> Option<Self> {
        let (rate, windows) = (&frame.text.rate, &opened.summary);
        let (sentence, at) = match state {
            // A held rating can be confirmed after the end, so an end that has passed is not shown.
            State::Chose => (&rate.rate_until, windows.rate_until.filter(|until| opened.now <= *until)),
            State::Saved | State::Standing | State::Change => (&rate.change_until, windows.change_until),
            State::Frozen => (&rate.settled_since, windows.change_until),
            State::Final => return None,
            // A voided survey is closed before its end.
            State::Closed => (&rate.closed_since, windows.rate_until.filter(|until| *until < opened.now)),
        };
        let (before, after) = sentence.split_once("{time}").unwrap_or((sentence, ""));
        let readable = |at| frame.text.moment(at, frame.zone);
        at.map(|at| Self { before: before.to_owned(), at, readable: readable(at), after: after.to_owned() })
    }

    fn machine_readable(&self) -> String {
        self.at.format("%Y-%m-%dT%H:%MZ").to_string()
    }
}

/// Why the post was refused, if it was.
fn notice(text: &Text, opened: &Opened, posted: &Posted, state: State) -> Option<String> {
    if !posted.refused {
        return None;
    }
    let refusal = &text.refusal;
    let has_text = !posted.comment.trim().is_empty();
    let sentence = match (state, &posted.result) {
        (State::Final, _) if has_text => &refusal.locked_comment,
        (State::Final, _) => &refusal.locked,
        (State::Closed, _) => &refusal.closed,
        (_, Err(_)) => &refusal.too_long,
        (_, Ok(Outcome::Stale)) => &refusal.stale,
        (State::Frozen, Ok(Outcome::Closed)) => &refusal.closed_change,
        (_, Ok(Outcome::Closed)) => &refusal.closed,
        (State::Change, _) if posted.picked.is_none() && !has_text => &refusal.ask_change,
        _ => &refusal.ask,
    };
    let stands = opened.summary.standing.score().unwrap_or(opened.clicked);
    Some(fill(sentence, &[("word", word(text, stands))]))
}

fn word(text: &Text, score: Score) -> &str {
    &text.words[score.index()]
}

impl Frame<'_> {
    /// The operator's custom thanks, if there are any that fit.
    fn custom_thanks(&self, opened: &Opened) -> Option<String> {
        let names = [
            ("brand", Some(self.brand)),
            ("teammate", opened.about.teammate.as_deref()),
            ("subject", opened.about.subject.as_deref()),
            ("customer", opened.about.customer.as_deref()),
        ];
        self.custom.pick(&self.text.language, |wording| &wording.thanks, &[], &names)
    }
}

#[cfg(test)]
mod tests;
