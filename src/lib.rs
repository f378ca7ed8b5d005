//! Afterword asks a customer, by email, how a finished support conversation was.
//!
//! # The life of a survey
//!
//! 1. A helpdesk reports a [closing](survey::closing::Closing). [`Gateway::close`] settles its facts, has the rules of
//!    [`eligibility`](survey::eligibility::judge) decide whether to ask, and stores the decision with all its reasons; if
//!    it asks, a survey with its mail waiting in the outbox. [`Gateway::reopen`] cancels what still waits.
//! 2. A [worker](worker::run) steps [`Gateway::deliver_due`]: it claims one mail, [writes](mail::compose::request) it with
//!    five [signed links](survey::link), [carries](mail::transport::Postman::carry) it, and stores what
//!    [follows](survey::delivery::after): accepted, tried again later, or given up.
//!    What comes back later is [taken](Gateway::take_report) too: a hard bounce or a complaint stops further asking.
//! 3. The customer clicks a face. [`Gateway::open_link`] notes the view and answers with a page whose
//!    [mode](survey::evidence::Mode) says what it takes to believe the click. A view rates nothing.
//! 4. The page confirms, or the customer presses or comments: [`Gateway::answer`]. The rules of
//!    [`evidence`](survey::evidence::Clicks::answer) decide whether that is a person, and where the rating
//!    [stands](survey::rating::Standing). A comment locks it.
//! 5. The team reads [`Gateway::report`], [`Gateway::ratings`] and [`Gateway::conversation`], all over the `report_*` views
//!    of `migrations/`.
//!
//! # How it is built
//!
//! The middle is pure: [`survey`] decides everything and touches nothing. Around it, the [`store`] makes every decision
//! durable in one place: a single writer task gathers all [commands](store::Command) that wait, loads what they touch in
//! one trip to the database, decides each in order with `survey`, saves and commits in another, and only then answers.
//! So a click is decided after every view before it, and an answered write survives a power cut, at the rate of page
//! views. [`mail`] writes and carries letters, the [`gateway`] holds the verbs, and [`web`], [`cli`] and [`worker`] are
//! thin: they extract, call one verb, render.
//!
//! Imports go one way, and a test holds it: main → cli → {web, worker} → gateway → {store, mail} → survey. [`config`],
//! [`clock`], [`keys`] and [`text`] are leaves that at most name `survey`, and `config` the own words in `text`. There are
//! two seams for tests: the [transport](mail::transport::Transport) and the [clock](clock::Clock), both enums.
//!
//! Read `gateway.rs` next, then `tests/it/life.rs`.

pub mod cli;
pub mod clock;
pub mod config;
pub mod gateway;
pub mod keys;
pub mod mail;
pub mod store;
pub mod survey;
pub mod text;
pub mod web;
pub mod worker;

#[cfg(doc)]
use gateway::Gateway;
