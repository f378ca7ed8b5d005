//! The closing: one report that a conversation was closed, as a helpdesk sends it.
//!
//! It owns the shape of the report, what is refused about it, and which facts follow from it. It must not know the
//! rules that judge those facts (`eligibility`).

use super::Time;
use chrono::{DateTime, TimeDelta};
use email_address::{EmailAddress, Options};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeSet;

/// Ids of the helpdesk are 1 to this many characters.
pub const LONGEST_ID: usize = 200;
/// Names, teams and tags are cut to this many characters, for they are shown.
pub const LONGEST_NAME: usize = 200;
/// Subjects are cut to this many characters: no mail client shows more of one.
pub const LONGEST_SUBJECT: usize = 250;
/// More customers than this are a mistake of the caller.
pub const MOST_CUSTOMERS: usize = 100;
/// How far a helpdesk's clock may be ahead of ours, and a reply ahead of its closing.
pub const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(5);

/// One report that a conversation was closed. Unknown facts are `None`, never zero.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Closing {
    /// The helpdesk's id of the conversation.
    pub conversation_id: String,
    /// When it was closed; with the conversation's id it names the closing.
    #[serde(deserialize_with = "time")]
    pub closed_at: Time,
    /// Closed, or only snoozed.
    #[serde(default)]
    pub state: State,
    /// What the conversation was about.
    pub subject: Option<String>,
    /// Where teammates find it: http or https.
    pub url: Option<String>,
    /// Where it took place, such as `email` or `chat`.
    pub channel: Option<String>,
    /// Who started it.
    pub started_by: Option<StartedBy>,
    /// Unicode scalar values of all that customers and teammates wrote.
    pub characters: Option<u32>,
    /// The last reply of a customer or teammate.
    #[serde(default, deserialize_with = "optional_time")]
    pub last_reply_at: Option<Time>,
    /// Whether a teammate replied.
    pub teammate_replied: Option<bool>,
    /// Who was helped: 1 to [`MOST_CUSTOMERS`].
    pub customers: Vec<Customer>,
    /// The teammate who last wrote, whom the rating will be counted for.
    pub teammate: Option<Teammate>,
    /// What was said, to fill facts that are missing above. The texts are counted and dropped.
    pub messages: Option<Vec<Message>>,
    /// The helpdesk's labels.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Names the policy to judge by; `None` is the default one.
    pub policy: Option<String>,
    /// `false`: the helpdesk does not want to ask about this one.
    #[serde(default = "yes")]
    pub ask: bool,
    /// `true`: another survey app asks already.
    #[serde(default)]
    pub other_survey: bool,
    /// The Message-ID that the survey's mail answers, with its angle brackets.
    pub in_reply_to: Option<String>,
}

/// Whether a conversation is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Over.
    #[default]
    Closed,
    /// Put aside; it will come back.
    Snoozed,
}

/// Who started a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StartedBy {
    /// The customer wrote first.
    Customer,
    /// A teammate did: direct outbound.
    Teammate,
    /// An automation did.
    Workflow,
    /// A program did, through the helpdesk's API.
    Api,
}

/// What kind of customer somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Has an account.
    User,
    /// Has none yet.
    Lead,
}

/// Somebody who was helped.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Customer {
    /// The helpdesk's id.
    pub id: Option<String>,
    /// The address to ask at. The field must be there, and may be null.
    #[serde(deserialize_with = "Option::deserialize")]
    pub email: Option<String>,
    /// The name to greet.
    pub name: Option<String>,
    /// User or lead.
    pub kind: Option<Kind>,
    /// The language to ask in, such as `de` or `pt-BR`.
    pub locale: Option<String>,
}

/// Somebody of the support team.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Teammate {
    /// The helpdesk's id.
    pub id: String,
    /// The name that customers and reports see.
    pub name: Option<String>,
    /// Their address.
    pub email: Option<String>,
    /// The team of this time.
    pub team: Option<String>,
}

/// One message of a conversation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Who wrote it.
    pub author: Author,
    /// The helpdesk's id of the author.
    pub author_id: Option<String>,
    /// The author's name.
    pub author_name: Option<String>,
    /// When.
    #[serde(deserialize_with = "time")]
    pub at: Time,
    /// What; never stored.
    pub text: String,
}

/// Who can write a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Author {
    /// Somebody who is helped.
    Customer,
    /// Somebody of the support team.
    Teammate,
    /// Nobody: what a bot writes counts nowhere.
    Bot,
}

/// One thing wrong with a body, and where: a JSON pointer (RFC 6901) and a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Where, such as `/customers/0/email`.
    pub pointer: String,
    /// What was expected.
    pub detail: String,
}

impl Fault {
    /// Says what is wrong at a place.
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into() }
    }
}

impl Closing {
    /// Looks for what no shape can hold: ids, addresses, urls and times that cannot be. `now` is when it was reported.
    #[must_use]
    pub fn faults(&self, now: Time) -> Vec<Fault> {
        let mut faults = Vec::new();
        check_id(&self.conversation_id, "/conversation_id", &mut faults);
        if self.closed_at > now + CLOCK_SKEW {
            faults.push(Fault::new("/closed_at", "is in the future: expected a time of the past"));
        }
        if self.last_reply_at.is_some_and(|reply| reply > self.closed_at + CLOCK_SKEW) {
            faults.push(Fault::new("/last_reply_at", "is after closed_at: expected the last reply before the closing"));
        }
        if self.url.as_deref().is_some_and(|url| !is_web_address(url)) {
            faults.push(Fault::new("/url", "expected an http or https address"));
        }
        if self.in_reply_to.as_deref().is_some_and(|id| !is_message_id(id)) {
            faults.push(Fault::new("/in_reply_to", "expected a Message-ID such as \"<m1@desk.example.com>\""));
        }
        self.people_faults(&mut faults);
        faults
    }

    fn people_faults(&self, faults: &mut Vec<Fault>) {
        if self.customers.is_empty() || self.customers.len() > MOST_CUSTOMERS {
            let detail = format!("{} customers: expected 1 to {MOST_CUSTOMERS}", self.customers.len());
            faults.push(Fault::new("/customers", detail));
            return;
        }
        for (place, customer) in self.customers.iter().enumerate() {
            if customer.email.as_deref().is_some_and(|email| !is_address(email)) {
                faults.push(Fault::new(format!("/customers/{place}/email"), ADDRESS_EXPECTED));
            }
            if let Some(id) = &customer.id {
                check_id(id, &format!("/customers/{place}/id"), faults);
            }
        }
        if let Some(teammate) = &self.teammate {
            check_id(&teammate.id, "/teammate/id", faults);
            if teammate.email.as_deref().is_some_and(|email| !is_address(email)) {
                faults.push(Fault::new("/teammate/email", ADDRESS_EXPECTED));
            }
        }
        for (place, message) in self.messages.iter().flatten().enumerate() {
            if message.at > self.closed_at + CLOCK_SKEW {
                let detail = "is after closed_at: expected a message before the closing";
                faults.push(Fault::new(format!("/messages/{place}/at"), detail));
            }
            if let Some(id) = &message.author_id {
                check_id(id, &format!("/messages/{place}/author_id"), faults);
            }
        }
    }

    /// The closing with missing facts filled from its messages, texts for display cut, and the messages dropped.
    ///
    /// Messages are ordered by time, ties by place. None of a customer or teammate means 0 characters and no reply,
    /// while the time of the last reply stays unknown.
    #[must_use]
    pub fn settle(mut self) -> Self {
        if let Some(mut messages) = self.messages.take() {
            messages.retain(|message| message.author != Author::Bot);
            messages.sort_by_key(|message| message.at);
            let characters = messages.iter().map(|message| message.text.chars().count()).sum::<usize>();
            self.characters = self.characters.or(u32::try_from(characters).ok());
            self.last_reply_at = self.last_reply_at.or(messages.last().map(|message| message.at));
            let last_teammate = messages.into_iter().rfind(|message| message.author == Author::Teammate);
            self.teammate_replied = self.teammate_replied.or(Some(last_teammate.is_some()));
            self.teammate = self.teammate.or_else(|| {
                let message = last_teammate?;
                Some(Teammate { id: message.author_id?, name: message.author_name, email: None, team: None })
            });
        }
        let shown = |text: &mut Option<String>, most| *text = text.take().and_then(|text| display(&text, most));
        shown(&mut self.subject, LONGEST_SUBJECT);
        shown(&mut self.channel, LONGEST_NAME);
        for customer in &mut self.customers {
            shown(&mut customer.name, LONGEST_NAME);
            shown(&mut customer.locale, LONGEST_NAME);
        }
        if let Some(teammate) = &mut self.teammate {
            shown(&mut teammate.name, LONGEST_NAME);
            shown(&mut teammate.team, LONGEST_NAME);
        }
        self.tags = self.tags.iter().filter_map(|tag| display(tag, LONGEST_NAME)).collect();
        self
    }

    /// How many people were helped: distinct addresses in lower case; those without an address count one each.
    #[must_use]
    pub fn people(&self) -> usize {
        let addresses: BTreeSet<_> = self
            .customers
            .iter()
            .filter_map(|customer| customer.email.as_ref())
            .map(|email| email.to_lowercase())
            .collect();
        addresses.len() + self.customers.iter().filter(|customer| customer.email.is_none()).count()
    }

    /// The customer to ask: the first with an address, else the first.
    #[must_use]
    pub fn customer(&self) -> Option<&Customer> {
        self.customers.iter().find(|customer| customer.email.is_some()).or(self.customers.first())
    }

    /// The address to ask at.
    #[must_use]
    pub fn address(&self) -> Option<&str> {
        self.customer()?.email.as_deref()
    }
}

/// What is said of an address that is none.
pub const ADDRESS_EXPECTED: &str = "expected an email address such as \"ada@example.com\"";

/// Whether mail can be sent to it over the internet: RFC 5321 syntax, a domain of at least two labels whose last is no
/// number, no address literal, at most 254 octets. Quoted local parts are refused: no provider gives them out, and mail
/// libraries stumble over them.
#[must_use]
pub fn is_address(text: &str) -> bool {
    let options = Options::default().with_required_tld().without_domain_literal().without_display_text();
    let number = |label: &str| label.chars().all(|c| c.is_ascii_digit());
    text.len() <= 254
        && !text.contains(|c: char| c.is_control() || c == '"')
        && !text.rsplit('.').next().is_some_and(number)
        && EmailAddress::parse_with_options(text, options).is_ok()
}

/// Cuts a text for display: control characters become spaces, ends are trimmed, at most `most` characters stay, the
/// last of a cut one being `…`. `None` if nothing is left.
#[must_use]
pub fn display(text: &str, most: usize) -> Option<String> {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let clean = clean.trim();
    if clean.chars().count() <= most {
        return (!clean.is_empty()).then(|| clean.to_owned());
    }
    Some(clean.chars().take(most - 1).chain(['…']).collect())
}

/// Adds a fault unless the id is 1 to [`LONGEST_ID`] characters, none of them a control character.
pub fn check_id(id: &str, pointer: &str, faults: &mut Vec<Fault>) {
    if id.is_empty() || id.chars().count() > LONGEST_ID || id.contains(char::is_control) {
        let detail = format!("expected 1 to {LONGEST_ID} characters, none of them a control character");
        faults.push(Fault::new(pointer, detail));
    }
}

fn is_web_address(url: &str) -> bool {
    let rest = url
        .split_once("://")
        .filter(|(scheme, _)| ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)));
    let clean = !url.contains(|c: char| c.is_control() || c.is_whitespace());
    clean
        && url.len() <= 2000
        && rest.is_some_and(|(_, rest)| rest.starts_with(|c: char| c.is_alphanumeric() || c == '['))
}

fn is_message_id(id: &str) -> bool {
    let inner = id.strip_prefix('<').and_then(|id| id.strip_suffix('>'));
    let fine = |c: char| c.is_ascii_graphic() && c != '<' && c != '>';
    id.len() <= 500 && inner.is_some_and(|inner| inner.contains('@') && inner.chars().all(fine))
}

fn yes() -> bool {
    true
}

/// Reads a time with its zone and cuts it to whole milliseconds, as it will be stored.
///
/// # Errors
/// A time without its zone, or none at all.
pub fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Time, D::Error> {
    let text = String::deserialize(from)?;
    // By way of the number that is stored, so that a leap second equals what comes back for it.
    let millis = DateTime::parse_from_rfc3339(&text).ok().map(|time| time.timestamp_millis());
    millis.and_then(Time::from_timestamp_millis).ok_or_else(|| {
        serde::de::Error::custom("expected an RFC 3339 time with its zone, such as \"2026-11-22T10:00:00Z\"")
    })
}

fn optional_time<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Time>, D::Error> {
    #[derive(Deserialize)]
    struct Wrapped(#[serde(deserialize_with = "time")] Time);
    Ok(Option::<Wrapped>::deserialize(from)?.map(|Wrapped(time)| time))
}

#[cfg(test)]
mod tests;
