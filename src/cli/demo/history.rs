//! Replays the made-up history through the gateway's public methods, so that it obeys every rule.
//!
//! It owns the order of events and sets the gateway's clock. It must not know how the gateway works: it closes
//! conversations as a helpdesk does, sends due mail, reads the mails, and opens their links.
//!
//! Every write waits for the disk. So all events within [`BATCH`] run concurrently, at one time of the clock, and the
//! store commits them together.

use super::inbox::{self, Links};
use super::plan::{self, Act, End, Reaction, Scan, Visit};
use super::team::Team;
use crate::gateway::{Delivery, Error, Form, Gateway, Opened};
use crate::mail::transport::Memory;
use crate::survey::Time;
use crate::survey::answers::REASONS;
use crate::survey::closing::{Closing, Conversation};
use crate::survey::eligibility::Decision;
use crate::survey::page::{Evidence, Mode, Visitor};
use crate::survey::suppression::Bounce;
use chrono::TimeDelta;
use futures_util::future::{join_all, try_join_all};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use uuid::Uuid;

/// Events within this time run as one batch.
const BATCH: TimeDelta = TimeDelta::minutes(90);
/// The least time between two batches: longer than what happens within one.
const BATCH_GAP: TimeDelta = TimeDelta::minutes(1);
/// From the start of a batch to the scan of its new mails by mail gateways.
const SCAN_AFTER: TimeDelta = TimeDelta::seconds(2);
/// From the start of a batch to the confirmation of the pages that it opened.
const CONFIRM_AFTER: TimeDelta = TimeDelta::seconds(4);
/// From the start of a batch to its comments, and to scans of links that a visitor opened.
const COMMENT_AFTER: TimeDelta = TimeDelta::seconds(44);
/// From a mail to its customer's unsubscribing, or to its bounce.
const END_AFTER: TimeDelta = TimeDelta::minutes(25);
/// What a server says of an address that is gone.
const NO_SUCH_MAILBOX: &str = "550 5.1.1 No such mailbox";

/// Replays the history of `days` days up to `until`. The gateway must have a manual clock and send its mails to
/// `inbox`. Calls `on_month` at the start of each month, with its name.
///
/// # Errors
/// An unavailable store.
pub(super) async fn replay(
    gateway: &Gateway,
    inbox: &Memory,
    days: u64,
    until: Time,
    mut on_month: impl FnMut(String),
) -> Result<(), Error> {
    let mut replay = Replay { gateway, inbox, agenda: BTreeMap::new(), scheduled: 0, team: Team::default() };
    // The last batch, too, must be over at `until`.
    let end = until - BATCH_GAP;
    for (at, report) in plan::plan(days, end) {
        replay.schedule(at, Event::Report(report));
    }
    for at in plan::evenings(days, end) {
        replay.schedule(at, Event::TeamWorks);
    }
    let mut month = String::new();
    let mut now = Time::UNIX_EPOCH;
    while let Some((at, events)) = replay.next_batch(end) {
        now = at.max(now + BATCH_GAP).min(end);
        let current = now.format("%B %Y").to_string();
        if current != month {
            month.clone_from(&current);
            on_month(current);
        }
        replay.run(now, events).await?;
    }
    gateway.clock.set(until);
    gateway.flush().await
}

enum Event {
    Report(plan::Event),
    Visit(Arc<Links>, Visit),
    Unsubscribe(Arc<Links>),
    Bounce(String),
    /// The team does what the ratings of the day ask for.
    TeamWorks,
}

struct Replay<'a> {
    gateway: &'a Gateway,
    inbox: &'a Memory,
    /// Future events. The number keeps events of the same time in the order in which they were scheduled.
    agenda: BTreeMap<(Time, u64), Event>,
    scheduled: u64,
    team: Team,
}

impl Replay<'_> {
    fn schedule(&mut self, at: Time, event: Event) {
        self.scheduled += 1;
        self.agenda.insert((at, self.scheduled), event);
    }

    /// Removes the next batch of events. Returns it with the time of its last event. Never returns events at `end` or
    /// later.
    fn next_batch(&mut self, end: Time) -> Option<(Time, Vec<Event>)> {
        let ((first, _), _) = self.agenda.first_key_value()?;
        let later = self.agenda.split_off(&(end.min(*first + BATCH), 0));
        let events = std::mem::replace(&mut self.agenda, later);
        let (last, _) = *events.last_key_value()?.0;
        Some((last, events.into_values().collect()))
    }

    async fn run(&mut self, now: Time, events: Vec<Event>) -> Result<(), Error> {
        let (mut closings, mut visits, mut others) = (Vec::new(), Vec::new(), Vec::new());
        let team_works = events.iter().any(|event| matches!(event, Event::TeamWorks));
        for event in events {
            match event {
                Event::Report(plan::Event::Close(closing, reaction)) => closings.push((closing, reaction)),
                Event::Visit(links, visit) => visits.push((links, visit)),
                other => others.push(other),
            }
        }
        self.gateway.clock.set(now);
        let (surveys, opened, others) = tokio::join!(
            try_join_all(closings.into_iter().map(|(closing, reaction)| self.close(closing, reaction))),
            try_join_all(visits.iter().map(|(links, visit)| self.open(links, visit))),
            try_join_all(others.into_iter().map(|event| self.other(now, event))),
        );
        others?;
        let opened = opened?;
        let surveys: Vec<_> = surveys?.into_iter().flatten().collect();
        self.deliver(now, surveys).await?;
        self.answer(now, &visits, &opened).await?;
        if team_works { self.team.work(self.gateway).await } else { Ok(()) }
    }

    /// Closes a conversation. Returns the survey, its address and the customer's reaction, unless the rules skip it.
    async fn close(
        &self,
        closing: Box<Closing>,
        reaction: Reaction,
    ) -> Result<Option<(Uuid, String, Reaction)>, Error> {
        let address = closing.address().unwrap_or_default().to_owned();
        Ok(match self.gateway.close(*closing, false).await?.decision {
            Decision::Ask { survey, .. } => Some((survey, address, reaction)),
            Decision::Skip(_) => None,
        })
    }

    async fn open(&self, links: &Links, visit: &Visit) -> Result<Opened, Error> {
        let link = self.gateway.link(&links.rate[visit.score.index()])?;
        self.gateway.open_link(link, visit.with).await
    }

    async fn other(&self, now: Time, event: Event) -> Result<(), Error> {
        match event {
            Event::Report(plan::Event::Reopen(id)) => {
                let conversation = Conversation { connection: String::new(), id };
                self.gateway.reopen(conversation, now).await.map(drop)
            }
            Event::Unsubscribe(links) => {
                let link = self.gateway.link(&links.unsubscribe)?;
                self.gateway.unsubscribe(link).await.map(drop)
            }
            Event::Bounce(address) => self.gateway.bounced_address(&address, Bounce::Hard, NO_SUCH_MAILBOX).await,
            Event::Report(plan::Event::Close(..)) | Event::Visit(..) | Event::TeamWorks => Ok(()),
        }
    }

    /// Sends the mails of new surveys, runs the scans of mail gateways, and schedules what the customers will do.
    async fn deliver(&mut self, now: Time, surveys: Vec<(Uuid, String, Reaction)>) -> Result<(), Error> {
        let mut sent = self.send(surveys.len()).await?;
        let mut scans = Vec::new();
        for (survey, address, reaction) in surveys {
            let Some(links) = sent.remove(&survey).map(Arc::new) else { continue };
            for visit in reaction.visits {
                self.schedule(now + visit.after, Event::Visit(Arc::clone(&links), visit));
            }
            match reaction.end {
                Some(End::Unsubscribes) => self.schedule(now + END_AFTER, Event::Unsubscribe(Arc::clone(&links))),
                Some(End::Bounces) => self.schedule(now + END_AFTER, Event::Bounce(address)),
                None => {}
            }
            scans.extend(reaction.scan.map(|scan| open_all(self.gateway, links, scan)));
        }
        self.gateway.clock.set(now + SCAN_AFTER);
        try_join_all(scans).await.map(drop)
    }

    /// Sends all due mails, with `workers` workers at once. Returns the links of each survey, as its mail has them.
    async fn send(&self, workers: usize) -> Result<HashMap<Uuid, Links>, Error> {
        let send = async || {
            let (mut worker, mut sent) = (self.gateway.mail_worker(), 0);
            while self.gateway.deliver_due(&mut worker).await? == Delivery::Again {
                sent += 1;
            }
            Ok::<_, Error>(sent)
        };
        let sent: usize = try_join_all((0..workers).map(|_| send())).await?.into_iter().sum();
        let newest = if sent > 0 { self.inbox.mails() } else { Vec::new() };
        Ok(newest
            .iter()
            .rev()
            .take(sent)
            .filter_map(|raw| inbox::read(raw))
            .map(|mail| (mail.survey, mail.links))
            .collect())
    }

    /// Confirms the opened pages. Then posts comments and runs the scans that follow a visitor.
    async fn answer(&self, now: Time, visits: &[(Arc<Links>, Visit)], opened: &[Opened]) -> Result<(), Error> {
        self.gateway.clock.set(now + CONFIRM_AFTER);
        let pages = || visits.iter().zip(opened).filter(|((_, visit), _)| visit.act != Act::Leaves);
        let post = |links: &Links, visit: &Visit, form| {
            let link = self.gateway.link(&links.rate[visit.score.index()]);
            async move { self.gateway.answer(link?, form).await }
        };
        let confirmed = pages().map(|((links, visit), page)| post(links, visit, confirmation(visit, page)));
        try_join_all(confirmed).await?;
        self.gateway.clock.set(now + COMMENT_AFTER);
        let written = pages().filter(|((_, visit), _)| visit.comment.is_some() || !visit.ticked.is_empty());
        let comments = written.map(|((links, visit), page)| post(links, visit, written_form(visit, page)));
        let doubted = pages().filter(|((_, visit), _)| visit.act == Act::Doubted);
        let scans = doubted.map(|((links, _), _)| open_all(self.gateway, Arc::clone(links), Scan::Disguised));
        let (comments, scans) = tokio::join!(join_all(comments), join_all(scans));
        comments.into_iter().map(|done| done.map(drop)).chain(scans).collect()
    }
}

/// Opens all five links at once, as a mail gateway does.
async fn open_all(gateway: &Gateway, links: Arc<Links>, scan: Scan) -> Result<(), Error> {
    let visitor = Visitor { machine: scan == Scan::Named, ..Visitor::default() };
    let open = async |token: &String| gateway.open_link(gateway.link(token)?, visitor).await;
    try_join_all(links.rate.iter().map(open)).await.map(drop)
}

/// The form that a visitor's browser posts to confirm a page.
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
        ticked: None,
        cross_site: false,
        program: true,
    }
}

/// The form that a visitor sends who ticks reasons or writes.
fn written_form(visit: &Visit, opened: &Opened) -> Form {
    let ticked = visit.ticked.iter().map(|key| (REASONS.to_owned(), (*key).to_owned()));
    Form {
        how: Evidence::Pressed,
        comment: visit.comment.unwrap_or_default().to_owned(),
        ticked: Some(ticked.collect()),
        ..confirmation(visit, opened)
    }
}

#[cfg(test)]
mod tests {
    use super::super::guests;
    use super::*;
    use crate::clock::Clock;
    use crate::config::Config;
    use crate::mail::transport::Transport;
    use crate::survey::access::Within;
    use crate::survey::report::{By, Figures, Group, ReportQuery};

    const DAYS: u64 = 8;

    async fn replayed() -> (Figures, Vec<Group>) {
        let folder = tempfile::tempdir().expect("a folder");
        let until: Time = "2026-11-20T15:00:00Z".parse().expect("a time");
        let config = Config {
            database: folder.path().join("demo.db"),
            link_keys_file: folder.path().join("demo.keys"),
            reasons: guests::reasons(),
            ..Config::default()
        };
        let inbox = Memory::default();
        let transport = Some(Transport::Memory(inbox.clone()));
        let (gateway, _lock) = Gateway::serve(config, Clock::at(until), transport).await.expect("a new database");
        replay(&gateway, &inbox, DAYS, until, |_| ()).await.expect("a history");
        let query = |by: By| ReportQuery { cut: by.into(), ..ReportQuery::default() };
        let by_day = gateway.report(&query(By::Day), &Within::default()).await.expect("a report");
        let mut rows = gateway.report(&query(By::Teammate), &Within::default()).await.expect("a report").rows;
        rows.extend(by_day.rows);
        gateway.shut_down().await;
        (by_day.total, rows)
    }

    #[tokio::test]
    async fn a_history_is_rich_and_reproducible() {
        let (total, rows) = replayed().await;
        assert!((70..160).contains(&total.asked), "{total:?}");
        assert!((20..70).contains(&total.answered), "{total:?}");
        assert!(total.unconfirmed > 0, "{total:?}");
        assert!(total.scores.iter().filter(|count| **count > 0).count() >= 4, "{total:?}");
        assert!(rows.len() > 7 + 6, "rows for teammates and for days");
        assert!(rows.iter().any(|row| !row.ticks.is_empty()), "reasons");
        assert_eq!(replayed().await, (total, rows));
    }
}
