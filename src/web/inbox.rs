//! The demo's inbox: its mails, as a customer sees them.
//!
//! It owns two pages that exist only in the demo. It must not know why a mail was sent.

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

struct Line {
    number: usize,
    to: String,
    subject: String,
    date: String,
}

#[derive(Template)]
#[template(path = "page/inbox.html")]
struct Inbox<'a> {
    css: &'a str,
    mails: Vec<Line>,
}

#[derive(Template)]
#[template(path = "page/inbox_mail.html")]
struct InboxMail<'a> {
    css: &'a str,
    mail: Line,
    plain: String,
}

pub(super) async fn list(State(app): State<Arc<App>>) -> Result<Response, Failure> {
    let raw = mails(&app);
    let mails = raw.iter().enumerate().filter_map(|(number, raw)| Some(line(number, &parse(raw)?))).rev().collect();
    page(&Inbox { css: &app.assets.css_path, mails })
}

pub(super) async fn mail(State(app): State<Arc<App>>, Segment(number): Segment) -> Result<Response, Failure> {
    let (number, raw) = find(&app, &number)?;
    let mail = parse(&raw).ok_or_else(Failure::not_found)?;
    let plain = mail.body_text(0).unwrap_or_default().into_owned();
    page(&InboxMail { css: &app.assets.css_path, mail: line(number, &mail), plain })
}

pub(super) async fn body(State(app): State<Arc<App>>, Segment(number): Segment) -> Result<Response, Failure> {
    let (_, raw) = find(&app, &number)?;
    let html = parse(&raw).and_then(|mail| mail.body_html(0).map(std::borrow::Cow::into_owned));
    // Links leave the frame, as they leave a mail program.
    let html = html.ok_or_else(Failure::not_found)?.replacen("<head>", "<head><base target=\"_blank\">", 1);
    Ok(([(header::CONTENT_SECURITY_POLICY, MAIL_CONTENT_SECURITY)], Html(html)).into_response())
}

fn mails(app: &App) -> Vec<Vec<u8>> {
    app.inbox.as_ref().map(crate::mail::transport::Memory::mails).unwrap_or_default()
}

fn find(app: &App, number: &str) -> Result<(usize, Vec<u8>), Failure> {
    let number: usize = number.parse().map_err(|_| Failure::not_found())?;
    let raw = mails(app).into_iter().nth(number).ok_or_else(Failure::not_found)?;
    Ok((number, raw))
}

fn parse(raw: &[u8]) -> Option<Message<'_>> {
    MessageParser::default().parse(raw)
}

fn line(number: usize, mail: &Message) -> Line {
    let to = mail.to().and_then(|to| to.first()).and_then(|to| to.address()).unwrap_or_default();
    Line {
        number,
        to: to.to_owned(),
        subject: mail.subject().unwrap_or_default().to_owned(),
        date: mail.date().map(mail_parser::DateTime::to_rfc3339).unwrap_or_default(),
    }
}

fn page(template: &impl Template) -> Result<Response, Failure> {
    let html = template.render().map_err(|error| Failure {
        cause: Some(error.to_string()),
        ..Failure::new(axum::http::StatusCode::INTERNAL_SERVER_ERROR, "internal", "something went wrong on our side")
    })?;
    Ok(([(header::CONTENT_SECURITY_POLICY, INBOX_CONTENT_SECURITY)], Html(html)).into_response())
}
