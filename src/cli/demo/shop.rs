//! The people of the demo: a lamp shop's support team and customers, and what they write.
//!
//! It owns names and texts only. It must not know when anything happens.

use crate::survey::moderation::Act;

/// A member of the support team.
pub(super) struct Agent {
    pub id: &'static str,
    pub name: &'static str,
    pub email: &'static str,
    pub team: &'static str,
    /// The share of each score in this agent's ratings, worst first, in percent.
    pub scores: [u32; 5],
    /// The weight of this agent's share of all conversations.
    pub share: u32,
}

/// Who decides about held ratings, and calls back where no teammate is known.
pub(super) const LEAD: &str = "Grace Okafor";
pub(super) const ORDERS: &str = "Orders";
const REPAIRS: &str = "Repairs";
const BILLING: &str = "Billing";

pub(super) const AGENTS: [Agent; 7] = [
    agent("t1", "Grace Okafor", "grace@lumen-lamps.example", ORDERS, [0, 1, 2, 32, 65], 5),
    agent("t2", "Tom Lindqvist", "tom@lumen-lamps.example", ORDERS, [4, 6, 8, 46, 36], 4),
    agent("t3", "Mei Tanaka", "mei@lumen-lamps.example", ORDERS, [2, 4, 6, 40, 48], 4),
    agent("t4", "Priya Nair", "priya@lumen-lamps.example", REPAIRS, [1, 2, 4, 35, 58], 4),
    agent("t5", "Jonas Weber", "jonas@lumen-lamps.example", REPAIRS, [7, 9, 11, 47, 26], 4),
    agent("t6", "Lucia Ferrer", "lucia@lumen-lamps.example", BILLING, [2, 3, 7, 44, 44], 3),
    agent("t7", "Ben Carter", "ben@lumen-lamps.example", BILLING, [6, 8, 9, 47, 30], 3),
];

const fn agent(
    id: &'static str,
    name: &'static str,
    email: &'static str,
    team: &'static str,
    scores: [u32; 5],
    share: u32,
) -> Agent {
    Agent { id, name, email, team, scores, share }
}

/// What a conversation is about, and what its customer may comment.
pub(super) struct Topic {
    pub team: &'static str,
    pub tag: &'static str,
    pub subjects: &'static [&'static str],
    pub unhappy: &'static [&'static str],
    pub happy: &'static [&'static str],
}

pub(super) const TOPICS: [Topic; 7] = [
    Topic {
        team: ORDERS,
        tag: "delivery",
        subjects: &[
            "Where is my order?",
            "Floor lamp still not here",
            "Tracking has not moved since Monday",
            "Can you deliver to my office instead?",
            "Parcel left with the wrong neighbour",
        ],
        unhappy: &[
            "Two weeks for a lamp that was in stock, and nobody could tell me where it was.",
            "They promised \"tomorrow\" three times. Three times it was not tomorrow.",
            "The answers were friendly, but my parcel is still missing.",
            "I had to chase the carrier myself in the end.",
            "Promised a call back about the delivery, never got one.",
            "Took the day off for the delivery. Nobody came.",
        ],
        happy: &[
            "Found my parcel within ten minutes. Impressive!",
            "Rerouted it to my office the same day, thank you.",
            "Got a new one sent at once, without any argument.",
            "Clear answers, and the lamp arrived exactly when you said.",
            "Thanks for staying on it until the carrier moved.",
            "Very kind, even though I had typed the wrong address myself.",
        ],
    },
    Topic {
        team: ORDERS,
        tag: "wrong-item",
        subjects: &[
            "Received brass, ordered black",
            "Shade is the wrong size",
            "One of three pendants is missing",
            "Wrong bulbs in the box",
        ],
        unhappy: &[
            "I should not have to pay for sending back what you packed wrongly.",
            "The replacement was the wrong colour as well.",
            "Had to send photos of the same box four times.",
            "Still one pendant short.",
        ],
        happy: &[
            "Sorted in one message, and I could keep the wrong shade.",
            "The right lamp was here two days later. Perfect.",
            "No forms, no fuss. I wish every shop worked like this.",
            "Grateful for the quick swap before our party!",
        ],
    },
    Topic {
        team: ORDERS,
        tag: "before-buying",
        subjects: &[
            "Is the Halo 40 dimmable?",
            "Does the Arc fit a 2.4 m ceiling?",
            "When is the green Mushroom back in stock?",
            "Which bulb for the reading lamp?",
        ],
        unhappy: &[
            "I asked about dimmers and got a link to the home page.",
            "Four days for a yes or no question.",
            "Was told it fits. It does not fit.",
        ],
        happy: &[
            "Knew every lamp by heart. Bought two.",
            "Honest advice: the cheaper one was the better one for me.",
            "You even measured it for me. Lovely.",
            "Quick and to the point.",
            "Sent me a photo of it in a real room, which helped a lot.",
        ],
    },
    Topic {
        team: REPAIRS,
        tag: "defect",
        subjects: &[
            "My lamp flickers",
            "Dimmer hums loudly",
            "Halo 40 will not switch on",
            "Touch sensor reacts to the cat",
            "Smart bulb loses its connection",
        ],
        unhappy: &[
            "It still flickers. I gave up.",
            "I was asked to try another bulb five times. It is not the bulb.",
            "Sent it in three weeks ago and heard nothing since.",
            "The repaired lamp hums even louder than before.",
            "Felt like talking to a manual.",
            "Closed my case although nothing was fixed.",
        ],
        happy: &[
            "It was the dimmer, just as you guessed. No more flicker!",
            "A patient walk through the wiring. I feel like an electrician.",
            "New driver came by post the next day and works.",
            "The cat can no longer switch on the light. We are both grateful.",
            "Explained it without making me feel stupid.",
            "Fixed by mail in two messages.",
        ],
    },
    Topic {
        team: REPAIRS,
        tag: "spare-part",
        subjects: &[
            "Spare glass for the Orbit",
            "Need a longer cable",
            "Screws missing from the wall bracket",
            "Replacement shade for a 2019 model",
        ],
        unhappy: &[
            "A lamp of 300 and no spare glass after two years?",
            "The part you sent is for another model.",
            "Nobody seems to know your own old lamps.",
        ],
        happy: &[
            "A spare part for a lamp of 2019, for free. Customer for life.",
            "Found the last shade in the warehouse for me!",
            "The screws came in an envelope with a handwritten note. Sweet.",
            "Longer cable fits perfectly.",
        ],
    },
    Topic {
        team: BILLING,
        tag: "refund",
        subjects: &[
            "Refund for a returned lamp",
            "Refund not on my account yet",
            "Returned two, refunded one",
            "Please cancel my order",
        ],
        unhappy: &[
            "Still waiting for my money, a month after the return.",
            "You refunded one of two, and asked me to prove it.",
            "Return postage was taken off without a word before.",
            "Every answer came from somebody else and began at zero.",
        ],
        happy: &[
            "The refund was there the next morning.",
            "Cancelled in time, no questions asked.",
            "I expected a fight and got an apology and my money.",
            "Straightforward and polite.",
        ],
    },
    Topic {
        team: BILLING,
        tag: "invoice",
        subjects: &[
            "Invoice with our VAT number",
            "Charged twice for one order",
            "Voucher was not taken off",
            "Which payment methods do you take?",
        ],
        unhappy: &[
            "Charged twice, and it took nine days to admit it.",
            "Third corrected invoice and the address is wrong again.",
            "The voucher \"cannot be combined\". That was written nowhere.",
        ],
        happy: &[
            "Invoice corrected while I was still on the chat.",
            "Voucher added afterwards, thank you!",
            "Double charge was gone before I had found my bank statement.",
            "Our accountant is happy, so I am happy.",
        ],
    },
];

/// Comments with the middle score.
pub(super) const INDIFFERENT: &[&str] = &[
    "It took a while, but it was answered.",
    "Okay in the end.",
    "Friendly, but it needed too many mails.",
    "Half of my question was answered.",
    "Fine, though the answer was in your FAQ all along.",
    "Would have preferred a phone call.",
    "Neither good nor bad.",
];

/// What teammates note when they have called an unhappy customer back.
pub(super) const NOTES: [&str; 6] = [
    "Called. A new one goes out today by express, with our apology.",
    "Wrote again, and explained it step by step. It works now.",
    "Refunded the postage. Content with that.",
    "Called twice and left a message with my direct number.",
    "Spoke for ten minutes. It was the carrier; we complained there together.",
    "Sent a voucher. Will order again.",
];

/// What the lead decides about held ratings, and why.
pub(super) const DECISIONS: [(Act, &str); 2] = [
    (Act::Release, "The customer confirmed it when we called."),
    (Act::Discard, "The customer doesn’t remember rating; the company’s mail gateway opens every link."),
];
/// Why the lead took a rating out of all counts.
pub(super) const VOIDED: &str = "The customer meant the order from another shop, and told us so.";

const FIRST: [&str; 36] = [
    "Alice", "Amir", "Anna", "Bruno", "Carla", "Chen", "Clara", "Daniel", "Dora", "Elif", "Emil", "Esther", "Felix",
    "Fatima", "Hanna", "Hugo", "Ines", "Ivan", "Jack", "Julia", "Kofi", "Lea", "Liam", "Lina", "Marco", "Maria",
    "Nadia", "Noah", "Olga", "Omar", "Paula", "Rosa", "Samuel", "Sofia", "Yuki", "Zoe",
];
const LAST: [&str; 37] = [
    "Adler", "Bauer", "Bennett", "Brown", "Costa", "Dahl", "Demir", "Evans", "Fischer", "Fontaine", "Garcia", "Haas",
    "Hughes", "Ito", "Jansen", "Khan", "Klein", "Kowalski", "Larsen", "Lopez", "Marsh", "Mensah", "Meyer", "Moreau",
    "Novak", "Olsen", "Patel", "Petrov", "Ricci", "Rossi", "Sato", "Schmidt", "Silva", "Tran", "Vogel", "Wood",
    "Young",
];
const DOMAINS: [&str; 5] = ["example.com", "mail.example.com", "example.org", "post.example.net", "example.net"];

/// How many customers the shop has.
pub(super) const CUSTOMERS: usize = 420;

/// The name and address of a customer. The first [`CUSTOMERS`] addresses are all different.
pub(super) fn customer(number: usize) -> (String, String) {
    let first = FIRST[number % FIRST.len()];
    let last = LAST[(7 * number + number / FIRST.len()) % LAST.len()];
    let domain = DOMAINS[number * 13 / 4 % DOMAINS.len()];
    (format!("{first} {last}"), format!("{first}.{last}@{domain}").to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_customer_has_a_different_address() {
        let addresses: BTreeSet<_> = (0..CUSTOMERS).map(|number| customer(number).1).collect();
        assert_eq!(addresses.len(), CUSTOMERS);
    }

    #[test]
    fn every_agent_has_topics_and_scores_that_add_up() {
        for agent in &AGENTS {
            assert!(TOPICS.iter().any(|topic| topic.team == agent.team), "{}", agent.name);
            assert_eq!(agent.scores.iter().sum::<u32>(), 100, "{}", agent.name);
        }
    }
}
