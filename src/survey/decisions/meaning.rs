//! What it means that a rule failed, and what an operator may change, in plain sentences.
//!
//! It must not know how often that happened.

use crate::survey::eligibility::Rule;

/// A rule for people who did not write the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// Why nobody was asked, in a few words.
    pub title: &'static str,
    /// What was the case.
    pub means: &'static str,
    /// What can be changed, and where.
    pub change: &'static str,
}

impl Meaning {
    /// The meaning of a rule by its word. Decisions of an older version may hold another word.
    #[must_use]
    pub fn of(word: &str) -> Self {
        let (title, means, change) = word.parse().map_or(UNKNOWN, words);
        Self { title, means, change }
    }
}

type Words = (&'static str, &'static str, &'static str);

const UNKNOWN: Words =
    ("Another rule", "An earlier version of Afterword had this rule.", "There is nothing to change any more.");

const fn words(rule: Rule) -> Words {
    match rule {
        Rule::OffForUsers | Rule::OffForLeads | Rule::NoTeammate | Rule::OutboundOff | Rule::WorkflowOff => {
            origin(rule)
        }
        Rule::OptedOut | Rule::Bounced | Rule::Complained | Rule::Erased | Rule::Excluded | Rule::NoAddress => {
            address(rule)
        }
        Rule::TooShort => (
            "Too little was written",
            "Customer and teammate wrote no more characters than the limit.",
            "A lower ask.min_characters asks after shorter conversations.",
        ),
        Rule::Stale => (
            "Closed long after the last reply",
            "The conversation was closed more days after the last reply than the limit.",
            "Close conversations sooner, or raise ask.max_days_since_reply.",
        ),
        Rule::Group => (
            "Several customers took part",
            "More than one customer took part, so nobody can say who was helped.",
            "Only conversations with one customer are asked about. No setting changes that.",
        ),
        Rule::AlreadyAsked => (
            "Asked before",
            "A survey about this conversation waits or was sent before.",
            "With ask.ask_again = \"each_closing\", a later closing asks again.",
        ),
        Rule::OtherSurvey => (
            "Another survey asks",
            "The helpdesk said that the teammate closed with another survey.",
            "Turn the other survey off, or have the helpdesk leave out other_survey.",
        ),
        Rule::SuppressedHere => (
            "The helpdesk said not to ask",
            "The closing came with ask = false.",
            "Look at the rule or the button in the helpdesk that sends it.",
        ),
        Rule::NotClosed => (
            "Snoozed, not closed",
            "The helpdesk reported the conversation as snoozed.",
            "It is asked about once the helpdesk reports that it is closed.",
        ),
        Rule::AskedRecently => (
            "Asked recently",
            "The customer got a survey not long ago, or as many in 30 days as the limit allows.",
            "ask.quiet_days and ask.most_in_30_days set how often one customer is asked.",
        ),
        Rule::SampledOut => (
            "Not in the sample",
            "Only a part of all conversations is asked about, and this one is not in it.",
            "A higher ask.sample_percent asks about more of them.",
        ),
        Rule::ReportedLate => (
            "Reported too late",
            "The helpdesk reported the closing more than 7 days after it.",
            "Find out why the helpdesk reports late. After an import of old conversations this is as it should be.",
        ),
        Rule::WindowOver => (
            "The time to rate was over",
            "The time in which the conversation can be rated had ended before it could be asked about.",
            "Raise ask.rate_within_hours, or have the helpdesk report sooner.",
        ),
        Rule::EarlierClosing => (
            "Closed again later",
            "A later closing of the conversation was known already: the reports came out of order.",
            "The later closing decides. There is nothing to change.",
        ),
        Rule::Reopened => (
            "Reopened",
            "The conversation was reopened at or after this closing.",
            "The next closing decides. There is nothing to change.",
        ),
        Rule::UnknownFact => (
            "A fact is missing",
            "The helpdesk left out a fact that a rule needs.",
            "Have the helpdesk send it, or set ask.when_unknown = \"ask\".",
        ),
    }
}

/// Rules about who the customer is, and how the conversation began.
const fn origin(rule: Rule) -> Words {
    match rule {
        Rule::OffForUsers => ("Users are not asked", "The customer is a user.", "ask.users = true asks them."),
        Rule::OffForLeads => ("Leads are not asked", "The customer is a lead.", "ask.leads = true asks them."),
        Rule::OutboundOff => (
            "A teammate started it",
            "A teammate wrote first, and such conversations are not asked about.",
            "ask.outbound = true asks about them.",
        ),
        Rule::WorkflowOff => (
            "A workflow started it",
            "A workflow or the API started the conversation, and such conversations are not asked about.",
            "ask.workflow = true asks about those that a teammate replied in.",
        ),
        _ => (
            "No teammate replied",
            "No teammate wrote in the conversation, so there is nobody to rate.",
            "No setting changes that. If teammates did reply, look at what the helpdesk sends as teammate_replied.",
        ),
    }
}

/// Rules about the address.
const fn address(rule: Rule) -> Words {
    match rule {
        Rule::OptedOut => (
            "The customer unsubscribed",
            "The customer wants no more surveys, or an admin stopped them.",
            "Leave it so. If the customer asks for surveys again: afterword suppression remove ADDRESS.",
        ),
        Rule::Bounced => (
            "Mail to the customer came back",
            "An earlier mail to this address came back for good.",
            "Correct the address in the helpdesk. If it works again: afterword suppression remove ADDRESS.",
        ),
        Rule::Complained => (
            "The customer reported spam",
            "The customer reported a survey as spam.",
            "Leave it so: mail to those who complain harms the delivery of all other mail.",
        ),
        Rule::Erased => (
            "The customer was erased",
            "The customer asked to be forgotten.",
            "Leave it so: the address must not be asked again.",
        ),
        Rule::Excluded => (
            "The address is excluded",
            "The address matches a pattern of addresses that are never asked.",
            "The patterns are in ask.exclude.",
        ),
        _ => (
            "No address",
            "The helpdesk knows no email address of the customer.",
            "Have the helpdesk ask for one, for example at the start of a chat.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_rule_has_words_of_its_own() {
        let all: Vec<_> = Rule::ALL.iter().map(|rule| Meaning::of(rule.word())).collect();
        assert_eq!(all.iter().map(|meaning| meaning.title).collect::<BTreeSet<_>>().len(), Rule::ALL.len());
        for meaning in &all {
            let sentences = [meaning.means, meaning.change];
            assert!(sentences.iter().all(|text| text.ends_with('.')) && !meaning.title.ends_with('.'), "{meaning:?}");
        }
        assert_eq!(Meaning::of("of_the_past").title, "Another rule");
    }
}
