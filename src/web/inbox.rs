//! The demo's inbox: its mails, as a customer sees them.
//!
//! It owns pages that exist only in the demo, with a stylesheet of their own. It must not know why a mail was sent.

use super::App;
use super::error::Failure;
use super::extract::Segment;
use askama::Template;
use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use mail_parser::{Message, MessageParser};
use std::sync::Arc;

/// Mails carry their styles inline, as mail programs want them; nothing else is allowed.
const MAIL_CONTENT_SECURITY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'";
/// The inbox shows a mail in a frame of its own.
const INBOX_CONTENT_SECURITY: &str =
    "default-src 'none'; style-src 'self'; frame-src 'self'; base-uri 'none'; frame-ancestors 'none'";
const STYLE: &str = include_str!("../../templates/page/inbox.css");
/// How many mails the list shows.
const SHOWN: usize = 50;

struct Line {
    /// From its Message-ID, so that it stays the same while newer mails push older ones out.
    id: String,
    to: String,
    subject: String,
    /// What it says next, to tell mails of one subject apart.
    preview: String,
    date: String,
}

#[derive(Template)]
#[template(path = "page/inbox.html")]
struct Inbox<'a> {
    brand: &'a str,
    mails: Vec<Line>,
}

#[derive(Template)]
#[template(path = "page/inbox_mail.html")]
struct InboxMail<'a> {
    brand: &'a str,
    mails: Vec<Line>,
    mail: Line,
    from: String,
    plain: String,
}

pub(super) async fn list(State(app): State<Arc<App>>) -> Result<Response, Failure> {
    page(&Inbox { brand: brand(&app), mails: lines(&app) })
}

pub(super) async fn mail(State(app): State<Arc<App>>, Segment(id): Segment) -> Result<Response, Failure> {
    let raw = find(&app, &id)?;
    let mail = parse(&raw).ok_or_else(Failure::not_found)?;
    let plain = mail.body_text(0).unwrap_or_default().into_owned();
    let mails = lines(&app);
    page(&InboxMail { brand: brand(&app), mails, mail: line(&mail), from: address(mail.from()), plain })
}

pub(super) async fn body(State(app): State<Arc<App>>, Segment(id): Segment) -> Result<Response, Failure> {
    let raw = find(&app, &id)?;
    let html = parse(&raw).and_then(|mail| mail.body_html(0).map(std::borrow::Cow::into_owned));
    // Links leave the frame, as they leave a mail program.
    let html = html.ok_or_else(Failure::not_found)?.replacen("<head>", "<head><base target=\"_blank\">", 1);
    Ok(([(header::CONTENT_SECURITY_POLICY, MAIL_CONTENT_SECURITY)], Html(html)).into_response())
}

pub(super) async fn style() -> Response {
    // Kept for a minute, so that the list does not fetch it each time it looks for mails.
    let headers = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "max-age=60")];
    (headers, STYLE).into_response()
}

fn brand(app: &App) -> &str {
    &app.gateway.config.brand.name
}

fn mails(app: &App) -> Vec<Vec<u8>> {
    app.inbox.as_ref().map(crate::mail::transport::Memory::mails).unwrap_or_default()
}

/// The newest mails, the newest first.
fn lines(app: &App) -> Vec<Line> {
    mails(app).iter().rev().take(SHOWN).filter_map(|raw| Some(line(&parse(raw)?))).collect()
}

fn find(app: &App, id: &str) -> Result<Vec<u8>, Failure> {
    let is_it = |raw: &Vec<u8>| parse(raw).is_some_and(|mail| name(&mail) == id);
    mails(app).into_iter().rev().find(is_it).ok_or_else(Failure::not_found)
}

fn parse(raw: &[u8]) -> Option<Message<'_>> {
    MessageParser::default().parse(raw)
}

/// What stands before the `@` of a mail's Message-ID.
fn name<'a>(mail: &'a Message) -> &'a str {
    mail.message_id().and_then(|id| id.split('@').next()).unwrap_or_default()
}

fn address(of: Option<&mail_parser::Address>) -> String {
    let first = of.and_then(|of| of.first());
    let address = first.and_then(|first| first.address()).unwrap_or_default();
    match first.and_then(|first| first.name()) {
        Some(name) => format!("{name} <{address}>"),
        None => address.to_owned(),
    }
}

fn line(mail: &Message) -> Line {
    let date = mail.date().and_then(|date| chrono::DateTime::from_timestamp(date.to_timestamp(), 0));
    let text = mail.body_text(0).unwrap_or_default();
    // The first line of the text is the subject again.
    let preview = text.lines().skip(1).find(|line| !line.trim().is_empty()).unwrap_or_default();
    Line {
        id: name(mail).to_owned(),
        to: address(mail.to()),
        subject: mail.subject().unwrap_or_default().to_owned(),
        preview: preview.to_owned(),
        date: date.map(|date| date.format("%-d %b %Y, %H:%M UTC").to_string()).unwrap_or_default(),
    }
}

fn page(template: &impl Template) -> Result<Response, Failure> {
    let html = template.render().map_err(|error| Failure {
        cause: Some(error.to_string()),
        ..Failure::new(axum::http::StatusCode::INTERNAL_SERVER_ERROR, "internal", "something went wrong on our side")
    })?;
    Ok(([(header::CONTENT_SECURITY_POLICY, INBOX_CONTENT_SECURITY)], Html(html)).into_response())
}
