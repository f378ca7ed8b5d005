//! Which recipient domains' scanners open the links of surveys, from a sample of the newest ones.
//!
//! A sample, because domains are known only as parts of addresses, which erasing removes, and so many newest surveys say
//! enough. It must not know which posts count (`evidence`).

use super::Time;
use super::rating::StandingWord;
use super::trail::{BURST, Trail};
use std::collections::BTreeMap;

/// So many of a survey's five links opened within a minute are no person's doing: the click rules refuse scripts then.
pub const MANY_LINKS: usize = 3;
/// How many of the newest surveys are looked at.
pub const SAMPLE: u32 = 5_000;
/// How many domains are listed.
pub const MOST_DOMAINS: usize = 50;

/// A survey that was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// When its mail was accepted.
    pub at: Time,
    /// The part of the address behind the @; `None` once the customer is erased.
    pub domain: Option<String>,
    /// Where its rating stands.
    pub standing: StandingWord,
    /// Whether somebody seems to have opened it who is no machine.
    pub opened: bool,
    /// Who opened its links.
    pub trail: Trail,
}

/// What happened to the surveys of one domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Domain {
    /// The domain; `None` of erased customers.
    pub name: Option<String>,
    /// Surveys that were sent.
    pub sent: u64,
    /// Those of them whose links a scanner opened.
    pub scanned: u64,
    /// Those of them whose rating is held.
    pub held: u64,
    /// Those of them that are rated.
    pub answered: u64,
    /// Those of them that somebody opened and nobody rated.
    pub unconfirmed: u64,
}

/// Domains whose mail is scanned, or holds ratings.
#[derive(Clone, Debug, Default)]
pub struct Scanning {
    /// How many surveys were looked at.
    pub surveys: u64,
    /// How many of them were scanned.
    pub scanned: u64,
    /// The oldest of them, if older ones of the period were not looked at.
    pub since: Option<Time>,
    /// Those with a scanned or held survey: the most scanned first, [`MOST_DOMAINS`] at most.
    pub domains: Vec<Domain>,
    /// How many further domains there are.
    pub more: usize,
}

/// Whether the links were opened by a scanner: it said so, or it opened [`MANY_LINKS`] of them within a minute.
#[must_use]
pub fn is_scanned(trail: &Trail) -> bool {
    let said_so = trail.views.iter().any(|view| view.visitor.machine);
    said_so
        || trail.views.iter().any(|last| {
            let within = |at: Time| at <= last.at && last.at - at < BURST;
            trail.scores_viewed(|view| within(view.at)) >= MANY_LINKS
        })
}

/// Counts a sample by domain. `cut` says that older surveys were not looked at.
#[must_use]
pub fn by_domain(sample: &[Sent], cut: bool) -> Scanning {
    let mut domains = BTreeMap::<_, Domain>::new();
    let mut scanning = Scanning { surveys: sample.len() as u64, ..Scanning::default() };
    for sent in sample {
        let domain = domains.entry(&sent.domain).or_default();
        let scanned = u64::from(is_scanned(&sent.trail));
        domain.sent += 1;
        domain.scanned += scanned;
        scanning.scanned += scanned;
        domain.held += u64::from(sent.standing == StandingWord::Held);
        domain.answered += u64::from(matches!(sent.standing, StandingWord::Rated | StandingWord::Locked));
        domain.unconfirmed += u64::from(sent.standing == StandingWord::Unrated && sent.opened);
    }
    let named = domains.into_iter().map(|(name, domain)| Domain { name: name.clone(), ..domain });
    scanning.domains = named.filter(|domain| domain.scanned + domain.held > 0).collect();
    scanning.domains.sort_by_key(|domain| std::cmp::Reverse((domain.scanned, domain.held)));
    scanning.more = scanning.domains.len().saturating_sub(MOST_DOMAINS);
    scanning.domains.truncate(MOST_DOMAINS);
    scanning.since = sample.iter().map(|sent| sent.at).min().filter(|_| cut);
    scanning
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::page::Visitor;
    use crate::survey::rating::Score;
    use crate::survey::trail::View;
    use chrono::TimeDelta;

    /// Views of the first links, this many seconds apart.
    fn trail(links: usize, apart: i64, machine: bool) -> Trail {
        let view = |(number, score): (i64, &Score)| View {
            at: Time::UNIX_EPOCH + TimeDelta::seconds(number * apart),
            score: *score,
            visitor: Visitor { machine, phone: false, webmail: false },
        };
        Trail { views: (0..).zip(&Score::ALL[..links]).map(view).collect(), ..Trail::default() }
    }

    #[test]
    fn a_scanner_says_so_or_opens_many_links_within_a_minute() {
        for (trail, expected) in [
            (trail(0, 0, false), false),
            (trail(1, 0, true), true),
            (trail(2, 1, false), false),
            (trail(3, 29, false), true),
            (trail(3, 30, false), false),
            (trail(5, 30, false), false),
        ] {
            assert_eq!(is_scanned(&trail), expected, "{trail:?}");
        }
    }

    #[test]
    fn domains_are_listed_if_something_was_scanned_or_held_there() {
        let sent = |domain: &str, standing, trail| Sent {
            at: Time::UNIX_EPOCH,
            domain: (!domain.is_empty()).then(|| domain.to_owned()),
            standing,
            opened: true,
            trail,
        };
        let sample = [
            sent("a.example", StandingWord::Unrated, trail(5, 1, false)),
            sent("a.example", StandingWord::Rated, trail(1, 1, false)),
            sent("b.example", StandingWord::Held, trail(2, 1, false)),
            sent("c.example", StandingWord::Locked, trail(1, 1, false)),
            sent("", StandingWord::Unrated, trail(1, 1, true)),
            sent("a.example", StandingWord::Unrated, trail(1, 1, true)),
        ];
        let counted = by_domain(&sample, false);
        let row = |row: &Domain| (row.name.clone().unwrap_or_default(), row.sent, row.scanned, row.held, row.answered);
        let rows: Vec<_> = counted.domains.iter().map(row).collect();
        let expected = [("a.example", 3, 2, 0, 1), ("", 1, 1, 0, 0), ("b.example", 1, 0, 1, 0)];
        assert_eq!(
            rows,
            expected.map(|(name, sent, scanned, held, rated)| (name.to_owned(), sent, scanned, held, rated))
        );
        assert_eq!((counted.surveys, counted.scanned, counted.since, counted.more), (6, 3, None, 0));
    }
}
