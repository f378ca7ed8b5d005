//! The click rules once more, written down naively from their words, and random visits that must agree with it.
//!
//! The model keeps whole logs and counts over them; it shares nothing with the rules but the words.

use super::*;
use crate::survey::rating::StandingWord;
use proptest::prelude::*;
use std::collections::BTreeSet;

const MINUTE: i64 = 60_000;

#[derive(Clone, Copy, Debug, PartialEq)]
struct Given {
    score: i64,
    /// 0 seen, 1 touched, 2 pressed, 3 commented.
    evidence: u8,
    rated_at: i64,
    page: usize,
    page_issued: i64,
    click: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Stands {
    Unrated,
    Rated(Given),
    Held(Given, i64),
    Locked(Given),
}

/// A page as the model knows it: `name` is shared by the answers to its refused posts.
#[derive(Clone, Copy, Debug)]
struct Sheet {
    name: usize,
    score: i64,
    mode: &'static str,
    issued: i64,
    click: bool,
    /// It answered the request that held the rating.
    made_hold: bool,
    once_more: bool,
}

/// A confirmation that was sent.
#[derive(Clone, Copy, Debug)]
struct Sent {
    at: i64,
    page: usize,
    score: i64,
    press: bool,
    once_more: bool,
}

#[derive(Debug)]
struct Model {
    accepted: Option<i64>,
    rate_until: Option<i64>,
    change_until: Option<i64>,
    least: u8,
    /// Time, score, and whether it was a click.
    views: Vec<(i64, i64, bool)>,
    tries: Vec<Sent>,
    hot: Vec<i64>,
    stands: Stands,
    held_now: bool,
}

impl Model {
    fn over(until: Option<i64>, now: i64) -> bool {
        until.is_some_and(|until| now > until)
    }

    fn is_hot(&self, time: i64) -> bool {
        self.hot.iter().any(|moment| (0..5 * MINUTE).contains(&(time - moment)))
    }

    fn is_young(&self, now: i64) -> bool {
        self.accepted.is_none_or(|accepted| now - accepted < 5 * MINUTE)
    }

    fn viewed(&self, now: i64) -> usize {
        self.views.iter().filter(|(t, ..)| now - t < MINUTE).map(|(_, score, _)| score).collect::<BTreeSet<_>>().len()
    }

    /// How many scores the pages name by their latest press, or by their latest word of script.
    fn tried(&self, now: i64, press: bool) -> usize {
        let alike = || self.tries.iter().filter(|sent| sent.press == press);
        let pages: BTreeSet<usize> = alike().map(|sent| sent.page).collect();
        let latest = pages.iter().filter_map(|page| alike().rfind(|sent| sent.page == *page));
        latest.filter(|sent| now - sent.at < MINUTE).map(|sent| sent.score).collect::<BTreeSet<_>>().len()
    }

    /// The rating that stands and is not held.
    fn standing(&self) -> Option<Given> {
        match self.stands {
            Stands::Rated(given) | Stands::Locked(given) => Some(given),
            _ => None,
        }
    }

    fn hold(&mut self, now: i64) {
        if let Stands::Rated(given) | Stands::Held(given, _) = self.stands {
            self.stands = Stands::Held(given, now);
            self.hot.push(now);
            self.held_now = true;
        }
    }

    fn mode(&self, now: i64, score: i64, visitor: Visitor) -> &'static str {
        if matches!(self.stands, Stands::Locked(_)) {
            return "final";
        }
        if Self::over(self.rate_until, now) && self.stands == Stands::Unrated {
            return "closed";
        }
        if self.standing().is_some_and(|given| given.score != score) {
            return "change";
        }
        if self.is_hot(now) || matches!(self.stands, Stands::Held(..)) || visitor.machine {
            return "pressed";
        }
        let more = self.is_young(now) && !is_click(visitor);
        ["seen", "touched", "pressed", "pressed"][usize::from(self.least) + usize::from(more)]
    }

    fn get(&mut self, now: i64, score: i64, visitor: Visitor) -> &'static str {
        let pose = is_click(visitor);
        self.held_now = false;
        self.views.push((now, score, pose));
        let mut seen: BTreeSet<i64> = BTreeSet::new();
        for (t, score, click) in &self.views {
            if now - t < MINUTE || (self.is_young(now) && *click == pose) {
                seen.insert(*score);
            }
        }
        if seen.len() >= 2 {
            self.hot.push(now);
            if let Stands::Rated(given) = self.stands {
                let burst = now - given.page_issued < MINUTE || (self.is_young(now) && given.click == pose);
                if burst && (given.evidence == 0 || (given.evidence == 1 && seen.len() >= 3)) {
                    self.hold(now);
                }
            }
        }
        self.mode(now, score, visitor)
    }

    /// The outcome, and whether the answer carries the posted page.
    fn post(&mut self, now: i64, page: &Sheet, how: u8, picked: Option<i64>, comment: bool) -> (&'static str, bool) {
        self.held_now = false;
        if now - page.issued > 24 * 60 * MINUTE {
            return ("stale", false);
        }
        if matches!(self.stands, Stands::Locked(_)) {
            return ("locked", false);
        }
        if comment { self.comment(now, page, picked) } else { self.confirm(now, page, how, picked) }
    }

    fn confirm(&mut self, now: i64, page: &Sheet, how: u8, picked: Option<i64>) -> (&'static str, bool) {
        let score = picked.unwrap_or(page.score);
        let once_more = how == 2 && page.once_more;
        self.tries.push(Sent { at: now, page: page.name, score, press: how == 2, once_more });
        if once_more {
            if now - page.issued < 2000 {
                return ("ask", true);
            }
            let two_faces =
                page.mode == "change" || matches!(self.stands, Stands::Held(given, _) if given.score != page.score);
            let elsewhere = self
                .tries
                .iter()
                .any(|sent| sent.once_more && now - sent.at < MINUTE && sent.page != page.name && sent.score != score);
            if elsewhere && !(picked.is_some() && two_faces) {
                self.hold(now);
                self.hot.push(now);
                return ("ask", false);
            }
        } else if how < 2 && self.tried(now, false) >= 2 {
            if let Stands::Rated(Given { evidence: 0 | 1, .. }) | Stands::Held(Given { evidence: 0 | 1, .. }, _) =
                self.stands
            {
                self.hold(now);
            }
            self.hot.push(now);
            return ("ask", false);
        }
        if how == 2 && !once_more && !(page.mode == "change" && picked.is_some()) {
            let tried = self.tried(now, true);
            if tried >= 3 || (tried == 2 && self.is_young(now)) {
                self.hold(now);
                self.hot.push(now);
                return ("ask", false);
            }
        }
        if now - page.issued < if how == 2 { 1000 } else { 400 } {
            return ("ask", true);
        }
        let closed = match self.stands {
            Stands::Unrated => Self::over(self.rate_until, now),
            Stands::Held(given, _) => given.score != score && Self::over(self.rate_until, now),
            Stands::Rated(given) | Stands::Locked(given) => given.score != score && Self::over(self.change_until, now),
        };
        if closed {
            return ("closed", false);
        }
        if let Stands::Held(_, moment) = self.stands
            && (page.issued < moment || (page.issued == moment && !page.made_hold))
        {
            return ("ask", false);
        }
        let counts = if how < 2 {
            let needed = match page.mode {
                "seen" => 0,
                "touched" => 1,
                _ => u8::MAX,
            };
            how >= needed
                && !self.is_hot(page.issued)
                && !self.is_hot(now)
                && !matches!(self.stands, Stands::Held(..))
                && self.standing().is_none_or(|given| given.score == score)
        } else {
            self.press(now, page, score, picked, once_more)
        };
        if !counts {
            return ("ask", false);
        }
        self.stands = match self.stands {
            Stands::Rated(given) if given.score == score => {
                Stands::Rated(Given { evidence: given.evidence.max(how), ..given })
            }
            _ => Stands::Rated(Given::on(page, score, how, now)),
        };
        ("ok", true)
    }

    fn press(&mut self, now: i64, page: &Sheet, score: i64, picked: Option<i64>, obeyed: bool) -> bool {
        if self.viewed(now) >= 3 && !obeyed {
            self.hot.push(now);
            if let Stands::Rated(given) = self.stands
                && given.page != page.name
                && now - given.page_issued < MINUTE
            {
                self.hold(now);
            }
            return false;
        }
        let Stands::Rated(given) = self.stands else { return true };
        let refused = given.score != score && given.page != page.name && picked.is_none();
        if refused && given.evidence == 2 && now - given.page_issued < MINUTE {
            self.hold(now);
        }
        !refused
    }

    fn comment(&mut self, now: i64, page: &Sheet, picked: Option<i64>) -> (&'static str, bool) {
        if now - page.issued < 2000 {
            return ("ask", true);
        }
        let standing = self.standing();
        let score = picked.or(standing.map(|given| given.score)).unwrap_or(page.score);
        let fresh = Given::on(page, score, 3, now);
        let confirms = matches!(self.stands, Stands::Held(given, _) if given.score == score);
        if standing.is_none() && !confirms && Self::over(self.rate_until, now) {
            return ("closed", false);
        }
        let kept = standing.filter(|given| given.score == score || Self::over(self.change_until, now));
        let locked = kept.map_or(fresh, |given| Given { evidence: 3, ..given });
        self.stands = Stands::Locked(locked);
        ("ok", true)
    }
}

impl Given {
    fn on(page: &Sheet, score: i64, evidence: u8, rated_at: i64) -> Self {
        Self { score, evidence, rated_at, page: page.name, page_issued: page.issued, click: page.click }
    }
}

/// A click, in the words of the page of rules: no machine view, and from a phone or a webmail.
fn is_click(visitor: Visitor) -> bool {
    let Visitor { machine, phone, webmail } = visitor;
    if machine { false } else { phone || webmail }
}

#[derive(Clone, Debug)]
pub(super) enum Request {
    Get { score: i64, visitor: Visitor },
    Post { back: usize, how: Evidence, picked: Option<i64>, comment: bool },
}

fn request() -> impl Strategy<Value = Request> {
    let score = || prop_oneof![4 => Just(5i64), 2 => Just(1), 1 => Just(2), 1 => 1..=5i64];
    let how = prop_oneof![1 => Just(Evidence::Seen), 1 => Just(Evidence::Touched), 2 => Just(Evidence::Pressed)];
    let picked = prop_oneof![3 => Just(None), 1 => score().prop_map(Some)];
    let back = prop_oneof![4 => 0..1usize, 3 => 0..4usize, 1 => 0..40usize];
    prop_oneof![
        2 => (score(), visitor()).prop_map(|(score, visitor)| Request::Get { score, visitor }),
        3 => (back, how, picked, prop::bool::weighted(0.04))
            .prop_map(|(back, how, picked, comment)| Request::Post { back, how, picked, comment }),
    ]
}

fn visitor() -> impl Strategy<Value = Visitor> {
    let flags = (prop::bool::weighted(0.1), prop::bool::weighted(0.3), prop::bool::weighted(0.2));
    flags.prop_map(|(machine, phone, webmail)| Visitor { machine, phone, webmail })
}

fn wait() -> impl Strategy<Value = i64> {
    prop_oneof![
        6 => prop::sample::select(vec![1i64, 300, 399, 400, 600, 999, 1_000, 1_999, 2_000, 3_000, 10_000]),
        4 => prop::sample::select(vec![30_000i64, 59_000, 59_999, 60_000, 60_001, 100_000, 299_999, 300_000]),
        2 => 1i64..400_000,
        1 => prop::sample::select(vec![3_600_000i64, 86_400_000]),
    ]
}

#[derive(Clone, Debug)]
pub(super) struct Policy {
    accepted: Option<i64>,
    rate: Option<i64>,
    change: Option<i64>,
    least: Evidence,
}

fn policy() -> impl Strategy<Value = Policy> {
    let window = || prop::option::weighted(0.4, prop::sample::select(vec![100_000i64, 700_000, 5_000_000]));
    let accepted = prop_oneof![5 => Just(Some(-1_000_000)), 3 => Just(Some(0)), 1 => Just(None)];
    let least = prop_oneof![3 => Just(Evidence::Seen), 1 => Just(Evidence::Touched), 1 => Just(Evidence::Pressed)];
    (accepted, window(), window(), least).prop_map(|(accepted, rate, change, least)| Policy {
        accepted,
        rate,
        change,
        least,
    })
}

pub(super) fn ms(t: i64) -> Time {
    at(0.0) + TimeDelta::milliseconds(t)
}

pub(super) fn visit(policy: &Policy) -> Visit {
    let mut visit = Visit::new(policy.least, None, None);
    visit.clicks = Clicks::new(policy.accepted.map(ms), policy.rate.map(ms), policy.change.map(ms));
    visit
}

/// The record of every request: the standing before it, the request, and the posted page with its outcome.
struct Step<'a> {
    before: Clicks,
    request: &'a Request,
    posted: Option<(Page, Outcome)>,
}

/// Plays requests, without the model, and shows each step to `check`.
fn play_all(
    policy: &Policy,
    requests: &[(i64, Request)],
    mut check: impl FnMut(&Step<'_>, &mut Visit, i64) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    let mut visit = visit(policy);
    let mut pages: Vec<Page> = Vec::new();
    let mut now = 0;
    for (wait, request) in requests {
        now += wait;
        let before = visit.clicks.clone();
        let t = seconds_of(now);
        let posted = match request {
            Request::Get { score, visitor } => {
                pages.push(visit.open(t, face(*score), *visitor));
                None
            }
            Request::Post { back, how, picked, comment } => {
                let Some(page) = pages.get(pages.len().wrapping_sub(1 + back)).cloned() else { continue };
                let text = if *comment { "text" } else { "" };
                let reply = visit.post(t, Some(page.clone()), *how, picked.map(face), text);
                pages.push(reply.page);
                Some((page, reply.outcome))
            }
        };
        check(&Step { before, request, posted }, &mut visit, now)?;
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "tests do not last that long")]
pub(super) fn seconds_of(ms: i64) -> f64 {
    ms as f64 / 1000.0
}

pub(super) fn visits() -> impl Strategy<Value = (Policy, Vec<(i64, Request)>)> {
    (policy(), prop::collection::vec((wait(), request()), 0..60))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn random_visits_go_as_the_page_of_rules_says((policy, requests) in visits()) {
        let mut visit = visit(&policy);
        let mut model = Model {
            accepted: policy.accepted, rate_until: policy.rate, change_until: policy.change,
            least: policy.least as u8, views: vec![], tries: vec![], hot: vec![],
            stands: Stands::Unrated, held_now: false,
        };
        let mut pages: Vec<(Page, Sheet)> = Vec::new();
        let mut now = 0;
        for (wait, request) in &requests {
            now += wait;
            let t = seconds_of(now);
            match request {
                Request::Get { score, visitor } => {
                    let page = visit.open(t, face(*score), *visitor);
                    let mode = model.get(now, *score, *visitor);
                    prop_assert_eq!(page.mode.word(), mode, "{:?} at {}", request, now);
                    let (click, made_hold) = (is_click(*visitor), model.held_now);
                    let name = pages.len();
                    let sheet = Sheet { name, score: *score, mode, issued: now, click, made_hold, once_more: false };
                    pages.push((page, sheet));
                }
                Request::Post { back, how, picked, comment } => {
                    let Some((page, sheet)) = pages.get(pages.len().wrapping_sub(1 + back)).cloned() else { continue };
                    let text = if *comment { "text" } else { "" };
                    let reply = visit.post(t, Some(page.clone()), *how, picked.map(face), text);
                    let (outcome, same) = model.post(now, &sheet, *how as u8, *picked, *comment);
                    prop_assert_eq!(format!("{:?}", reply.outcome).to_lowercase(), outcome, "{:?} at {}", request, now);
                    prop_assert_eq!(reply.page == page, same, "{:?} at {}", request, now);
                    let mode = reply.page.mode.word();
                    let mut answer = Sheet { issued: now, mode, made_hold: false, once_more: false, ..sheet };
                    match outcome {
                        "ask" if !same => {
                            let change = model.standing().is_some_and(|given| given.score != sheet.score);
                            prop_assert_eq!(answer.mode, if change { "change" } else { "pressed" });
                            prop_assert_eq!(reply.page.id, page.id);
                            answer.made_hold = model.held_now;
                            answer.once_more = *how == Evidence::Pressed;
                        }
                        "stale" => {
                            prop_assert_eq!(answer.mode, model.mode(now, sheet.score, Visitor::default()));
                            prop_assert_ne!(reply.page.id, page.id);
                            answer.name = pages.len();
                            answer.click = false;
                        }
                        "locked" => prop_assert_eq!(answer.mode, "final"),
                        // What page a refusal as `closed` carries is not said: let the rules' one be.
                        "closed" => {}
                        _ => answer = sheet,
                    }
                    let flags = |page: &Page| (page.click, page.made_hold, page.once_more);
                    prop_assert_eq!(flags(&reply.page), (answer.click, answer.made_hold, answer.once_more));
                    pages.push((reply.page, answer));
                }
            }
            let known = match model.stands {
                Stands::Unrated => ("unrated", None),
                Stands::Rated(given) => ("rated", Some(given)),
                Stands::Held(given, _) => ("held", Some(given)),
                Stands::Locked(given) => ("locked", Some(given)),
            };
            let standing = &visit.clicks.standing;
            let found = standing.rating().map(|rating| {
                (i64::from(rating.score.number()), rating.evidence as u8, rating.rated_at, rating.page_issued, rating.click)
            });
            let of = |given: Given| (given.score, given.evidence, ms(given.rated_at), ms(given.page_issued), given.click);
            let expected = known.1.map(of);
            prop_assert_eq!((standing.word().word(), found), (known.0, expected), "{:?} at {}", request, now);
        }
    }

    #[test]
    fn nothing_changes_after_a_comment((policy, requests) in visits()) {
        play_all(&policy, &requests, |step, visit, _| {
            if matches!(step.before.standing, Standing::Locked(_)) {
                prop_assert_eq!(&visit.clicks.standing, &step.before.standing);
                prop_assert_eq!(&visit.clicks.comment, &step.before.comment);
                prop_assert_eq!(&visit.clicks.changes, &step.before.changes);
            }
            Ok(())
        })?;
    }

    #[test]
    fn a_view_never_rates_and_never_changes_a_score((policy, requests) in visits()) {
        play_all(&policy, &requests, |step, visit, _| {
            let (before, after) = (&step.before.standing, &visit.clicks.standing);
            if step.posted.is_none() {
                prop_assert_eq!(before.rating(), after.rating());
                prop_assert!(after == before || after.word() == StandingWord::Held, "{:?}", step.request);
            }
            Ok(())
        })?;
    }

    #[test]
    fn views_alone_never_rate(least in policy(), views in prop::collection::vec((0i64..100_000, 1i64..6, visitor()), 0..200)) {
        let mut visit = visit(&least);
        // In any order: what was viewed later may be written earlier.
        for (t, score, visitor) in views {
            visit.open(seconds_of(t), face(score), visitor);
        }
        prop_assert_eq!(&visit.clicks.standing, &Standing::Unrated);
        prop_assert!(visit.clicks.changes.is_empty());
    }

    #[test]
    fn a_held_rating_counts_only_by_a_press_from_a_later_page_or_a_comment((policy, requests) in visits()) {
        play_all(&policy, &requests, |step, visit, _| {
            let Standing::Held { since, .. } = step.before.standing else { return Ok(()) };
            if visit.clicks.standing.word() == StandingWord::Held {
                return Ok(());
            }
            let Request::Post { how, comment, .. } = step.request else { panic!("a view ended a hold") };
            let (page, outcome) = step.posted.clone().expect("a post");
            prop_assert_eq!(outcome, Outcome::Ok);
            if !comment {
                prop_assert_eq!(*how, Evidence::Pressed);
                prop_assert!(page.issued > since || (page.issued == since && page.made_hold));
            }
            Ok(())
        })?;
    }

    #[test]
    fn an_accepted_post_sent_again_changes_nothing((policy, requests) in visits(), later in wait()) {
        play_all(&policy, &requests, |step, visit, now| {
            let Request::Post { how, picked, comment, .. } = step.request else { return Ok(()) };
            let (page, outcome) = step.posted.clone().expect("a post");
            if outcome != Outcome::Ok {
                return Ok(());
            }
            let kept = visit.clicks.clone();
            let text = if *comment { "another text" } else { "" };
            for t in [now, now + later] {
                visit.post(seconds_of(t), Some(page.clone()), *how, picked.map(face), text);
                prop_assert_eq!(&visit.clicks.standing, &kept.standing);
                prop_assert_eq!(&visit.clicks.changes, &kept.changes);
                prop_assert_eq!(&visit.clicks.comment, &kept.comment);
            }
            visit.clicks = kept;
            Ok(())
        })?;
    }

    #[test]
    fn only_what_counts_writes_history((policy, requests) in visits()) {
        play_all(&policy, &requests, |step, visit, _| {
            let (before, after) = (&step.before.standing, &visit.clicks.standing);
            let written = visit.clicks.changes.len() - step.before.changes.len();
            let moved = (before.word(), before.score()) != (after.word(), after.score());
            prop_assert!(written <= 1);
            prop_assert!(!moved || written == 1, "{:?}: {:?} to {:?}", step.request, before, after);
            if matches!(step.posted, Some((_, Outcome::Stale | Outcome::Locked | Outcome::Closed))) {
                prop_assert_eq!(before, after);
            }
            Ok(())
        })?;
    }

    #[test]
    fn a_trail_stays_small_and_comes_back_from_json(requests in prop::collection::vec((wait(), request()), 0..300)) {
        let policy = Policy { accepted: Some(0), rate: None, change: None, least: Evidence::Seen };
        let mut trail = Trail::default();
        play_all(&policy, &requests, |_, visit, _| {
            trail.clone_from(&visit.clicks.trail);
            prop_assert!(trail.views.len() <= 64 && trail.tries.len() <= 64 && trail.hot.len() <= 64);
            Ok(())
        })?;
        let json = serde_json::to_string(&trail).expect("plain data");
        prop_assert_eq!(serde_json::from_str::<Trail>(&json).expect("ours"), trail);
    }
}
