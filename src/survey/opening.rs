//! Who opened a survey that nobody rated, as reports split it.
//!
//! It must not know what a visit rates (`evidence`).

use super::page::Visitor;
use super::words::words;

words! {
    /// What the visitor looked like who opened a survey first, and how soon after the mail it was. `Unknown` comes last:
    /// reports list the others in this order.
    pub enum Opening {
        /// On a phone or a tablet, while the mail was young.
        PhoneYoung = "phone_young",
        /// On a phone or a tablet, later.
        PhoneLater = "phone_later",
        /// On anything else, while the mail was young: scanners look like that too.
        OtherYoung = "other_young",
        /// On anything else, later.
        OtherLater = "other_later",
        /// By somebody before the service noted who.
        Unknown = "unknown",
    }
}

impl Opening {
    /// Those that reports tell apart.
    pub const SPLIT: [Self; 4] = [Self::PhoneYoung, Self::PhoneLater, Self::OtherYoung, Self::OtherLater];

    /// What to note of a survey after a view. The first visitor who is no machine is noted, because most customers come
    /// once. The first click takes that place, because scanners that pose as desktop browsers come before the customer,
    /// and none is known to look like a click. `clicked` says that an earlier view was a click.
    #[must_use]
    pub fn after(noted: Option<Self>, visitor: Visitor, young: bool, clicked: bool) -> Option<Self> {
        let counts = !visitor.machine && (noted.is_none() || (visitor.clicks() && !clicked));
        let opening = match (visitor.phone, young) {
            (true, true) => Self::PhoneYoung,
            (true, false) => Self::PhoneLater,
            (false, true) => Self::OtherYoung,
            (false, false) => Self::OtherLater,
        };
        if counts { Some(opening) } else { noted }
    }

    /// What it is called, what it means that surveys were opened so and not rated, and what can be changed.
    #[must_use]
    pub const fn meaning(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::PhoneYoung => (
                "On a phone, within 5 minutes",
                "Customers who read their mail at once. A scanner had often come just before, and then the page asks for a press, which most people do not give.",
                "No setting changes that.",
            ),
            Self::PhoneLater => (
                "On a phone, later",
                "Customers who looked and left, or whom the rules of clicks lost.",
                "If clicks.evidence is “touched” or “pressed”, go back to “seen”: it loses the fewest.",
            ),
            Self::OtherYoung => (
                "Elsewhere, within 5 minutes",
                "Mostly scanners, which pose as desktop browsers and open links as the mail arrives. They do not rate.",
                "Nothing: these are hardly customers. A longer ask.delay changes nothing, because scanners come with the mail.",
            ),
            Self::OtherLater => (
                "Elsewhere, later",
                "Customers at a desk who looked and left, or whom the rules of clicks lost, and some scanners that come late.",
                "If clicks.evidence is “touched” or “pressed”, go back to “seen”. Add programs that you know to clicks.machines.",
            ),
            Self::Unknown => (
                "Before this was noted",
                "An older version did not note who opened a survey.",
                "Nothing: newer surveys tell.",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DESKTOP: Visitor = Visitor { machine: false, phone: false, webmail: false };
    const WEBMAIL: Visitor = Visitor { webmail: true, ..DESKTOP };
    const PHONE: Visitor = Visitor { phone: true, ..DESKTOP };
    const MACHINE: Visitor = Visitor { machine: true, ..PHONE };

    /// What is noted in the end of visitors, each of whom comes while the mail is young or later.
    fn noted(visitors: &[(Visitor, bool)]) -> Option<Opening> {
        let (mut noted, mut clicked) = (None, false);
        for (visitor, young) in visitors {
            noted = Opening::after(noted, *visitor, *young, clicked);
            clicked |= visitor.clicks();
        }
        noted
    }

    #[test]
    fn the_first_visitor_is_noted_until_the_first_click() {
        let (young, later) = (true, false);
        for (visitors, expected) in [
            (vec![], None),
            (vec![(MACHINE, young)], None),
            (vec![(MACHINE, young), (DESKTOP, later)], Some(Opening::OtherLater)),
            (vec![(DESKTOP, young), (DESKTOP, later)], Some(Opening::OtherYoung)),
            (vec![(DESKTOP, young), (PHONE, later), (PHONE, later)], Some(Opening::PhoneLater)),
            (vec![(DESKTOP, young), (WEBMAIL, later), (PHONE, later)], Some(Opening::OtherLater)),
            (vec![(PHONE, young), (WEBMAIL, later), (DESKTOP, later)], Some(Opening::PhoneYoung)),
        ] {
            assert_eq!(noted(&visitors), expected, "{visitors:?}");
        }
        assert_eq!(Opening::after(Some(Opening::Unknown), DESKTOP, later, false), Some(Opening::Unknown));
        assert_eq!(Opening::after(Some(Opening::Unknown), PHONE, later, false), Some(Opening::PhoneLater));
    }
}
