//! What the buttons of the demo's page do: close a conversation, let a mail scanner loose, move the clock.
//!
//! It owns the made-up closing and the made-up scanner. It must not know how either is judged: it closes as a helpdesk
//! does, and the scanner sends requests to the service's own routes, as a mail gateway does.

use super::guests::Guest;
use super::inbox::Mail;
use super::shop::{AGENTS, TOPICS};
use crate::gateway::{Delivery, Error, Gateway};
use crate::survey::Time;
use crate::survey::closing::{Closing, ClosingState, Conversation, Customer, Kind, StartedBy, Teammate};
use crate::survey::eligibility::Decision;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, header};
use chrono::TimeDelta;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;

/// How far *Be five minutes later* moves the clock: a mail then counts as new no longer, and no survey is hot.
pub(super) const LATER: TimeDelta = TimeDelta::minutes(5);
/// What the scanner calls itself. Mail gateways are known to pose as desktop browsers.
const SCANNER: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
    Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0";
/// From one link that the scanner opens to the next: all five within half a second.
const BETWEEN_LINKS: TimeDelta = TimeDelta::milliseconds(90);
/// From the last link to what the pages' scripts post: as long as the rules ask of a person who looks.
const STAYS: TimeDelta = TimeDelta::milliseconds(500);
/// The longest page that the scanner reads, in bytes. Ours have less than 25 kB.
const LONGEST_PAGE: usize = 1 << 20;

/// Closes a conversation of a guest, and sends what is due. Returns the conversation and what was decided.
///
/// # Errors
/// An unavailable store.
pub(super) async fn close(gateway: &Gateway, guest: &Guest) -> Result<(Conversation, Decision), Error> {
    let closing = closing(guest, gateway.clock.now());
    let conversation = closing.conversation();
    let closed = gateway.close(closing, false).await?;
    // A worker of the service would send it as well, a moment later.
    let mut worker = gateway.mail_worker();
    while gateway.deliver_due(&mut worker).await? == Delivery::Again {}
    Ok((conversation, closed.decision))
}

fn closing(guest: &Guest, now: Time) -> Closing {
    let agent = &AGENTS[fastrand::usize(..AGENTS.len())];
    let topics: Vec<_> = TOPICS.iter().filter(|topic| topic.team == agent.team).collect();
    let topic = topics[fastrand::usize(..topics.len())];
    // The subjects of the shop are English.
    let english = guest.locale == "en";
    let subject = if english { topic.subjects[fastrand::usize(..topic.subjects.len())] } else { guest.subject };
    // Never one that was used before: the clock doesn't go back.
    let number = now.timestamp_millis();
    Closing {
        connection: String::new(),
        conversation_id: number.to_string(),
        closed_at: now,
        state: ClosingState::Closed,
        subject: Some(subject.to_owned()),
        url: Some(format!("https://desk.example.com/conversations/{number}")),
        channel: Some("email".to_owned()),
        started_by: Some(StartedBy::Customer),
        characters: Some(fastrand::u32(400..2_400)),
        last_reply_at: Some(now - TimeDelta::minutes(fastrand::i64(2..40))),
        teammate_replied: Some(true),
        customers: vec![Customer {
            id: None,
            email: Some(guest.email.to_owned()),
            name: Some(guest.name.to_owned()),
            kind: Some(Kind::User),
            locale: Some(guest.locale.to_owned()),
        }],
        teammate: Some(Teammate {
            id: agent.id.to_owned(),
            name: Some(agent.name.to_owned()),
            email: Some(agent.email.to_owned()),
            team: Some(agent.team.to_owned()),
        }),
        messages: None,
        tags: vec![topic.tag.to_owned()],
        policy: None,
        ask: true,
        other_survey: false,
        in_reply_to: None,
    }
}

/// Opens all five rating links of a mail, and then confirms every page as its script would. The requests go to the routes
/// of the service.
///
/// The time that passes in between passes on the demo's clock, so that the visitor need not wait.
pub(super) async fn scan(gateway: &Gateway, service: &Router, mail: &Mail) {
    let service = TowerToHyperService::new(service.clone());
    let send = async |request: Request<Body>| {
        let Ok(answer) = service.call(request).await;
        let body = to_bytes(answer.into_body(), LONGEST_PAGE).await.unwrap_or_default();
        String::from_utf8_lossy(&body).into_owned()
    };
    let mut pages = Vec::new();
    for token in &mail.links.rate {
        let page = send(request(token, None)).await;
        pages.push((token, page_token(&page).to_owned()));
        gateway.clock.advance(BETWEEN_LINKS);
    }
    gateway.clock.advance(STAYS);
    for (token, page) in pages {
        send(request(token, Some(format!("page={page}&how=seen")))).await;
    }
}

/// A GET, as a browser opens a page, or a POST of a form, as the page's script sends it.
fn request(token: &str, form: Option<String>) -> Request<Body> {
    let request = Request::builder().uri(format!("/r/{token}")).header(header::USER_AGENT, SCANNER);
    let request = match form {
        None => {
            let get = request.header(header::ACCEPT, "text/html").header("sec-fetch-mode", "navigate");
            get.header("sec-fetch-site", "none").body(Body::empty())
        }
        Some(form) => {
            let post = request.method(Method::POST).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
            let post = post.header(header::ACCEPT, "application/json").header("sec-fetch-mode", "cors");
            post.header("sec-fetch-site", "same-origin").body(Body::from(form))
        }
    };
    request.expect("a token of a mail makes a valid path")
}

/// The page token in a page's form.
fn page_token(html: &str) -> &str {
    let field = html.split("name=\"page\"").nth(1).unwrap_or_default();
    field.split("value=\"").nth(1).and_then(|value| value.split('"').next()).unwrap_or_default()
}
