//! The click rules, step by step: each test is a few visits, written as scripts that a person can read.
//!
//! A script has one request a line, `<seconds> <verb> …`, beside settings and expectations:
//!
//! ```text
//! accepted never | evidence touched | rate 3600 | change 3600      settings, before the first request
//! 600 get 4 a seen             link 4 is opened; the page is called a (`-`: nobody's), and its mode is seen
//! 600 head 4 - | 600 machine 4 a      the same by a HEAD, and by a GET that is a machine view
//! 600 phone 4 a | 600 webmail 4 a     the same by a GET that looks like a click in a mail
//! 600 page 4 a seen            a page that was rendered before its view was written
//! 602 seen a ok                a confirms by script; the outcome is ok; also `touched`, `press`, `comment`
//! 602 press a:2 ask b change   face 2 is picked; the answer's page is called b, and its mode is change
//! 602 press a ask same         the answer carries the very page that was posted
//! = rated 4 seen               where the rating stands now
//! changes rated held           the whole history so far
//! since 602                    when the rating was given
//! ```

mod early;
mod fates;
mod later;
mod machines;
mod model;
mod once_more;
mod poses;

use super::*;
use crate::survey::page::{Mode, Outcome, Page, PageId, Post, Reply, Visitor};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A time of that many seconds after the closing, which is when the mail was accepted.
#[expect(clippy::cast_possible_truncation, reason = "tests do not last that long")]
fn at(seconds: f64) -> Time {
    Time::from_timestamp_millis(1_700_000_000_000 + (seconds * 1000.0).round() as i64).expect("in the calendar")
}

fn face(number: i64) -> Score {
    Score::try_from(number).expect("1 to 5")
}

/// One survey and its visitors.
struct Visit {
    clicks: Clicks,
    least: Evidence,
    pages: BTreeMap<String, Page>,
    issued: u64,
    last_link: Score,
}

impl Visit {
    fn new(least: Evidence, rate_within: Option<f64>, change_within: Option<f64>) -> Self {
        let clicks = Clicks::new(Some(at(0.0)), rate_within.map(at), change_within.map(at));
        Self { clicks, least, pages: BTreeMap::new(), issued: 0, last_link: face(1) }
    }

    fn usual() -> Self {
        Self::new(Evidence::Seen, None, None)
    }

    fn fresh_id(&mut self) -> PageId {
        self.issued += 2;
        PageId::new(self.issued)
    }

    fn open(&mut self, t: f64, score: Score, visitor: Visitor) -> Page {
        self.last_link = score;
        self.clicks.view(at(t), score, visitor, self.least).page(self.fresh_id(), score, at(t))
    }

    fn post(&mut self, t: f64, page: Option<Page>, how: Evidence, picked: Option<Score>, comment: &str) -> Reply {
        let link = page.as_ref().map_or(self.last_link, |page| page.score);
        let comment = (!comment.trim().is_empty()).then(|| comment.to_owned());
        let post = Post { clicked: link, page, how, picked, comment, fresh: self.fresh_id() };
        self.clicks.answer(at(t), &post, self.least)
    }

    fn stands(&self) -> String {
        let standing = &self.clicks.standing;
        match standing.rating() {
            None => standing.word().to_string(),
            Some(rating) => format!("{} {} {}", standing.word(), rating.score.number(), rating.evidence.word()),
        }
    }

    fn name_page(&mut self, name: &str, page: Page) {
        if name != "-" {
            self.pages.insert(name.to_owned(), page);
        }
    }

    fn line(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            [] => {}
            ["=", ..] => assert_eq!(self.stands(), words[1..].join(" "), "{line}"),
            ["changes", ..] => {
                let changes: Vec<_> = self.clicks.changes.iter().map(|change| change.kind.word()).collect();
                assert_eq!(changes, words[1..], "{line}");
            }
            ["since", t] => {
                let rating = self.clicks.standing.rating().expect("a rating");
                assert_eq!(rating.rated_at, at(seconds(t)), "{line}");
            }
            ["accepted", t] => self.clicks.accepted_at = t.parse().ok().map(at),
            ["evidence", word] => self.least = evidence(word),
            ["rate", t] => self.clicks.rate_until = Some(at(seconds(t))),
            ["change", t] => self.clicks.change_until = Some(at(seconds(t))),
            [t, pose @ ("get" | "head" | "machine" | "phone" | "webmail"), score, name, ref mode @ ..] => {
                let visitor = Visitor {
                    machine: matches!(pose, "head" | "machine"),
                    phone: pose == "phone",
                    webmail: pose == "webmail",
                };
                let page = self.open(seconds(t), face(score.parse().expect("a score")), visitor);
                assert!(mode.is_empty() || mode == [page.mode.word()], "{line}: {:?}", page.mode);
                self.name_page(name, page);
            }
            [t, "page", score, name, mode] => {
                let score = face(score.parse().expect("a score"));
                let mode = mode.parse().expect("a mode");
                let page = Page::new(self.fresh_id(), score, mode, at(seconds(t)));
                self.name_page(name, page);
            }
            [t, verb, form, outcome, ref answer @ ..] => {
                let (name, picked) = form.split_once(':').map_or((form, None), |(name, score)| (name, Some(score)));
                let picked = picked.map(|score| face(score.parse().expect("a score")));
                let page = self.pages.get(name).cloned();
                let text = if verb == "comment" { "thank you" } else { " \r\n" };
                let reply = self.post(seconds(t), page.clone(), evidence(verb), picked, text);
                assert_eq!(format!("{:?}", reply.outcome).to_lowercase(), outcome, "{line}");
                match *answer {
                    [] => {}
                    ["same"] => assert_eq!(Some(reply.page), page, "{line}"),
                    [name, ref mode @ ..] => {
                        assert!(mode.is_empty() || mode == [reply.page.mode.word()], "{line}: {:?}", reply.page.mode);
                        assert_eq!(reply.page.issued, at(seconds(t)), "{line}: a fresh page");
                        self.name_page(name, reply.page);
                    }
                }
            }
            _ => panic!("not understood: {line}"),
        }
    }
}

fn seconds(text: &str) -> f64 {
    text.parse().expect("seconds")
}

/// The evidence a verb claims; a comment claims none, so it is sent as a press.
fn evidence(word: &str) -> Evidence {
    match word {
        "seen" => Evidence::Seen,
        "touched" => Evidence::Touched,
        "pressed" | "press" | "comment" => Evidence::Pressed,
        _ => panic!("no evidence: {word}"),
    }
}

/// Plays scripts, each a visit of its own.
fn play(scripts: &[&str]) {
    for script in scripts {
        let mut visit = Visit::usual();
        for line in script.lines() {
            visit.line(line.split('#').next().unwrap_or_default());
        }
    }
}

#[derive(Deserialize)]
struct Trace {
    name: String,
    policy: Windows,
    events: Vec<Event>,
    expect: Expected,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Windows {
    evidence: Option<Evidence>,
    rate_within: Option<f64>,
    change_within: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    t: f64,
    op: String,
    score: Option<Score>,
    page: Option<String>,
    how: Option<Evidence>,
    picked: Option<Score>,
    text: Option<String>,
    answer_page: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
}

impl Event {
    /// As far as the published traces go: the whole of it is in `web/extract.rs`, and `tests/it/traces.rs` plays that.
    fn visitor(&self) -> Visitor {
        let is = |name: &str, value: &str| self.headers.get(name).is_some_and(|given| given == value);
        let prefetch = ["Sec-Purpose", "Purpose", "X-Moz"].iter().any(|name| self.headers.contains_key(*name));
        Visitor {
            machine: prefetch || self.op == "head",
            phone: self.headers.get("User-Agent").is_some_and(|agent| agent.contains("iPhone")),
            webmail: is("Sec-Fetch-Site", "cross-site") && is("Sec-Fetch-User", "?1"),
        }
    }
}

#[derive(Deserialize)]
struct Expected {
    standing: String,
    score: Option<Score>,
}

#[test]
fn every_published_trace_ends_as_it_says() {
    let traces: Vec<Trace> =
        serde_json::from_str(include_str!("../../../tests/data/traces.json")).expect("traces.json is well formed");
    assert_eq!(traces.len(), 26);
    for Trace { name, policy, events, expect } in traces {
        let mut visit = Visit::new(policy.evidence.unwrap_or(Evidence::Seen), policy.rate_within, policy.change_within);
        for event in events {
            let named = event.page.as_ref();
            let posted = named.and_then(|page| visit.pages.get(page)).cloned();
            match event.op.as_str() {
                "get" | "head" => {
                    let score = event.score.expect("a link has a score");
                    let page = visit.open(event.t, score, event.visitor());
                    visit.name_page(named.map_or("-", String::as_str), page);
                }
                _ => {
                    let how = event.how.unwrap_or(Evidence::Pressed);
                    let text = event.text.unwrap_or_default();
                    let reply = visit.post(event.t, posted, how, event.picked, &text);
                    visit.name_page(event.answer_page.as_deref().unwrap_or("-"), reply.page);
                }
            }
        }
        let standing = &visit.clicks.standing;
        assert_eq!((standing.word().word(), standing.score()), (expect.standing.as_str(), expect.score), "{name}");
    }
}
