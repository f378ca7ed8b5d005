//! A rating as a private note in its conversation: the request of each helpdesk, and what its answer means.
//!
//! It owns these formats, and that nobody's words are anything but words in them. It must not know when a note is
//! written, nor send it.

use super::http::{Answer, Failure, Method, Request};
use crate::config::{HelpdeskApi, Secret};
use crate::helpdesk::Kind;
use crate::survey::event::{Event, EventKind, Told};
use crate::survey::outbound::Attempt;
use data_encoding::BASE64;
use serde_json::{Value, json};
use std::fmt::Write as _;
use url::Url;

/// The most digits of a conversation's number: those of 64 bits.
const MOST_DIGITS: usize = 19;

/// The request that writes a note about a rating. The error says why none can be written, in a sentence.
///
/// # Errors
/// An event that is about no rating; an id that is no number, though those of the helpdesk are; a kind of helpdesk that
/// takes no notes.
pub fn request(kind: Kind, api: &HelpdeskApi, event: &Event, public_url: &str) -> Result<Request, String> {
    let survey = event.survey.filter(|_| event.rating.is_some() || event.kind == EventKind::RatingVoided);
    let survey = survey.ok_or("there is no rating to write about")?;
    let id = number(&event.conversation.id)?;
    let page = format!("{public_url}/admin/ratings/{survey}");
    let note = Note { rating: event.rating.as_ref(), teammate: teammate(event), page: &page };
    let token = api.token.as_ref().map(Secret::reveal).unwrap_or_default();
    let user = api.user.as_deref().unwrap_or_default();
    let account = api.account.map(|account| account.to_string()).unwrap_or_default();
    let basic =
        |user: &str, password: &str| format!("Basic {}", BASE64.encode(format!("{user}:{password}").as_bytes()));
    let call = match kind {
        Kind::Chatwoot => Call {
            method: Method::Post,
            url: api.url.at(&["api", "v1", "accounts", &account, "conversations", id, "messages"]),
            proof: ("api_access_token", token.to_owned()),
            body: json!({"content": note.markdown(), "message_type": "outgoing", "private": true}),
        },
        Kind::Zammad => Call {
            method: Method::Post,
            url: api.url.at(&["api", "v1", "ticket_articles"]),
            proof: ("authorization", format!("Token token={token}")),
            body: json!({
                "ticket_id": id.parse::<u64>().unwrap_or_default(), "type": "note", "internal": true, "sender": "Agent",
                "subject": note.title(), "content_type": "text/html", "body": note.html(),
            }),
        },
        Kind::Freescout => Call {
            method: Method::Post,
            url: api.url.at(&["api", "conversations", id, "threads"]),
            proof: ("x-freescout-api-key", token.to_owned()),
            body: json!({"type": "note", "text": note.html(), "user": number(user)?.parse::<u64>().unwrap_or_default()}),
        },
        Kind::Freshdesk => Call {
            method: Method::Post,
            url: api.url.at(&["api", "v2", "tickets", id, "notes"]),
            proof: ("authorization", basic(token, "X")),
            body: json!({"body": note.html(), "private": true}),
        },
        Kind::Zendesk => Call {
            method: Method::Put,
            url: api.url.at(&["api", "v2", "tickets", &format!("{id}.json")]),
            proof: ("authorization", basic(&format!("{user}/token"), token)),
            body: json!({"ticket": {"comment": {"html_body": note.html(), "public": false}}}),
        },
        Kind::Helpscout | Kind::Intercom | Kind::RequestTracker | Kind::Template => {
            return Err(format!("no note can be written into {kind}"));
        }
    };
    Ok(call.request())
}

struct Call {
    method: Method,
    url: Url,
    /// The header that holds the token.
    proof: (&'static str, String),
    body: Value,
}

impl Call {
    fn request(self) -> Request {
        let (name, value) = self.proof;
        Request::new(self.method, self.url).header(name, value).json(self.body.to_string())
    }
}

/// What became of a note. A helpdesk does not recognise a repeat, so one that may have been written is not tried for days.
///
/// - 401: the token is wrong for every note. A person mends that, and meanwhile the note is tried again.
/// - 408, 429 and 5xx pass by themselves.
/// - Any other refusal, such as 403, 404, 410 or 422, is about this conversation: it is deleted, merged, archived, or not
///   open to the token's user. Another attempt would end alike.
#[must_use]
pub fn attempt(result: &Result<Answer, Failure>) -> Attempt {
    match result {
        Ok(answer) if answer.is_success() => Attempt::Accepted,
        Ok(Answer { status: status @ (401 | 408 | 429 | 500..), .. }) => {
            Attempt::Temporary(format!("answered {status}"))
        }
        Ok(Answer { status, .. }) => Attempt::Permanent(format!("answered {status}")),
        Err(Failure::Forbidden(why)) => Attempt::Permanent(why.clone()),
        Err(Failure::Unreachable(why)) => Attempt::Temporary(why.clone()),
        Err(failure) => Attempt::Unknown(failure.to_string()),
    }
}

/// An id that is a number, as those of all helpdesks here are. It becomes a part of an address.
fn number(id: &str) -> Result<&str, String> {
    let fits = !id.is_empty() && id.len() <= MOST_DIGITS && id.bytes().all(|digit| digit.is_ascii_digit());
    fits.then_some(id).ok_or_else(|| "the id of the conversation or of the user is no number".into())
}

fn teammate(event: &Event) -> Option<&str> {
    let teammate = event.teammate.as_ref()?;
    Some(teammate.name.as_deref().unwrap_or(&teammate.id))
}

/// What a note says.
struct Note<'a> {
    /// `None`: it counts no more.
    rating: Option<&'a Told>,
    teammate: Option<&'a str>,
    page: &'a str,
}

impl Note<'_> {
    /// The rating in a line, without words of others.
    fn title(&self) -> String {
        let Some(rating) = self.rating else { return "The rating no longer counts: an admin voided it".to_owned() };
        let score = rating.score;
        let before = rating.previous.filter(|before| *before != score);
        let before = before.map(|score| format!(", {} before", score.word())).unwrap_or_default();
        format!("{} Rated {} ({} of 5){before}", score.face(), score.word(), score.number())
    }

    fn comment(&self) -> Option<&str> {
        self.rating?.comment.as_deref()
    }

    fn html(&self) -> String {
        let mut html = self.title();
        if let Some(name) = self.teammate {
            let _ = write!(html, "<br>Answered by {}", escape_html(name));
        }
        if let Some(comment) = self.comment() {
            let _ = write!(html, "<br>“{}”", escape_html(comment).replace('\n', "<br>"));
        }
        let _ = write!(html, "<br><a href=\"{0}\">{0}</a>", escape_html(self.page));
        html
    }

    fn markdown(&self) -> String {
        let mut lines = vec![self.title()];
        lines.extend(self.teammate.map(|name| format!("Answered by {}", escape_markdown(name))));
        lines.extend(self.comment().map(|comment| format!("“{}”", escape_markdown(comment))));
        lines.push(self.page.to_owned());
        // An empty line between them, because Markdown joins lines.
        lines.join("\n\n")
    }
}

fn escape_html(text: &str) -> String {
    let escape = |c| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&#39;".to_owned(),
        c => String::from(c),
    };
    text.chars().map(escape).collect()
}

/// A backslash before what formats. The colon and the slash are among that: Chatwoot looks for `mention://` in the raw text
/// of a note, and tells whom it names.
fn escape_markdown(text: &str) -> String {
    let formats = |c: char| "\\`*_[]()<>~|#!&:/".contains(c);
    let escape = |c| if formats(c) { format!("\\{c}") } else { String::from(c) };
    text.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::alert::tests::{commented, event, score};
    use crate::survey::closing::{Conversation, Teammate};
    use std::time::Duration;

    const PAGE: &str = "https://rate.example.com";

    fn api(kind: Kind) -> HelpdeskApi {
        let mut text = "url = 'https://desk.example.com/sub'\ntoken = 'hunter2'\nwrite_back = true\n".to_owned();
        if kind.api_needs_account() {
            text.push_str("account = 3\n");
        }
        if kind.api_needs_user() {
            text.push_str(if kind == Kind::Freescout { "user = '5'\n" } else { "user = 'ada@example.com'\n" });
        }
        toml::from_str(&text).expect("settings")
    }

    /// A request, as one reads it.
    fn told(kind: Kind, event: &Event) -> String {
        let request = request(kind, &api(kind), event, PAGE).expect("a request");
        let headers = request.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>();
        let headers = headers.join("\n");
        let body: Value = serde_json::from_slice(&request.body).expect("JSON");
        let body = serde_json::to_string_pretty(&body).expect("JSON");
        format!("{:?} {}\n{headers}\n\n{body}", request.method, request.url)
    }

    #[test]
    fn chatwoot() {
        insta::assert_snapshot!(told(Kind::Chatwoot, &commented("Nobody *read* it")), @r#"
        Post https://desk.example.com/sub/api/v1/accounts/3/conversations/8841/messages
        api_access_token: hunter2
        content-type: application/json

        {
          "content": "😠 Rated terrible (1 of 5)\n\nAnswered by Grace\n\n“Nobody \\*read\\* it”\n\nhttps://rate.example.com/admin/ratings/00000000-0000-0000-0000-0000000000af",
          "message_type": "outgoing",
          "private": true
        }
        "#);
    }

    #[test]
    fn zammad() {
        insta::assert_snapshot!(told(Kind::Zammad, &commented("Nobody <b>read</b> it\nAt all")), @r#"
        Post https://desk.example.com/sub/api/v1/ticket_articles
        authorization: Token token=hunter2
        content-type: application/json

        {
          "ticket_id": 8841,
          "type": "note",
          "internal": true,
          "sender": "Agent",
          "subject": "😠 Rated terrible (1 of 5)",
          "content_type": "text/html",
          "body": "😠 Rated terrible (1 of 5)<br>Answered by Grace<br>“Nobody &lt;b&gt;read&lt;/b&gt; it<br>At all”<br><a href=\"https://rate.example.com/admin/ratings/00000000-0000-0000-0000-0000000000af\">https://rate.example.com/admin/ratings/00000000-0000-0000-0000-0000000000af</a>"
        }
        "#);
    }

    #[test]
    fn freescout() {
        insta::assert_snapshot!(told(Kind::Freescout, &event()), @r#"
        Post https://desk.example.com/sub/api/conversations/8841/threads
        x-freescout-api-key: hunter2
        content-type: application/json

        {
          "type": "note",
          "text": "😠 Rated terrible (1 of 5)<br>Answered by Grace<br><a href=\"https://rate.example.com/admin/ratings/00000000-0000-0000-0000-0000000000af\">https://rate.example.com/admin/ratings/00000000-0000-0000-0000-0000000000af</a>",
          "user": 5
        }
        "#);
    }

    #[test]
    fn freshdesk() {
        insta::assert_snapshot!(told(Kind::Freshdesk, &event()), @r#"
        Post https://desk.example.com/sub/api/v2/tickets/8841/notes
        authorization: Basic aHVudGVyMjpY
        content-type: application/json

        {
          "body": "😠 Rated terrible (1 of 5)<br>Answered by Grace<br><a href=\"https://rate.example.com/admin/ratings/00000000-0000-0000-0000-0000000000af\">https://rate.example.com/admin/ratings/00000000-0000-0000-0000-0000000000af</a>",
          "private": true
        }
        "#);
    }

    #[test]
    fn zendesk() {
        let rating = Told { previous: Some(score(4)), ..event().rating.expect("a rating") };
        insta::assert_snapshot!(told(Kind::Zendesk, &Event { rating: Some(rating), ..event() }), @r#"
        Put https://desk.example.com/sub/api/v2/tickets/8841.json
        authorization: Basic YWRhQGV4YW1wbGUuY29tL3Rva2VuOmh1bnRlcjI=
        content-type: application/json

        {
          "ticket": {
            "comment": {
              "html_body": "😠 Rated terrible (1 of 5), great before<br>Answered by Grace<br><a href=\"https://rate.example.com/admin/ratings/00000000-0000-0000-0000-0000000000af\">https://rate.example.com/admin/ratings/00000000-0000-0000-0000-0000000000af</a>",
              "public": false
            }
          }
        }
        "#);
    }

    #[test]
    fn a_rating_that_counts_no_more() {
        let voided = Event { kind: EventKind::RatingVoided, rating: None, ..event() };
        let body = told(Kind::Freshdesk, &voided);
        assert!(
            body.contains("\"The rating no longer counts: an admin voided it<br>Answered by Grace<br><a "),
            "{body}"
        );
        let none = Event { rating: None, ..event() };
        assert!(request(Kind::Freshdesk, &api(Kind::Freshdesk), &none, PAGE).is_err());
    }

    #[test]
    fn the_kinds_that_may_write_back_are_those_that_can() {
        for kind in Kind::ALL {
            let written = request(*kind, &api(*kind), &event(), PAGE);
            assert_eq!(written.is_ok(), kind.writes_back(), "{kind}");
        }
    }

    #[test]
    fn no_id_leads_elsewhere() {
        for id in ["", "../../users/1", "1/2", "1?x", "%2e%2e", "-1", "1e3", "０", "12345678901234567890", "8841\n"] {
            let conversation = Conversation { id: id.into(), ..Conversation::default() };
            let event = Event { conversation, ..event() };
            for kind in Kind::ALL {
                assert!(request(*kind, &api(*kind), &event, PAGE).is_err(), "{kind} {id:?}");
            }
        }
        let api = HelpdeskApi { user: Some("ada/../1".into()), ..api(Kind::Freescout) };
        assert!(request(Kind::Freescout, &api, &event(), PAGE).is_err());
    }

    #[test]
    fn nothing_that_strangers_write_formats() {
        let teammate = Teammate { id: "t".into(), name: Some("<i>".into()), email: None, team: None };
        let wrote = "<img src=x> [a](mention://user/1/x) ![](http://e.example) **b** &lt; `c`\n# d";
        let event = Event { teammate: Some(teammate), ..commented(wrote) };
        let body = |kind| String::from_utf8(request(kind, &api(kind), &event, PAGE).expect("a request").body);
        for kind in Kind::ALL.iter().filter(|kind| kind.writes_back()) {
            let body = body(*kind).expect("UTF-8");
            let markup: &[&str] =
                if *kind == Kind::Chatwoot { &["(mention://", "](", "![", " **b"] } else { &["<img", "<i>"] };
            for markup in markup {
                assert!(!body.contains(markup), "{kind} {markup}: {body}");
            }
        }
    }

    #[test]
    fn what_a_note_came_to() {
        let answered = |status| {
            let body = Ok(Vec::new().into());
            attempt(&Ok(Answer { status, retry_after: None, body }))
        };
        for (status, expected) in [
            (200, "accepted"),
            (201, "accepted"),
            (302, "failed"),
            (401, "again"),
            (403, "failed"),
            (404, "failed"),
            (408, "again"),
            (410, "failed"),
            (422, "failed"),
            (429, "again"),
            (500, "again"),
            (503, "again"),
        ] {
            let word = match answered(status) {
                Attempt::Accepted => "accepted",
                Attempt::Temporary(_) => "again",
                Attempt::Permanent(_) => "failed",
                other => panic!("{other:?}"),
            };
            assert_eq!(word, expected, "{status}");
        }
        let lost = attempt(&Err(Failure::Timeout(Duration::from_secs(15))));
        assert!(matches!(lost, Attempt::Unknown(_)), "it may have been written: {lost:?}");
        assert!(matches!(attempt(&Err(Failure::Unreachable("refused".into()))), Attempt::Temporary(_)));
        assert!(matches!(attempt(&Err(Failure::Forbidden("private".into()))), Attempt::Permanent(_)));
    }
}
