//! What admins decide about ratings: releasing, discarding, voiding and restoring them.
//!
//! It owns what a reason may be. It must not know HTTP or SQL, nor what an act makes of a rating.

use super::{Access, Error, Gateway};
use crate::ledger::moderation::{Moderate, Moderated};
use crate::survey::access::Within;
use crate::survey::closing::Conversation;
use crate::survey::conversation::{ClosingRecord, SurveyRecord};
use crate::survey::fields::{Fault, display};
use crate::survey::moderation::{Act, Moderator};
use uuid::Uuid;

/// The most characters of a reason: some sentences, which fit on a page beside a rating.
pub const LONGEST_REASON: usize = 500;
/// The most characters of a name that are kept with what was done.
const LONGEST_NAME: usize = 100;

/// A survey, the conversation that it asks about, and the closing that it was made for.
#[derive(Clone, Debug)]
pub struct Known {
    /// The conversation.
    pub conversation: Conversation,
    /// The closing; `None` if it was deleted for its age.
    pub closing: Option<ClosingRecord>,
    /// The survey.
    pub survey: SurveyRecord,
}

impl Gateway {
    /// Does what an admin decided about the rating of a survey, and notes who, when and why in its history. The answer is
    /// durable, and figures count by it at once. A repeat changes nothing.
    ///
    /// # Errors
    /// A blank reason or one that is too long; no such survey in the part of the team that the caller may see; a rating
    /// that does not stand as the act needs; an unavailable store.
    pub async fn moderate(&self, survey: Uuid, act: Act, reason: &str, access: &Access) -> Result<Moderated, Error> {
        let text = display(reason, LONGEST_REASON + 1).filter(|text| text.chars().count() <= LONGEST_REASON);
        let Some(reason) = text else {
            let detail = format!("expected why, in 1 to {LONGEST_REASON} characters");
            return Err(Error::Invalid(vec![Fault::body("/reason", detail)]));
        };
        if access.within != Within::default() {
            self.survey(survey, &access.within).await?;
        }
        let who = display(&access.name, LONGEST_NAME).unwrap_or_default();
        let by = Moderator { who, reason: Some(reason) };
        let done = self.store.moderate(Moderate { survey, at: self.clock.now(), act, by }).await?;
        let moderated = done.ok_or(Error::UnknownSurvey)??;
        if moderated.changed {
            tracing::info!(%survey, act = act.word(), "an admin decided about a rating");
        }
        Ok(moderated)
    }

    /// Looks up all that is known of a survey.
    ///
    /// # Errors
    /// No such survey in the part of the team that the caller may see, or an unavailable store.
    pub async fn survey(&self, id: Uuid, allowed: &Within) -> Result<Known, Error> {
        let conversation = self.conversation_of(id).await?.ok_or(Error::UnknownSurvey)?;
        let known = self.conversation(&conversation, allowed).await?;
        let survey = known.surveys.into_iter().find(|survey| survey.id == id).ok_or(Error::UnknownSurvey)?;
        let closing = known.closings.into_iter().find(|closing| closing.closed_at == survey.closed_at);
        Ok(Known { conversation, closing, survey })
    }
}
