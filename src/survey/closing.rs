//! The closing: one report that a conversation was closed, as a helpdesk sends it.
//!
//! It owns the shape of the report, what is refused about it, and which facts follow from it. It must not know the
//! rules that judge those facts (`eligibility`).

use super::Time;
use super::fields::{
    ADDRESS_EXPECTED, Fault, Place, check_id, comparable, display, is_address, is_message_id, is_web_address,
};
use super::words::words;
use chrono::{DateTime, TimeDelta};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeSet;

/// Names, teams and tags are cut to this many characters, because they are displayed.
pub const LONGEST_NAME: usize = 200;
/// Subjects are cut to this many characters: no mail program shows more.
pub const LONGEST_SUBJECT: usize = 250;
/// A closing with more customers than this is taken for a mistake of the caller.
pub const MOST_CUSTOMERS: usize = 100;
/// How far a helpdesk's clock may be ahead of ours, and a reply ahead of its closing.
pub const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(5);

/// Names a conversation: ids are unique within one connection only.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Conversation {
    /// The configured helpdesk that reported it; empty for the plain API.
    pub connection: String,
    /// The helpdesk's id.
    pub id: String,
}

/// One report that a conversation was closed. Unknown facts are `None`, never zero. It is written without its messages.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Closing {
    /// The configured helpdesk that reports; empty for the plain API. A caller cannot choose it.
    #[serde(skip)]
    pub connection: String,
    /// The helpdesk's id of the conversation.
    pub conversation_id: String,
    /// When it was closed; with the conversation it names the closing.
    #[serde(deserialize_with = "time")]
    pub closed_at: Time,
    /// Closed, or only snoozed.
    #[serde(default)]
    pub state: ClosingState,
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
    /// The messages, to fill facts that are missing above. Their texts are counted, never stored.
    #[serde(skip_serializing)]
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

words! {
    /// Whether a conversation is over.
    #[derive(Default)]
    pub enum ClosingState {
        /// Over.
        #[default]
        Closed = "closed",
        /// Put aside; it will come back.
        Snoozed = "snoozed",
    }
}

words! {
    /// Who started a conversation.
    pub enum StartedBy {
        /// The customer wrote first.
        Customer = "customer",
        /// A teammate wrote first: direct outbound.
        Teammate = "teammate",
        /// An automation of the helpdesk.
        Workflow = "workflow",
        /// A program, through the helpdesk's API.
        Api = "api",
    }
}

words! {
    /// What kind of customer somebody is.
    pub enum Kind {
        /// Has an account.
        User = "user",
        /// Has no account yet.
        Lead = "lead",
    }
}

words! {
    /// A fact that the rules depend on and a helpdesk may not know. Its word is its field.
    pub enum Fact {
        /// Who started the conversation.
        StartedBy = "started_by",
        /// How much was written.
        Characters = "characters",
        /// When the last reply was.
        LastReplyAt = "last_reply_at",
        /// Whether a teammate replied.
        TeammateReplied = "teammate_replied",
    }
}

/// Somebody who was helped.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

words! {
    /// Who wrote a message.
    pub enum Author {
        /// Somebody who was helped.
        Customer = "customer",
        /// Somebody of the support team.
        Teammate = "teammate",
        /// A program. What it writes does not count.
        Bot = "bot",
    }
}

impl Closing {
    /// Checks what the types cannot: ids, addresses, URLs and times. `now` is when the closing was reported.
    #[must_use]
    pub fn faults(&self, now: Time) -> Vec<Fault> {
        let mut faults = Vec::new();
        check_id(&self.conversation_id, Place::Body("/conversation_id".into()), &mut faults);
        if self.closed_at > now + CLOCK_SKEW {
            faults.push(Fault::body("/closed_at", "is in the future: expected a time of the past"));
        }
        if self.last_reply_at.is_some_and(|reply| reply > self.closed_at + CLOCK_SKEW) {
            faults
                .push(Fault::body("/last_reply_at", "is after closed_at: expected the last reply before the closing"));
        }
        if self.url.as_deref().is_some_and(|url| !is_web_address(url)) {
            faults.push(Fault::body("/url", "expected an http or https address"));
        }
        if self.in_reply_to.as_deref().is_some_and(|id| !is_message_id(id)) {
            faults.push(Fault::body("/in_reply_to", "expected a Message-ID such as \"<m1@desk.example.com>\""));
        }
        self.people_faults(&mut faults);
        faults
    }

    fn people_faults(&self, faults: &mut Vec<Fault>) {
        if self.customers.is_empty() || self.customers.len() > MOST_CUSTOMERS {
            let detail = format!("{} customers: expected 1 to {MOST_CUSTOMERS}", self.customers.len());
            faults.push(Fault::body("/customers", detail));
            return;
        }
        for (place, customer) in self.customers.iter().enumerate() {
            if customer.email.as_deref().is_some_and(|email| !is_address(email)) {
                faults.push(Fault::body(format!("/customers/{place}/email"), ADDRESS_EXPECTED));
            }
            if let Some(id) = &customer.id {
                check_id(id, Place::Body(format!("/customers/{place}/id")), faults);
            }
        }
        if let Some(teammate) = &self.teammate {
            check_id(&teammate.id, Place::Body("/teammate/id".into()), faults);
            if teammate.email.as_deref().is_some_and(|email| !is_address(email)) {
                faults.push(Fault::body("/teammate/email", ADDRESS_EXPECTED));
            }
        }
        for (place, message) in self.messages.iter().flatten().enumerate() {
            if message.at > self.closed_at + CLOCK_SKEW {
                let detail = "is after closed_at: expected a message before the closing";
                faults.push(Fault::body(format!("/messages/{place}/at"), detail));
            }
            if let Some(id) = &message.author_id {
                check_id(id, Place::Body(format!("/messages/{place}/author_id")), faults);
            }
        }
    }

    /// Fills missing facts from the messages, cuts texts for display, and drops the messages.
    ///
    /// Messages are ordered by time, ties by position. Without a message of a customer or teammate there are 0 characters
    /// and no reply, and the time of the last reply stays unknown.
    #[must_use]
    pub fn normalize(mut self) -> Self {
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
        // Each tag once: reports count a rating for each of its tags.
        let mut known = BTreeSet::new();
        let tags = self.tags.iter().filter_map(|tag| display(tag, LONGEST_NAME));
        self.tags = tags.filter(|tag| known.insert(tag.clone())).collect();
        self
    }

    /// The facts that it does not tell; once it is normalized, its messages do not tell them either.
    #[must_use]
    pub fn unknown(&self) -> Vec<Fact> {
        let is_known = |fact: &Fact| match fact {
            Fact::StartedBy => self.started_by.is_some(),
            Fact::Characters => self.characters.is_some(),
            Fact::LastReplyAt => self.last_reply_at.is_some(),
            Fact::TeammateReplied => self.teammate_replied.is_some(),
        };
        Fact::ALL.iter().copied().filter(|fact| !is_known(fact)).collect()
    }

    /// The conversation that was closed.
    #[must_use]
    pub fn conversation(&self) -> Conversation {
        Conversation { connection: self.connection.clone(), id: self.conversation_id.clone() }
    }

    /// How many people were helped: distinct addresses, [as they are compared](comparable); customers without an address count one each.
    #[must_use]
    pub fn people(&self) -> usize {
        let addresses: BTreeSet<_> = self
            .customers
            .iter()
            .filter_map(|customer| customer.email.as_ref())
            .map(|email| comparable(email))
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

    /// All other addresses.
    pub fn others(&self) -> impl Iterator<Item = &str> {
        self.customers.iter().filter_map(|customer| customer.email.as_deref()).skip(1)
    }
}

fn yes() -> bool {
    true
}

/// Reads an RFC 3339 time with its zone and cuts it to whole milliseconds, as it will be stored.
///
/// # Errors
/// Anything else, a time without its zone included.
pub fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Time, D::Error> {
    let text = String::deserialize(from)?;
    // Through the number that is stored: a leap second then equals what is read back for it.
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
