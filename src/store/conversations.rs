//! The verbs that look up what is known of a conversation.
//!
//! It must not know who may see it.

use super::{Store, Unavailable};
use crate::survey::Time;
use crate::survey::closing::Conversation;
use crate::survey::conversation::ConversationRecord;
use crate::survey::eligibility::Decision;
use uuid::Uuid;

impl Store {
    /// What was decided about a closing, if it was reported.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn decision(
        &self,
        conversation: &Conversation,
        closed_at: Time,
    ) -> Result<Option<Decision>, Unavailable> {
        self.sqlite().decision(conversation, closed_at).await
    }

    /// All that is known of a conversation.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn conversation(&self, conversation: &Conversation) -> Result<ConversationRecord, Unavailable> {
        self.sqlite().conversation(conversation).await
    }

    /// The connections that reported a conversation of this id, in the order of their names.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn connections_of(&self, id: &str) -> Result<Vec<String>, Unavailable> {
        self.sqlite().connections_of(id).await
    }

    /// The conversation that a survey asks about; `None` if there is no such survey.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn conversation_of(&self, survey: Uuid) -> Result<Option<Conversation>, Unavailable> {
        self.sqlite().conversation_of(survey).await
    }
}
