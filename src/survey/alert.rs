//! The alert about an unhappy customer: whom a rating alerts, how often, and in which words.
//!
//! It owns what an alert says and what it never does: no address, no link but ours and the conversation's. It must not know
//! how an alert looks, nor where it goes.

use super::event::{Event, EventKind, Told};
use super::fields::display;
use super::follow_up::FollowedScores;
use super::weblinks::{links_marked, without_links};
use uuid::Uuid;

/// The most characters of a comment: enough to understand. The page of the rating has the rest.
const LONGEST_COMMENT: usize = 1000;
/// The most characters of a name or a subject, so that each stays one line.
const LONGEST_NAME: usize = 60;

/// How much an alert says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// All about a rating.
    Whole,
    /// A comment, for a place that knows the rating already.
    Comment,
}

/// An alert in words. They are one line each, without links of strangers, and not escaped for any format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// What it is about, in a line, such as `Terrible rating from Ada Example, for Billing`.
    pub title: String,
    /// The face of the score.
    pub face: &'static str,
    /// The rest of what is known, one fact a line.
    pub facts: Vec<String>,
    /// What the customer wrote, cut to a length that is read.
    pub comment: Option<String>,
    /// Where to go: name and address. The conversation's address is the helpdesk's word.
    pub links: Vec<(&'static str, String)>,
}

/// The kinds of events that can alert: a rating that is held does not count.
pub const KINDS: [EventKind; 3] = [EventKind::RatingSet, EventKind::RatingChanged, EventKind::RatingCommented];

/// Decides how much an alert says about an event; `None` if there is none. `watched` are the scores that alert.
#[must_use]
pub fn form(event: &Event, watched: &FollowedScores) -> Option<Form> {
    let rating = event.rating.as_ref().filter(|_| KINDS.contains(&event.kind))?;
    let is_comment = event.kind == EventKind::RatingCommented;
    if !watched.opens(rating.score, is_comment || rating.comment.is_some()) {
        return None;
    }
    // A score that alerts only with a comment made no alert without one.
    let is_known = rating.known.is_some_and(|score| watched.opens(score, false));
    match (is_known, is_comment) {
        (false, _) => Some(Form::Whole),
        (true, true) => Some(Form::Comment),
        (true, false) => None,
    }
}

impl Alert {
    /// The alert about a rating; `None` if the event is about none. `followed` are the scores that open a follow-up.
    #[must_use]
    pub fn new(event: &Event, form: Form, followed: &FollowedScores, public_url: &str) -> Option<Self> {
        let (rating, survey) = (event.rating.as_ref()?, event.survey?);
        let teammate = event.teammate.as_ref();
        let teammate = teammate.map(|teammate| teammate.name.as_deref().unwrap_or(&teammate.id));
        let customer = short(event.customer_name.as_deref()).unwrap_or_else(|| "a customer".into());
        let what = match form {
            Form::Whole => format!("{} rating from {customer}", rating.score.title()),
            Form::Comment => format!("Comment from {customer}"),
        };
        let title = short(event.team.as_deref()).map_or(what.clone(), |team| format!("{what}, for {team}"));
        let first = match (form, rating.previous) {
            (Form::Comment, _) => {
                Some(format!("You know the rating already: {}. The customer now wrote a comment.", rating.score.word()))
            }
            (Form::Whole, Some(before)) => Some(format!("It was {} before.", before.word())),
            (Form::Whole, None) => None,
        };
        let answered = short(teammate).map(|name| format!("Answered by {name}"));
        let about = short(event.subject.as_deref()).map(|subject| format!("About: {subject}"));
        Some(Self {
            title,
            face: rating.score.face(),
            facts: [first, answered, about].into_iter().flatten().collect(),
            comment: rating.comment.as_deref().and_then(|text| display(&links_marked(text), LONGEST_COMMENT)),
            links: links(event.url.clone(), survey, rating, followed, public_url),
        })
    }
}

/// A name without links, in a line.
fn short(name: Option<&str>) -> Option<String> {
    display(&without_links(name?)?, LONGEST_NAME)
}

fn links(
    url: Option<String>,
    survey: Uuid,
    rating: &Told,
    followed: &FollowedScores,
    public_url: &str,
) -> Vec<(&'static str, String)> {
    let page = |path: &str| format!("{public_url}/admin/{path}/{survey}");
    let is_followed = followed.opens(rating.score, rating.comment.is_some());
    let follow_up = is_followed.then(|| ("Follow-up", page("follow-up")));
    let conversation = url.map(|url| ("Conversation", url));
    conversation.into_iter().chain(follow_up).chain([("Rating", page("ratings"))]).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::survey::Time;
    use crate::survey::closing::{Conversation, Teammate};
    use crate::survey::page::Evidence;
    use crate::survey::rating::{Score, StandingWord};
    use chrono::TimeDelta;

    pub(crate) fn score(number: i64) -> Score {
        Score::try_from(number).expect("a score")
    }

    /// A terrible rating without a comment.
    pub(crate) fn event() -> Event {
        let at = Time::UNIX_EPOCH + TimeDelta::days(20_000);
        let teammate = Teammate { id: "t7".into(), name: Some("Grace".into()), email: None, team: None };
        Event {
            id: Uuid::from_u128(7),
            kind: EventKind::RatingSet,
            at,
            survey: Some(Uuid::from_u128(0xaf)),
            conversation: Conversation { connection: "shop".into(), id: "8841".into() },
            closed_at: at,
            subject: Some("Refund".into()),
            url: Some("https://desk.example.com/8841".into()),
            policy: None,
            tags: Vec::new(),
            customer_id: Some("c1".into()),
            customer_name: Some("Ada Example".into()),
            teammate: Some(teammate),
            team: Some("Billing".into()),
            rating: Some(Told {
                score: score(1),
                previous: None,
                known: None,
                standing: StandingWord::Rated,
                comment: None,
                evidence: Evidence::Pressed,
                rated_at: at,
                reasons: Vec::new(),
                answer: None,
            }),
            skipped: Vec::new(),
            bounce: None,
        }
    }

    /// The same rating with a comment.
    pub(crate) fn commented(text: &str) -> Event {
        let rating =
            Told { comment: Some(text.into()), standing: StandingWord::Locked, ..event().rating.expect("a rating") };
        Event { kind: EventKind::RatingCommented, rating: Some(rating), ..event() }
    }

    pub(crate) fn scores(always: &[u8], with_comment: &[u8]) -> FollowedScores {
        FollowedScores { always: always.into(), with_comment: with_comment.into() }
    }

    fn alert(event: &Event) -> Alert {
        Alert::new(event, Form::Whole, &scores(&[1, 2], &[]), "https://rate.example.com").expect("an alert")
    }

    #[test]
    fn a_rating_is_told_once_and_its_comment_once() {
        let low = scores(&[1, 2], &[3]);
        let of = |kind, number, told: Option<i64>| {
            let rating = Told { score: score(number), known: told.map(score), ..event().rating.expect("a rating") };
            let event = Event { kind, rating: Some(rating), ..event() };
            form(&event, &low)
        };
        let (set, changed, comment) = (EventKind::RatingSet, EventKind::RatingChanged, EventKind::RatingCommented);
        for (kind, number, told, expected) in [
            (set, 1, None, Some(Form::Whole)),
            (set, 3, None, None),
            (set, 5, None, None),
            (EventKind::RatingHeld, 1, None, None),
            (changed, 2, Some(1), None),
            (changed, 1, Some(5), Some(Form::Whole)),
            (comment, 1, None, Some(Form::Whole)),
            (comment, 1, Some(1), Some(Form::Comment)),
            (comment, 2, Some(5), Some(Form::Whole)),
            (comment, 4, None, None),
            // Without its comment this one was not told.
            (comment, 3, Some(3), Some(Form::Whole)),
        ] {
            assert_eq!(of(kind, number, told), expected, "{kind} {number} {told:?}");
        }
        assert_eq!(form(&Event { rating: None, ..event() }, &low), None);
    }

    #[test]
    fn an_alert_tells_whom_to_help_and_where() {
        assert_eq!(
            alert(&event()),
            Alert {
                title: "Terrible rating from Ada Example, for Billing".into(),
                face: "😠",
                facts: vec!["Answered by Grace".into(), "About: Refund".into()],
                comment: None,
                links: vec![
                    ("Conversation", "https://desk.example.com/8841".into()),
                    (
                        "Follow-up",
                        "https://rate.example.com/admin/follow-up/00000000-0000-0000-0000-0000000000af".into()
                    ),
                    ("Rating", "https://rate.example.com/admin/ratings/00000000-0000-0000-0000-0000000000af".into()),
                ],
            }
        );
        let bare = Event { url: None, customer_name: None, team: None, teammate: None, subject: None, ..event() };
        let bare = Alert::new(&bare, Form::Whole, &scores(&[], &[]), "https://rate.example.com").expect("an alert");
        assert_eq!((bare.title.as_str(), bare.facts.len()), ("Terrible rating from a customer", 0));
        assert_eq!(bare.links.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["Rating"], "no follow-up is open");
        let changed = Told { previous: Some(score(5)), ..event().rating.expect("a rating") };
        assert_eq!(alert(&Event { rating: Some(changed), ..event() }).facts[0], "It was amazing before.");
        let second = Alert::new(&commented("Too late"), Form::Comment, &scores(&[1], &[]), "").expect("an alert");
        assert_eq!(second.title, "Comment from Ada Example, for Billing");
        assert_eq!(second.facts[0], "You know the rating already: terrible. The customer now wrote a comment.");
    }

    #[test]
    fn no_address_no_link_and_no_mention_of_a_stranger_is_told() {
        let event = Event {
            customer_name: Some("ada@example.com".into()),
            subject: Some("@channel see evil.example/x".into()),
            teammate: Some(Teammate { id: "g@example.com".into(), name: None, email: None, team: None }),
            ..commented("@here http://evil.example\nclick\u{202e}")
        };
        let told = alert(&event);
        assert_eq!(told.title, "Terrible rating from a customer, for Billing");
        assert_eq!(told.facts, ["About: see"]);
        assert_eq!(told.comment.as_deref(), Some("[link] [link] click"));
        let long = alert(&commented(&"word ".repeat(300))).comment.expect("a comment");
        assert_eq!((long.chars().count(), long.ends_with('…')), (LONGEST_COMMENT, true));
    }
}
