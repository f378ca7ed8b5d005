//! A survey as the batch has it: what was asked and its mail, and apart from that its clicks.
//!
//! Clicks are apart because a view or a post touches nothing else: their row is narrow. It owns what mail and clicks have
//! to do with each other, and what of them has changed. It must not know who is mailed.

use crate::survey::Time;
use crate::survey::answers::Answers;
use crate::survey::closing::Conversation;
use crate::survey::evidence::Clicks;
use crate::survey::opening::Opening;
use crate::survey::outbound::{Outbound, State, StateWord, Stop};
use crate::survey::rating::Standing;

/// What was asked, and its mail.
#[derive(Debug)]
pub struct Survey {
    /// The conversation that it asks about.
    pub conversation: Conversation,
    /// The closing that it was made for.
    pub closed_at: Time,
    /// When it was made.
    pub made_at: Time,
    /// The keyed hash of the address that it went to.
    pub address_hash: String,
    /// Its mail.
    pub mail: Outbound,
    stored_mail: Outbound,
}

/// The clicks on a survey.
#[derive(Debug)]
pub struct Clicked {
    /// What the rules know of them.
    pub clicks: Clicks,
    /// A view or a try was added.
    pub trail_changed: bool,
    stored_standing: Standing,
    stored_opening: Option<Opening>,
    stored_answers: Answers,
}

impl Survey {
    /// A survey as the database has it.
    #[must_use]
    pub fn stored(
        conversation: Conversation,
        closed_at: Time,
        made_at: Time,
        address_hash: String,
        mail: Outbound,
    ) -> Self {
        let stored_mail = mail.clone();
        Self { conversation, closed_at, made_at, address_hash, mail, stored_mail }
    }

    /// Whether its mail is not as the database has it.
    #[must_use]
    pub fn mail_changed(&self) -> bool {
        self.mail != self.stored_mail
    }

    /// The state that its mail ended in, if that happened in this batch.
    #[must_use]
    pub fn mail_ended(&self) -> Option<StateWord> {
        let ended = self.stored_mail.is_open() && !self.mail.is_open();
        ended.then(|| self.mail.state.word())
    }

    /// When reports count it as asked: as long as its mail stands as accepted.
    #[must_use]
    pub fn asked_at(&self) -> Option<Time> {
        asked_at(&self.mail)
    }

    /// Whether that is not as the database has it.
    #[must_use]
    pub fn asked_changed(&self) -> bool {
        asked_at(&self.mail) != asked_at(&self.stored_mail)
    }

    /// Takes a rating as the proof that an earlier attempt arrived, whatever became of its mark: the mail must not go out
    /// again.
    pub(super) fn note_arrival(&mut self, clicked: Option<&mut Clicked>) {
        if let Some(clicked) = clicked
            && let Some(rated_at) = clicked.clicks.standing.rating().map(|rating| rating.rated_at)
            && self.mail.arrived(rated_at)
        {
            clicked.clicks.accepted_at = self.mail.accepted_at;
        }
    }

    /// Cancels the mail unless it is being sent or done.
    pub(super) fn cancel(&mut self, clicked: Option<&mut Clicked>, why: Stop) -> bool {
        self.note_arrival(clicked);
        self.mail.cancel(why)
    }
}

fn asked_at(mail: &Outbound) -> Option<Time> {
    mail.accepted_at.filter(|_| mail.state == State::Accepted)
}

impl Clicked {
    /// The clicks as the database has them.
    #[must_use]
    pub fn stored(clicks: Clicks) -> Self {
        let (stored_standing, stored_opening) = (clicks.standing.clone(), clicks.opened);
        let stored_answers = clicks.answers.clone();
        Self { clicks, trail_changed: false, stored_standing, stored_opening, stored_answers }
    }

    /// Whether what is ticked is not as the database has it.
    #[must_use]
    pub fn answers_changed(&self) -> bool {
        self.clicks.answers != self.stored_answers
    }

    /// Where the rating stands in the database.
    #[must_use]
    pub fn stored_standing(&self) -> &Standing {
        &self.stored_standing
    }

    /// Whether the standing is not as the database has it.
    #[must_use]
    pub fn standing_changed(&self) -> bool {
        self.clicks.standing != self.stored_standing || !self.clicks.changes.is_empty()
    }

    /// Whether who opened it is not as the database has it.
    #[must_use]
    pub fn opening_changed(&self) -> bool {
        self.clicks.opened != self.stored_opening
    }
}
