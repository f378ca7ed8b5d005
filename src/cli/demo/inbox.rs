//! The demo's inbox: shows the sent mails as a customer sees them.
//!
//! It owns pages that exist only in the demo, and their stylesheet. It must not know why a mail was sent.

use crate::mail::transport::Memory;
use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use mail_parser::{Message, MessageParser};

/// Mails need inline styles. Everything else is blocked.
const MAIL_CONTENT_SECURITY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'";
/// The inbox shows a mail in a frame.
const INBOX_CONTENT_SECURITY: &str =
    "default-src 'none'; style-src 'self'; frame-src 'self'; base-uri 'none'; frame-ancestors 'none'";
const STYLE: &str = include_str!("../../../templates/page/inbox.css");
/// The maximum number of mails in the list.
const MAX_LISTED: usize = 50;

struct Line {
    /// Part of the Message-ID, because a mail's position changes as newer mails push older ones out.
    id: String,
    to: String,
    subject: String,
    /// The line of text after the subject, to tell mails with the same subject apart.
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

/// What the handlers share.
#[derive(Clone)]
struct Shared {
    brand: String,
    mails: Memory,
}

type PageResult = Result<Response, StatusCode>;

/// The routes of the inbox, below `/inbox`.
pub(super) fn routes(brand: String, mails: Memory) -> Router {
    Router::new()
        .route("/inbox", get(list))
        .route("/inbox/style.css", get(style))
        .route("/inbox/{id}", get(mail))
        .route("/inbox/{id}/body", get(body))
        .with_state(Shared { brand, mails })
}

async fn list(State(shared): State<Shared>) -> PageResult {
    page(&Inbox { brand: &shared.brand, mails: lines(&shared) })
}

async fn mail(State(shared): State<Shared>, Path(id): Path<String>) -> PageResult {
    let raw = find(&shared, &id)?;
    let mail = parse(&raw).ok_or(StatusCode::NOT_FOUND)?;
    let plain = mail.body_text(0).unwrap_or_default().into_owned();
    let mails = lines(&shared);
    page(&InboxMail { brand: &shared.brand, mails, mail: line(&mail), from: address(mail.from()), plain })
}

async fn body(State(shared): State<Shared>, Path(id): Path<String>) -> PageResult {
    let raw = find(&shared, &id)?;
    let html = parse(&raw).and_then(|mail| mail.body_html(0).map(std::borrow::Cow::into_owned));
    // Links open a new tab, as they do in a mail program.
    let html = html.ok_or(StatusCode::NOT_FOUND)?.replacen("<head>", "<head><base target=\"_blank\">", 1);
    Ok(([(header::CONTENT_SECURITY_POLICY, MAIL_CONTENT_SECURITY)], Html(html)).into_response())
}

async fn style() -> Response {
    // Cached for a minute, so that the browser does not fetch it at each refresh of the list.
    let headers = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "max-age=60")];
    (headers, STYLE).into_response()
}

/// The latest mails, newest first.
fn lines(shared: &Shared) -> Vec<Line> {
    shared.mails.mails().iter().rev().take(MAX_LISTED).filter_map(|raw| Some(line(&parse(raw)?))).collect()
}

fn find(shared: &Shared, id: &str) -> Result<Vec<u8>, StatusCode> {
    let is_it = |raw: &Vec<u8>| parse(raw).is_some_and(|mail| name(&mail) == id);
    shared.mails.mails().into_iter().rev().find(is_it).ok_or(StatusCode::NOT_FOUND)
}

fn parse(raw: &[u8]) -> Option<Message<'_>> {
    MessageParser::default().parse(raw)
}

/// The part of a mail's Message-ID before its `@`.
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
    // The first line of the text repeats the subject.
    let preview = text.lines().skip(1).find(|line| !line.trim().is_empty()).unwrap_or_default();
    Line {
        id: name(mail).to_owned(),
        to: address(mail.to()),
        subject: mail.subject().unwrap_or_default().to_owned(),
        preview: preview.to_owned(),
        date: date.map(|date| date.format("%-d %b %Y, %H:%M UTC").to_string()).unwrap_or_default(),
    }
}

fn page(template: &impl Template) -> PageResult {
    let html = template.render().map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(([(header::CONTENT_SECURITY_POLICY, INBOX_CONTENT_SECURITY)], Html(html)).into_response())
}
