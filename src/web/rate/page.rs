//! The rating page, as HTML.
//!
//! It owns which `State` a survey is in and what the page says of it; the markup is in `templates/page/`, the words
//! around faces and comments are in `parts`. It must not decide what a click means, nor know HTTP. Nothing here claims to
//! be saved that is not, nor the other way round.

mod after;
mod parts;

use crate::gateway::{LONGEST_COMMENT, Opened, TooLong};
use crate::survey::answers::Offered;
use crate::survey::page::{Mode, Outcome};
use crate::survey::rating::{Score, Standing};
use crate::text::{Text, Tone, Toned, fill};
use crate::web::page::{Frame, render};
use after::{After, after};
use askama::Template;
use parts::{Choice, Help, Prompt, Until, class, tone, word};

/// The rating page. Its form posts to `action`. What is `offered` is in the language of the frame, as far as possible.
#[must_use]
pub fn rate(frame: Frame, action: &str, opened: &Opened, offered: &Offered) -> String {
    let state = State::of(opened);
    let view = View { frame, opened };
    let teammate = [("brand", frame.brand), ("teammate", opened.about.teammate.as_deref().unwrap_or_default())];
    let page = &frame.text.page;
    let about = if opened.about.teammate.is_some() { &page.about_teammate } else { &page.about_brand };
    let taken = opened.posted.as_ref().is_some_and(|posted| !posted.refused);
    let picked = opened.posted.as_ref().and_then(|posted| posted.picked);
    // After a press the script keeps quiet: it would confirm the face of the link, not the one that was picked.
    let quiet = taken || picked.is_some();
    let by_script = matches!(opened.page.mode, Mode::Seen | Mode::Touched);
    let confirms = matches!(state, State::Pending { .. }) && by_script && !quiet;
    let fixed = opened.summary.change_until.is_some_and(|until| until < opened.now);
    let score = opened.clicked;
    let saved = if fixed { State::Frozen { score, thanks: true } } else { State::Thanks { score } };
    let comment = opened.posted.as_ref().map_or("", |posted| &posted.comment);
    render(&RatePage {
        frame,
        action,
        opened,
        about: fill(about, &teammate),
        lead: Lead::new(view, state),
        choice: Choice::new(frame, state),
        saved: confirms.then(|| (Lead::new(view, saved), saved)),
        after: after(view, state, offered),
        after_saved: if confirms { after(view, saved, offered) } else { None },
        fixed,
        prompts: Tone::ALL.map(|tone| Prompt::new(view, tone, state)),
        help: Help::new(view, state),
        // A press of the button sends the page's face, unless another one is checked.
        checked: picked.or(state.score().filter(|score| *score != opened.page.score)),
        state,
        quiet,
        comment,
        limit: LONGEST_COMMENT,
    })
}

#[derive(Template)]
#[template(path = "page/rate.html")]
struct RatePage<'a> {
    frame: Frame<'a>,
    action: &'a str,
    opened: &'a Opened,
    about: String,
    lead: Lead,
    /// The buttons, if two faces were clicked.
    choice: Option<Choice<'a>>,
    /// What the script shows once it has confirmed.
    saved: Option<(Lead, State)>,
    /// What is offered beside the rating; and what the script shows once it has confirmed.
    after: Option<After<'a>>,
    after_saved: Option<After<'a>>,
    /// What is saved now cannot be changed any more.
    fixed: bool,
    /// What to write about, in each tone: the face that is picked decides which one is shown.
    prompts: [Prompt; 3],
    /// The way to a person, where a customer may need one.
    help: Option<Help>,
    /// The face that is picked as the page is shown.
    checked: Option<Score>,
    state: State,
    /// The script must not confirm by itself.
    quiet: bool,
    /// The comment of a post that was refused.
    comment: &'a str,
    /// The longest comment, in characters.
    limit: usize,
}

impl RatePage<'_> {
    /// Whether there is a box to write into. The question which of two faces counts stands alone, but no text is lost.
    fn takes_comment(&self) -> bool {
        match self.state {
            State::Which { .. } => !self.comment.trim().is_empty(),
            _ => !self.state.is_read_only(),
        }
    }

    fn save(&self, score: Score) -> String {
        fill(&self.frame.text.pending.save, &[("word", word(self.frame.text, score))])
    }
}

/// What the customer must know. It follows from standing, mode, outcome and windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A face was chosen and is not saved: a press saves it, or the script does.
    Pending { score: Score },
    /// A rating is in doubt and does not count until a press.
    Doubted { score: Score },
    /// Another face was clicked than the one that was rated before, which counts if `counts`.
    Which { rated: Score, clicked: Score, counts: bool },
    /// It was saved just now.
    Thanks { score: Score },
    /// The link of the standing rating was opened again.
    Standing { score: Score },
    /// A rating stands and can no longer become another; `thanks`: it was saved just now.
    Frozen { score: Score, thanks: bool },
    /// A comment locked the rating; `thanks`: just now.
    Final { score: Score, thanks: bool },
    /// Too late for a first rating.
    Closed,
    /// The survey was taken out, or its customer was forgotten.
    Voided,
}

impl State {
    fn of(opened: &Opened) -> Self {
        let posted = opened.posted.as_ref();
        let thanks = posted.is_some_and(|posted| !posted.refused);
        let clicked = posted.and_then(|posted| posted.picked).unwrap_or(opened.clicked);
        let late = opened.summary.rate_until.is_some_and(|until| until < opened.now);
        match &opened.summary.standing {
            Standing::Voided(_) => Self::Voided,
            Standing::Locked(rating) => Self::Final { score: rating.score, thanks },
            Standing::Rated(rating) if opened.summary.frozen => Self::Frozen { score: rating.score, thanks },
            Standing::Rated(rating) if thanks => Self::Thanks { score: rating.score },
            Standing::Rated(rating) if rating.score == clicked => Self::Standing { score: clicked },
            Standing::Rated(rating) => Self::Which { rated: rating.score, clicked, counts: true },
            Standing::Held { rating, .. } if rating.score == clicked || late => Self::Doubted { score: rating.score },
            Standing::Held { rating, .. } => Self::Which { rated: rating.score, clicked, counts: false },
            Standing::Unrated if matches!(opened.page.mode, Mode::Closed | Mode::Final) => {
                // The time of an erased survey need not be over.
                if late { Self::Closed } else { Self::Voided }
            }
            Standing::Unrated => Self::Pending { score: clicked },
        }
    }

    /// The face that the page is about.
    fn score(self) -> Option<Score> {
        match self {
            Self::Pending { score }
            | Self::Doubted { score }
            | Self::Thanks { score }
            | Self::Standing { score }
            | Self::Frozen { score, .. }
            | Self::Final { score, .. } => Some(score),
            Self::Which { .. } | Self::Closed | Self::Voided => None,
        }
    }

    /// Nothing is saved, and a press saves it.
    fn needs_press(self) -> bool {
        matches!(self, Self::Pending { .. } | Self::Doubted { .. } | Self::Which { .. })
    }

    /// A rating counts, and nothing is asked about it.
    fn is_saved(self) -> bool {
        matches!(self, Self::Thanks { .. } | Self::Standing { .. } | Self::Frozen { .. } | Self::Final { .. })
    }

    /// The saved rating can become another one.
    fn can_change(self) -> bool {
        matches!(self, Self::Thanks { .. } | Self::Standing { .. })
    }

    /// There is nothing left to send.
    fn is_read_only(self) -> bool {
        matches!(self, Self::Final { .. } | Self::Closed | Self::Voided)
    }
}

/// What a page is made from.
#[derive(Clone, Copy)]
struct View<'a> {
    frame: Frame<'a>,
    opened: &'a Opened,
}

impl View<'_> {
    /// A text whose tone depends on the score, by the operator or built in.
    fn toned(self, tone: Tone, key: Toned) -> String {
        let about = &self.opened.about;
        let names = [
            ("brand", Some(self.frame.brand)),
            ("teammate", about.teammate.as_deref()),
            ("subject", about.subject.as_deref()),
            ("customer", about.customer.as_deref()),
        ];
        self.frame.custom.toned(self.frame.text, tone, key, &names)
    }

    /// What is ticked stands beside the rating. The ticks of a refused post are in its form only.
    fn has_saved_answers(self) -> bool {
        let refused = self.opened.posted.as_ref().is_some_and(|posted| posted.refused);
        !refused && !self.opened.answers.0.is_empty()
    }
}

/// The upper part of the page: what is so now.
struct Lead {
    /// The face that it is about.
    face: Option<&'static str>,
    heading: String,
    sentence: String,
    /// The sentence says that something was not done.
    alert: bool,
    until: Option<Until>,
}

impl Lead {
    fn new(view: View, state: State) -> Self {
        let (text, score) = (view.frame.text, state.score());
        let words = [("word", score.map_or("", |score| word(text, score)))];
        let toned = |key| view.toned(score.map_or(Tone::Middle, tone), key);
        let heading = match state {
            State::Pending { score } | State::Doubted { score } => chosen(text, score),
            State::Which { .. } => text.which.heading.clone(),
            State::Thanks { .. } | State::Frozen { thanks: true, .. } => toned(Toned::SavedHeading),
            State::Standing { .. } | State::Frozen { .. } => fill(&text.saved.heading, &words),
            State::Final { thanks: true, .. } => toned(Toned::FinalHeading),
            State::Final { .. } => fill(&text.over.final_heading, &words),
            State::Closed => text.over.closed_heading.clone(),
            State::Voided => text.over.voided_heading.clone(),
        };
        let sentence = match state {
            State::Pending { .. } => text.pending.press.clone(),
            State::Doubted { .. } => text.pending.held.clone(),
            State::Which { rated, clicked, counts } => {
                let words = [("word", word(text, rated)), ("clicked", word(text, clicked))];
                fill(if counts { &text.which.rated } else { &text.which.held }, &words)
            }
            State::Thanks { .. } => toned(Toned::Saved),
            State::Standing { .. } => text.saved.sentence.clone(),
            State::Frozen { .. } => text.over.frozen.clone(),
            State::Final { thanks: true, .. } => toned(Toned::FinalSaved),
            State::Final { .. } => text.over.r#final.clone(),
            State::Closed => text.over.closed.clone(),
            State::Voided => text.over.voided.clone(),
        };
        let sentence = if state.is_saved() && view.has_saved_answers() {
            text.join(&[&sentence, &text.saved.answers])
        } else {
            sentence
        };
        let refusal = refusal(view, state, &sentence);
        Self {
            face: score.map(Score::face),
            heading,
            alert: refusal.is_some(),
            sentence: refusal.unwrap_or(sentence),
            until: Until::of(view, state),
        }
    }
}

/// The heading of a page on which `score` is chosen and not saved.
fn chosen(text: &Text, score: Score) -> String {
    fill(&text.pending.heading, &[("word", word(text, score))])
}

/// Why the post was not taken as it was sent, or that one more press is needed: in place of the sentence of the state.
fn refusal(view: View, state: State, sentence: &str) -> Option<String> {
    let text = view.frame.text;
    let ask = || match state {
        State::Which { .. } => text.join(&[sentence, &text.pending.once_more]),
        // It says so already.
        State::Doubted { .. } => sentence.to_owned(),
        _ => text.pending.once_more.clone(),
    };
    let Some(posted) = view.opened.posted.as_ref().filter(|posted| posted.refused) else {
        return (view.opened.page.once_more && state.needs_press()).then(ask);
    };
    let has_text = !posted.comment.trim().is_empty();
    match (state, &posted.result) {
        (State::Final { .. }, _) if has_text => Some(text.refusal.locked_comment.clone()),
        (State::Final { .. }, _) => Some(text.refusal.locked.clone()),
        (State::Closed, _) => Some(text.refusal.closed.clone()),
        (State::Voided, _) => None,
        (_, Err(too_long)) => Some(too_long_comment(view, state, *too_long, sentence)),
        (State::Frozen { score, .. }, Ok(Outcome::Closed)) => {
            Some(fill(&text.refusal.closed_change, &[("word", word(text, score))]))
        }
        _ if state.is_saved() => has_text.then(|| text.saved.not_comment.clone()),
        (State::Pending { .. }, Ok(Outcome::Stale)) => Some(text.refusal.stale.clone()),
        _ => Some(ask()),
    }
}

/// What is safe and what is not, if the comment is too long.
fn too_long_comment(view: View, state: State, comment: TooLong, sentence: &str) -> String {
    let text = view.frame.text;
    let [count, limit] = [comment.characters, LONGEST_COMMENT].map(|number| text.number(number));
    let too_long = fill(&text.comment.too_long, &[("count", &count), ("limit", &limit)]);
    match state {
        State::Pending { .. } => too_long,
        State::Doubted { .. } | State::Which { .. } => text.join(&[sentence, &too_long]),
        _ => text.join(&[&too_long, &text.comment.safe]),
    }
}

#[cfg(test)]
mod tests;
