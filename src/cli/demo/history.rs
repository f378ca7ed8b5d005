//! Brings the made-up history about, through the gateway's own verbs, so that it obeys every rule.
//!
//! It owns the order of what happens and the hand of the clock. It must not know how a verb is done: it closes what a
//! helpdesk closes, sends what is due, reads the mails, and opens their links.
//!
//! Every write waits for the disk, so what happens within [`MOMENT`] is done at once, as one moment: the store then
//! commits it together.

use super::plan::{self, Act, End, Reaction, Report, Scan, Visit};
use crate::gateway::{Decided, Delivery, Error, Form, Gateway, Opened};
use crate::mail::transport::Memory;
use crate::store::Decision;
use crate::survey::Time;
use crate::survey::closing::Closing;
use crate::survey::eligibility::Cause;
use crate::survey::evidence::{Evidence, Mode};
use chrono::TimeDelta;
use futures_util::future::{join_all, try_join_all};
use mail_parser::MessageParser;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use uuid::Uuid;

/// What happens within this is taken as one moment.
const MOMENT: TimeDelta = TimeDelta::minutes(90);
/// From one moment to the next at least: longer than all that happens in one.
const PAUSE: TimeDelta = TimeDelta::minutes(1);
/// Within a moment: when a gateway has scanned new mails,
const SCANNED: TimeDelta = TimeDelta::seconds(2);
/// when a visitor confirms a page,
const CONFIRMED: TimeDelta = TimeDelta::seconds(9);
/// and when a comment is written, or a gateway follows a visitor.
const COMMENTED: TimeDelta = TimeDelta::seconds(44);
/// How long after its mail an address unsubscribes or bounces.
const ENDED: TimeDelta = TimeDelta::minutes(25);

/// Makes the history of so many days up to a moment. The gateway's clock must be one of the hand, and its mails must go
/// into `inbox`. `tell` hears each month that begins.
///
/// # Errors
/// An unavailable store.
pub(super) async fn make(
    gateway: &Gateway,
    inbox: &Memory,
    days: u64,
    until: Time,
    mut tell: impl FnMut(String),
) -> Result<(), Error> {
    let mut play = Play { gateway, inbox, agenda: BTreeMap::new(), filed: 0 };
    // The last moment must be over by then, too.
    let end = until - PAUSE;
    for (at, report) in plan::plan(days, end) {
        play.file(at, Event::Report(report));
    }
    let mut month = String::new();
    let mut now = Time::UNIX_EPOCH;
    while let Some((at, events)) = play.next(end) {
        now = at.max(now + PAUSE).min(end);
        let begun = now.format("%B %Y").to_string();
        if begun != month {
            month.clone_from(&begun);
            tell(begun);
        }
        play.moment(now, events).await?;
    }
    gateway.clock.set(until);
    gateway.settle().await
}

enum Event {
    Report(Report),
    Visit(Arc<Links>, Visit),
    Unsubscribe(Arc<Links>),
    Bounce(String),
}

/// The links of a mail.
struct Links {
    /// One a score, worst first.
    rate: Vec<String>,
    unsubscribe: String,
}

struct Play<'a> {
    gateway: &'a Gateway,
    inbox: &'a Memory,
    /// What is still to happen; the number keeps equal times in the order they were filed.
    agenda: BTreeMap<(Time, u64), Event>,
    filed: u64,
}

impl Play<'_> {
    fn file(&mut self, at: Time, event: Event) {
        self.filed += 1;
        self.agenda.insert((at, self.filed), event);
    }

    /// The next moment, and all that happens in it; what would come at `end` or later never happens.
    fn next(&mut self, end: Time) -> Option<(Time, Vec<Event>)> {
        let ((first, _), _) = self.agenda.first_key_value()?;
        let later = self.agenda.split_off(&(end.min(*first + MOMENT), 0));
        let events = std::mem::replace(&mut self.agenda, later);
        let (last, _) = *events.last_key_value()?.0;
        Some((last, events.into_values().collect()))
    }

    async fn moment(&mut self, now: Time, events: Vec<Event>) -> Result<(), Error> {
        let (mut closings, mut visits, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for event in events {
            match event {
                Event::Report(Report::Close(closing, reaction)) => closings.push((closing, reaction)),
                Event::Visit(links, visit) => visits.push((links, visit)),
                other => others.push(other),
            }
        }
        self.gateway.clock.set(now);
        let (asked, opened, others) = tokio::join!(
            try_join_all(closings.into_iter().map(|(closing, reaction)| self.close(closing, reaction))),
            try_join_all(visits.iter().map(|(links, visit)| self.open(links, visit))),
            try_join_all(others.into_iter().map(|event| self.other(now, event))),
        );
        others?;
        let opened = opened?;
        let asked: Vec<_> = asked?.into_iter().flatten().collect();
        self.deliver(now, asked).await?;
        self.answer(now, &visits, &opened).await
    }

    /// Closes a conversation; the survey if one was made, the address and what comes of it.
    async fn close(&self, closing: Box<Closing>, then: Reaction) -> Result<Option<(Uuid, String, Reaction)>, Error> {
        let address = closing.address().unwrap_or_default().to_owned();
        let Decided { decision, .. } = self.gateway.close(*closing, false).await?;
        Ok(match decision {
            Decision::Ask { survey, .. } => Some((survey, address, then)),
            Decision::Skip(_) => None,
        })
    }

    async fn open(&self, links: &Links, visit: &Visit) -> Result<Opened, Error> {
        self.gateway.open_link(&links.rate[visit.score.index()], false).await
    }

    async fn other(&self, now: Time, event: Event) -> Result<(), Error> {
        match event {
            Event::Report(Report::Reopen(conversation)) => self.gateway.reopen(conversation, now).await.map(drop),
            Event::Unsubscribe(links) => self.gateway.unsubscribe(&links.unsubscribe, true).await.map(drop),
            Event::Bounce(address) => self.gateway.suppress(&address, Cause::Bounced).await,
            Event::Report(Report::Close(..)) | Event::Visit(..) => Ok(()),
        }
    }

    /// Sends the mails of new surveys, lets gateways scan them, and files what their customers will do.
    async fn deliver(&mut self, now: Time, asked: Vec<(Uuid, String, Reaction)>) -> Result<(), Error> {
        let mut letters = self.send(asked.len()).await?;
        let mut scans = Vec::new();
        for (survey, address, then) in asked {
            let Some(links) = letters.remove(&survey).map(Arc::new) else { continue };
            for visit in then.visits {
                self.file(now + visit.after, Event::Visit(Arc::clone(&links), visit));
            }
            match then.end {
                Some(End::Unsubscribes) => self.file(now + ENDED, Event::Unsubscribe(Arc::clone(&links))),
                Some(End::Bounces) => self.file(now + ENDED, Event::Bounce(address)),
                None => {}
            }
            scans.extend(then.scan.map(|scan| scanned(self.gateway, links, scan)));
        }
        self.gateway.clock.set(now + SCANNED);
        try_join_all(scans).await.map(drop)
    }

    /// Sends the mails that are due, so many, and reads them: the links of each survey.
    async fn send(&self, mails: usize) -> Result<HashMap<Uuid, Links>, Error> {
        let send = async || {
            let (mut courier, mut sent) = (self.gateway.courier(), 0);
            while self.gateway.deliver_due(&mut courier).await? == Delivery::Tried {
                sent += 1;
            }
            Ok::<_, Error>(sent)
        };
        let sent: usize = try_join_all((0..mails).map(|_| send())).await?.into_iter().sum();
        let newest = if sent > 0 { self.inbox.mails() } else { Vec::new() };
        Ok(newest.iter().rev().take(sent).filter_map(|raw| links_of(raw)).collect())
    }

    /// Visitors confirm their pages; then they write, or a gateway follows them.
    async fn answer(&self, now: Time, visits: &[(Arc<Links>, Visit)], opened: &[Opened]) -> Result<(), Error> {
        self.gateway.clock.set(now + CONFIRMED);
        let pages = || visits.iter().zip(opened).filter(|((_, visit), _)| visit.act != Act::Leaves);
        let post = |links: &Links, visit: &Visit, form| {
            let link = links.rate[visit.score.index()].clone();
            async move { self.gateway.answer(&link, form).await }
        };
        let confirmed = pages().map(|((links, visit), page)| post(links, visit, confirmation(visit, page)));
        try_join_all(confirmed).await?;
        self.gateway.clock.set(now + COMMENTED);
        let comments = pages().filter_map(|((links, visit), page)| {
            let comment = visit.comment?.to_owned();
            Some(post(links, visit, Form { comment, ..confirmation(visit, page) }))
        });
        let followed = pages().filter(|((_, visit), _)| visit.act == Act::Doubted);
        let followed = followed.map(|((links, _), _)| scanned(self.gateway, Arc::clone(links), Scan::Disguised));
        let (comments, followed) = tokio::join!(join_all(comments), join_all(followed));
        comments.into_iter().map(|done| done.map(drop)).chain(followed).collect()
    }
}

/// A mail gateway opens all five links.
async fn scanned(gateway: &Gateway, links: Arc<Links>, scan: Scan) -> Result<(), Error> {
    try_join_all(links.rate.iter().map(|link| gateway.open_link(link, scan == Scan::Named))).await.map(drop)
}

/// What a visitor's browser posts to confirm a page.
fn confirmation(visit: &Visit, opened: &Opened) -> Form {
    let how = match opened.page.mode {
        Mode::Seen => visit.how,
        Mode::Touched => visit.how.max(Evidence::Touched),
        _ => Evidence::Pressed,
    };
    Form {
        page: opened.page_token.clone(),
        how,
        picked: (visit.act == Act::Changes).then_some(visit.score),
        comment: String::new(),
        cross_site: false,
        program: true,
    }
}

/// The survey that a mail belongs to, by its Message-ID, and its links in the order of the text.
fn links_of(raw: &[u8]) -> Option<(Uuid, Links)> {
    let mail = MessageParser::default().parse(raw)?;
    let (survey, _) = mail.message_id()?.split_once('@')?;
    let text = mail.body_text(0)?;
    let tokens = |path: &str| {
        let found = text.split(path).skip(1);
        found.filter_map(|rest| rest.split_whitespace().next()).map(str::to_owned).collect::<Vec<_>>()
    };
    let (rate, mut unsubscribe) = (tokens("/r/"), tokens("/u/"));
    (rate.len() == 5).then_some((survey.parse().ok()?, Links { rate, unsubscribe: unsubscribe.pop()? }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::config::Config;
    use crate::gateway::ReportQuery;
    use crate::mail::transport::Transport;
    use crate::store::{Group, Within};
    use crate::survey::report::Figures;

    const DAYS: u64 = 8;

    async fn played() -> (Figures, Vec<Group>) {
        let folder = tempfile::tempdir().expect("a folder");
        let until: Time = "2026-11-20T15:00:00Z".parse().expect("a time");
        let config = Config {
            database: folder.path().join("demo.db"),
            link_keys_file: folder.path().join("demo.keys"),
            ..Config::default()
        };
        let inbox = Memory::default();
        let transport = Some(Transport::Memory(inbox.clone()));
        let gateway = Gateway::open(config, Clock::at(until), transport).await.expect("a new database");
        make(&gateway, &inbox, DAYS, until, |_| ()).await.expect("a history");
        let query = |by: &str| ReportQuery { by: Some(by.to_owned()), ..ReportQuery::default() };
        let by_day = gateway.report(&query("day"), &Within::default()).await.expect("a report");
        let mut rows = gateway.report(&query("teammate"), &Within::default()).await.expect("a report").rows;
        rows.extend(by_day.rows);
        gateway.close_down().await;
        (by_day.total, rows)
    }

    #[tokio::test]
    async fn a_history_is_rich_and_the_same_every_time() {
        let (total, rows) = played().await;
        assert!((70..160).contains(&total.asked), "{total:?}");
        assert!((20..70).contains(&total.answered), "{total:?}");
        assert!(total.unconfirmed > 0, "{total:?}");
        assert!(total.scores.iter().filter(|count| **count > 0).count() >= 4, "{total:?}");
        assert!(rows.len() > 7 + 6, "rows for teammates and for days");
        assert_eq!(played().await, (total, rows));
    }
}
