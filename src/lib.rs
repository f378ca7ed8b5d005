//! Afterword asks a customer, by email, how a finished support conversation was.
//!
//! # The life of a survey
//!
//! 1. A helpdesk reports a [closing](survey::closing::Closing): [`Gateway::close`]. Or it sends a webhook of its own:
//!    [`Gateway::hear`] checks the [signature](helpdesk::signature) and [reads](helpdesk::read) the closing from the payload.
//!    If the payload leaves facts open and the API of the helpdesk may tell them, the closing [waits](survey::enrichment)
//!    until [`Gateway::enrich_due`] has fetched its conversation. The command [`Close`](ledger::closings::Close) has the
//!    rules of [`eligibility`](survey::eligibility::judge) decide whether to ask, and makes the survey with its mail. The
//!    decision is stored with all its reasons. [`Gateway::reopen`] cancels a mail that still waits, and so do a newer
//!    closing and, at the claim, an opt-out.
//! 2. A [worker](worker::run) calls [`Gateway::deliver_due`] again and again. The command
//!    [`Claim`](ledger::outbox::Claim) takes a mail that is due, unless it
//!    [should no longer be sent](survey::eligibility::still_asks). The worker [composes](mail::compose::request) it with
//!    five [signed links](survey::link) and [sends](mail::transport::Connection::send) it; the command
//!    [`Mark`](ledger::outbox::Mark) stores [what became of it](survey::outbound::Outbound::mark). What a refusal is about
//!    is [judged](survey::refusal::judge) by its step; if it isn't about the mail, [sending pauses](survey::sending::Flow).
//!    Bounces and complaints come back later: as mails to [`Gateway::take_returned`], or as webhooks of a
//!    [mail provider](provider::read) to [`Gateway::take_report`].
//! 3. The customer clicks a face: [`Gateway::open_link`] queues the view and returns a page. Its
//!    [mode](survey::page::Mode) says what the page needs to believe the click. A view rates nothing.
//! 4. The page confirms, or the customer presses or comments: [`Gateway::answer`]. The rules of
//!    [`evidence`](survey::evidence::Clicks::answer) decide whether that is a person, and where the rating
//!    [stands](survey::rating::Standing). A comment locks it.
//! 5. The team reads [`Gateway::report`] and [`Gateway::ratings`], over the `report_*` views of `migrations/sqlite/`, and
//!    [`Gateway::conversation`], which is told as a [story](survey::story). The admin pages show [`Gateway::overview`], with
//!    [intervals](survey::interval) and [charts](render::chart), to those who [signed in](Gateway::sign_in). A report reads
//!    sums by day instead of every rating: the writer [folds](Gateway::roll_up) ratings into them when it has time.
//! 6. The team acts. An unhappy customer's rating opens a [follow-up](survey::follow_up), which somebody takes and
//!    finishes: [`Gateway::follow`]. Admins [decide](Gateway::moderate) about ratings: a
//!    [held one counts or goes](survey::moderation), an abusive one counts nowhere. [`Gateway::decisions`] counts why nobody
//!    was asked. A weekly mail brings the figures to the team: [`Gateway::announce_digests`] queues the
//!    [digests](survey::digest) that are due, in the same outbox.
//! 7. Others get to know. Each change that matters to them is an [event](survey::event), which is
//!    [derived](ledger::Batch::to_tell) from the batch and stored with it. A worker for each target calls
//!    [`Gateway::tell_due`]: a [webhook](hook::body) gets the event, a team gets an [alert](survey::alert) about a low
//!    rating by chat or mail, and a helpdesk gets a private [note](hook::note). An event about a rating waits some minutes,
//!    and a worker sends only [what still holds](survey::event::turn).
//! 8. A customer can be forgotten: on request by [`Gateway::erase`], by age by [`Gateway::expire`]. The score stays.
//!
//! # How it is watched
//!
//! A running service writes a [sign of life](ledger::heartbeat) every few seconds, and whenever somebody asks whether it
//! is [ready](Gateway::readiness). It holds what only the process knows, so [`Gateway::status`] reads everything from the
//! database, also for a service that is down. [`metrics`] counts in memory.
//!
//! # How it is built
//!
//! The middle is pure. [`survey`] holds the rules, each file about one. [`ledger`] holds the commands, one file a noun: what
//! each needs of the database, and what it changes. Around them, the [`store`] makes surveys durable in one place: one
//! writer gathers all commands that wait, loads what they touch in one trip, lets each decide in order, saves and commits
//! in another, and only then answers. So every click is decided after every view before it, and an answered write survives
//! a power cut. [`helpdesk`] and [`provider`] read the payloads of others, and are pure too. [`mail`] composes and sends
//! letters, [`hook`] composes and sends requests, [`render`] shows reports, and the [`gateway`] holds the verbs. [`web`], [`cli`] and [`worker`] are thin: they extract, call one verb, render.
//!
//! A new write of surveys or mails is a command in `ledger`, a verb of [`Store`](store::Store), a verb of the gateway, and
//! a handler; a call of the API is also an entry in `web/openapi/calls`, which makes its route and its description. New data
//! is also a cell in `store/sqlite/load.rs` and `save.rs`, and a field of what
//! [`Batch`](ledger::Batch) holds.
//!
//! Imports go one way, and a test holds it: main → cli → {web, worker} → {gateway, render} → {store, mail, hook} → ledger →
//! survey. [`helpdesk`] and [`provider`] import only `survey`; `provider` shares the type of headers with `helpdesk`.
//! [`config`], [`clock`], [`metrics`], [`private`], [`secrets`] and [`text`] import only `survey` and each other, but
//! `config` reads settings into types of `helpdesk` and `provider`. There are three seams for tests: the [transport](mail::transport::Transport), the [clock](clock::Clock), and a
//! [client](hook::http::Client::scripted) that reaches nothing.
//!
//! # Words
//!
//! - **standing**: where a rating stands: unrated, rated, held, locked or voided.
//! - **hold**: a rating made among signs of a machine does not count until a person confirms it.
//! - **trail**: the newest views, tries and hot spans of a survey, which the click rules look back on.
//! - **try**: a posted confirmation, without a comment. Its **fate** is that it counts, or the rule that refused it.
//! - **opening**: who opened a survey that nobody rated, as far as the headers of the first visits tell.
//! - **young**: the mail was accepted less than five minutes ago, which is when scanners come.
//! - **pose**: whether the GET of a link looked like a click in a mail, from a phone or a webmail.
//! - **once more**: a page that answers a refused press. It says that one more press saves, and that press is taken.
//! - **hot**: scripts cannot rate for five minutes, because several faces were opened or tried at once.
//! - **batch**: the commands that the writer decides in one transaction, and what they touch.
//! - **outbox**: everything to be sent, and what became of it.
//! - **lease**: the right to send one mail until a moment; it names the service that holds it.
//! - **mark**: the stored result of one attempt to send.
//! - **pace**: a rate of sending, overall or for one recipient domain.
//! - **pause**: no mail goes out, because the relay refuses the sender or can't be reached; one mail **probes** it now and
//!   then. A **halt** is a pause that a person made.
//! - **cut**: what the rows of a report stand for: teammates, tags, months and so on.
//! - **span**: local days in a row. A **period** is any stretch of time.
//! - **fact**: a survey that was asked, a rating that counts, or a mail that has not gone out. Every figure is a sum of
//!   facts.
//! - **roll-up**: the sums of facts by day, week and month, in **series**. To **fold** is to add surveys to it; the
//!   **watermark** is the last survey that is in it.
//! - **part**: what a key, a filter or a digest is limited to: a teammate, a team, or all.
//! - **turn**: how often a follow-up was taken, finished or reopened. A form names the one that its sender saw.
//! - **tick**: a reason or an answer that a customer chose beside a rating. No click rule reads it.
//! - **connection**: one configured helpdesk. Its name is part of what names a conversation; empty for `POST /v1/closings`.
//! - **enrich**: to fetch the conversation of a closing for what its payload left unknown; the closing **waits** meanwhile.
//! - **event**: something that happened to a survey or a rating, or a closing that nobody was asked about.
//! - **target**: a webhook, an alert or a helpdesk that gets events. **Telling**: one event for one target, and how it fares.
//! - **note**: a rating, written into its conversation for the team only.
//! - **leniency**: what the door for templates takes and `POST /v1/closings` does not.
//! - **custom texts**: the operator's wording in place of the built-in one.
//!
//! Read `gateway.rs` next, then `tests/it/life.rs`, which lives through all of it.

pub mod cli;
pub mod clock;
pub mod config;
pub mod gateway;
pub mod helpdesk;
pub mod hook;
pub mod ledger;
pub mod mail;
pub mod metrics;
pub mod private;
pub mod provider;
pub mod render;
pub mod secrets;
pub mod store;
pub mod survey;
pub mod text;
pub mod web;
pub mod worker;

#[cfg(doc)]
use gateway::Gateway;
