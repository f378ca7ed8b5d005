//! The codes of failures: stable words, on which programs may rely.
//!
//! It owns which there are, the status of each and what it means. It must not know what fails.

use crate::survey::words::words;
use axum::http::StatusCode;

words! {
    /// Why a request failed.
    pub(super) enum Code {
        /// The body is not JSON.
        NotJson = "not_json",
        /// The body ended early.
        BrokenBody = "broken_body",
        /// No valid key.
        UnknownKey = "unknown_key",
        /// A webhook without a valid signature.
        BadSignature = "bad_signature",
        /// The key may not do this.
        Forbidden = "forbidden",
        /// Another site sent the form.
        AnotherSite = "another_site",
        /// No such path.
        NotFound = "not_found",
        /// No such helpdesk.
        UnknownHelpdesk = "unknown_helpdesk",
        /// No such mail provider.
        UnknownProvider = "unknown_provider",
        /// No such conversation.
        UnknownConversation = "unknown_conversation",
        /// No such survey.
        UnknownSurvey = "unknown_survey",
        /// No such link.
        UnknownLink = "unknown_link",
        /// A link of a test mail, which has a page of its own.
        TestLink = "test_link",
        /// The path takes other methods.
        MethodNotAllowed = "method_not_allowed",
        /// A follow-up is not as the caller saw it.
        ChangedMeanwhile = "changed_meanwhile",
        /// A rating does not stand as the act needs.
        WrongStanding = "wrong_standing",
        /// The body is too large.
        TooLarge = "too_large",
        /// Fields or parameters are wrong.
        Invalid = "invalid",
        /// Too many requests.
        TooMany = "too_many",
        /// A fault of ours.
        Internal = "internal",
        /// The store does not answer.
        Unavailable = "unavailable",
        /// Too much is on its way in.
        Busy = "busy",
    }
}

impl Code {
    /// The status of the answer.
    pub(super) const fn status(self) -> StatusCode {
        match self {
            Self::NotJson | Self::BrokenBody => StatusCode::BAD_REQUEST,
            Self::UnknownKey | Self::BadSignature => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::AnotherSite => StatusCode::FORBIDDEN,
            Self::NotFound
            | Self::UnknownHelpdesk
            | Self::UnknownProvider
            | Self::UnknownConversation
            | Self::UnknownSurvey
            | Self::UnknownLink
            | Self::TestLink => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::ChangedMeanwhile | Self::WrongStanding => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable | Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// What it means, in a sentence for the person who connects a program.
    pub(super) const fn meaning(self) -> &'static str {
        match self {
            Self::NotJson => "The body isn't JSON.",
            Self::BrokenBody => "The body didn't arrive whole.",
            Self::UnknownKey => "The key is missing, wrong, revoked or expired.",
            Self::BadSignature => "The webhook isn't signed by its sender, or was signed at another time.",
            Self::Forbidden => "The key lacks the scope.",
            Self::AnotherSite => "Another site posted a form of the admin pages.",
            Self::NotFound => "There is nothing at this path.",
            Self::UnknownHelpdesk => "No helpdesk of this name is configured.",
            Self::UnknownProvider => "No mail provider of this name is configured.",
            Self::UnknownConversation => {
                "No closing or reopening of this conversation was reported, or the key may not see it."
            }
            Self::UnknownSurvey => "There is no survey with this id, or the key may not see it.",
            Self::UnknownLink => "There is no such link.",
            Self::TestLink => "The link belongs to a test mail.",
            Self::MethodNotAllowed => "This path doesn't take this method.",
            Self::ChangedMeanwhile => "Somebody else changed the follow-up since you saw it; `detail` says who has it.",
            Self::WrongStanding => "The rating doesn't stand as the act needs; `detail` says how it stands.",
            Self::TooLarge => "The body is over 1 MiB.",
            Self::Invalid => "Fields or parameters are wrong: `errors` lists where, and what was expected.",
            Self::TooMany => "Too many requests came to a link; wait for `Retry-After` seconds.",
            Self::Internal => "A fault in Afterword; look for the `request_id` in its log.",
            Self::Unavailable => "The database didn't answer in time; retrying is safe.",
            Self::Busy => "Bodies of more than 64 MiB are on their way in at once; retry after `Retry-After` seconds.",
        }
    }
}
