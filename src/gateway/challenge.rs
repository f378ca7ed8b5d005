//! The challenge of `afterword check`: whether what answers at the public URL is a service with the same keys.
//!
//! It owns how question and answer are spelled. It must not know HTTP.

use super::Gateway;
use crate::secrets::random;
use crate::survey::link::Challenge;
use data_encoding::HEXLOWER;

impl Gateway {
    /// Makes a question that only a service with the same keys answers: a random number and its signature.
    #[must_use]
    pub fn challenge(&self) -> String {
        let nonce = HEXLOWER.encode(&random::<16>());
        format!("{nonce}.{}", self.secrets.ring.sign_challenge(Challenge::Asked, &nonce))
    }

    /// Answers a question; `None` if it was not made with one of the keys here, so that strangers learn nothing.
    #[must_use]
    pub fn answer_challenge(&self, question: &str) -> Option<String> {
        let ring = &self.secrets.ring;
        let (nonce, signature) = question.split_once('.')?;
        ring.verify_challenge(Challenge::Asked, nonce, signature)
            .then(|| ring.sign_challenge(Challenge::Answered, nonce))
    }

    /// Whether this answers the question.
    #[must_use]
    pub fn is_answer(&self, question: &str, answer: &str) -> bool {
        let nonce = question.split_once('.').map_or("", |(nonce, _)| nonce);
        self.secrets.ring.verify_challenge(Challenge::Answered, nonce, answer)
    }
}
