//! Takes the webhooks that mail providers send: believes those that prove themselves, and finds the survey of each report.
//!
//! It must not know the format of a payload (`provider`), HTTP or SQL.

use super::{Error, Gateway};
use crate::config::ProviderSettings;
use crate::helpdesk::Headers;
use crate::hook::http::{Failure, Method, Request};
use crate::mail;
use crate::provider::sns::{Envelope, Purpose};
use crate::provider::{self, Kind, Refused, Report, Returned};
use crate::survey::access::Scope;
use crate::survey::link::{Link, Purpose as Sealed};
use crate::survey::suppression::Bounce;
use serde_json::Value;
use std::sync::Mutex;
use url::Url;
use uuid::Uuid;

/// The certificate that the messages of Amazon SNS were last verified with. It changes about once a year.
#[derive(Debug, Default)]
pub(super) struct SnsCertificate(Mutex<Option<(Url, Vec<u8>)>>);

/// What became of a report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reported {
    /// How many bounces and complaints were recorded, or had been before.
    pub taken: usize,
    /// Why the rest was ignored, once each.
    pub ignored: Vec<String>,
}

impl Gateway {
    /// Admits a request by its name and key, so that the bodies of strangers are not read if a key is due.
    ///
    /// # Errors
    /// No provider of that name; a key that is not valid for reports; an unavailable store.
    pub async fn admit_provider(&self, name: &str, key: &str) -> Result<&ProviderSettings, Error> {
        let settings = self.config.providers.get(name).ok_or(Error::UnknownProvider)?;
        if settings.kind == Kind::Postmark {
            self.authorize(key, Scope::Trigger).await?;
        }
        Ok(settings)
    }

    /// Takes the report of a provider. The answer is durable, and a repeat changes nothing.
    ///
    /// # Errors
    /// A wrong signature, after which nothing of the report is read; a body that is not JSON; a certificate of Amazon's that
    /// cannot be fetched; an unavailable store.
    pub async fn take_report(
        &self,
        settings: &ProviderSettings,
        headers: &Headers,
        body: &[u8],
    ) -> Result<Reported, Error> {
        let now = self.clock.now();
        if let Some(key) = &settings.public_key {
            key.verify(headers, body, now)?;
        }
        let payload: Value = serde_json::from_slice(body).map_err(|error| Error::NotJson(error.to_string()))?;
        if let Some(secret) = &settings.secret {
            provider::mailgun::verify(secret.reveal(), &payload, now)?;
        }
        let report = match &settings.topic {
            Some(topic) => {
                let envelope = Envelope::read(&payload, topic, now)?;
                self.unseal(envelope).await?
            }
            None => provider::read(settings.kind, &payload),
        };
        self.record(report).await
    }

    /// Verifies a message of SNS, and reads what it carries. Confirms the subscription if it asks for that.
    async fn unseal(&self, envelope: Envelope) -> Result<Report, Error> {
        let purpose = self.verified(envelope).await?;
        let nothing = |why: &str| Report { ignored: vec![why.to_owned()], ..Report::default() };
        match purpose {
            Purpose::Notification(carried) => Ok(match serde_json::from_str(&carried) {
                Ok(message) => provider::read(Kind::Ses, &message),
                // SES tells a new topic so in plain words.
                Err(_) => nothing("a message of SNS that is not one of SES"),
            }),
            Purpose::Confirm(url) => {
                self.fetch(url).await?;
                tracing::info!("the subscription to the topic of Amazon SNS is confirmed");
                Ok(nothing("the subscription is confirmed"))
            }
            Purpose::Ended => {
                tracing::warn!("the subscription to the topic of Amazon SNS ended: bounces are no longer reported");
                Ok(nothing("the subscription ended"))
            }
        }
    }

    async fn verified(&self, envelope: Envelope) -> Result<Purpose, Error> {
        let url = envelope.certificate().clone();
        let known = self.sns_certificate.0.lock().expect("nothing panics while it is locked").clone();
        if let Some((_, pem)) = known.filter(|(known, _)| *known == url) {
            return Ok(envelope.verify(&pem)?);
        }
        let pem = self.fetch(url.clone()).await?;
        let purpose = envelope.verify(&pem)?;
        // Only now: a forged message must not take the place of the right certificate.
        *self.sns_certificate.0.lock().expect("nothing panics while it is locked") = Some((url, pem));
        Ok(purpose)
    }

    /// Fetches an address of Amazon's.
    async fn fetch(&self, url: Url) -> Result<Vec<u8>, Error> {
        let unreachable = |failure: &Failure| Error::ProviderUnreachable(failure.to_string());
        let answer = self.http.send(Request::new(Method::Get, url)).await.map_err(|failure| unreachable(&failure))?;
        if !answer.is_success() {
            return Err(Error::ProviderUnreachable(format!("Amazon SNS answered {}", answer.status)));
        }
        answer.body.map(|body| body.to_vec()).map_err(|failure| unreachable(&failure))
    }

    async fn record(&self, report: Report) -> Result<Reported, Error> {
        let mut reported = Reported { taken: 0, ignored: report.ignored };
        for returned in report.returned {
            match self.record_one(&returned).await? {
                None => reported.taken += 1,
                Some(why) if reported.ignored.iter().any(|known| known == why) => {}
                Some(why) => reported.ignored.push(why.to_owned()),
            }
        }
        Ok(reported)
    }

    /// Records one report at the survey that it names, or else by its address. Returns why it was ignored.
    async fn record_one(&self, returned: &Returned) -> Result<Option<&'static str>, Error> {
        let Returned { bounce, address, names, reason } = returned;
        for survey in names.iter().flat_map(|name| self.surveys_in(name)) {
            match self.bounced(survey, *bounce, reason).await {
                Ok(()) => return Ok(None),
                Err(Error::UnknownSurvey) => {}
                Err(error) => return Err(error),
            }
        }
        match address {
            // It may be about any other mail to this address, and changes nothing about the address.
            _ if *bounce == Bounce::Soft => Ok(Some("a soft bounce that names no survey")),
            None => Ok(Some("neither a survey nor an address is named")),
            Some(address) => match self.bounced_address(address, *bounce, reason).await {
                Ok(()) => Ok(None),
                Err(Error::Invalid(_)) => Ok(Some("an address that mail cannot be sent to")),
                Err(error) => Err(error),
            },
        }
    }

    /// The surveys that a text may name: by the signed sender of an envelope, or by the Message-ID that we gave its mail.
    fn surveys_in(&self, name: &str) -> Vec<Uuid> {
        let signed =
            mail::bounce::tokens_in(name).into_iter().filter_map(|token| match self.secrets.ring.verify(&token) {
                Some(Link { purpose: Sealed::Bounce, survey }) => Some(survey),
                _ => None,
            });
        let id = name.trim_start_matches('<').split('@').next().and_then(|local| Uuid::try_parse(local).ok());
        signed.chain(id).collect()
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        Self::Unproved(refused)
    }
}
