//! What teams and admins ask of the gateway: reports, ratings, conversations and keys.
//!
//! It must not know HTTP or SQL; the life of a survey itself is in `gateway`.

use super::{Error, Gateway};
use crate::keys::random;
use crate::store::{ApiKey, ConversationRows, Group, RatingRow, RatingsFilter, Scope, Within};
use crate::survey::Time;
use crate::survey::closing::Fault;
use crate::survey::link::hex;
use crate::survey::report::{Bound, By, Figures, Period, usual_bounds};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

/// How many ratings a page of the list holds unless told otherwise.
const USUAL_RATINGS: u32 = 50;
/// And at most.
const MOST_RATINGS: u32 = 200;

/// What a caller may see and do.
#[derive(Clone, Debug)]
pub struct Access {
    /// The part of the team it is limited to.
    pub within: Within,
}

/// A report to be made; whatever is `None` takes its default.
#[derive(Clone, Debug, Default)]
pub struct ReportQuery {
    /// What the rows stand for.
    pub by: Option<String>,
    /// A local day or an instant.
    pub from: Option<String>,
    /// A local day, included, or an instant, not included.
    pub to: Option<String>,
}

/// A report.
#[derive(Clone, Debug)]
pub struct Report {
    /// What the rows stand for.
    pub by: By,
    /// The first local day, or instant, that it covers.
    pub from: Bound,
    /// The last local day that it covers, or the instant it ends at.
    pub to: Bound,
    /// All rows together.
    pub total: Figures,
    /// One row a group that has any figures.
    pub rows: Vec<Group>,
}

/// Ratings to be listed; whatever is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct RatingsQuery {
    /// A local day or an instant.
    pub from: Option<String>,
    /// A local day, included, or an instant, not included.
    pub to: Option<String>,
    /// 1 to 5.
    pub score: Option<String>,
    /// A teammate's id.
    pub teammate: Option<String>,
    /// A team's name.
    pub team: Option<String>,
    /// `true` or `false`.
    pub commented: Option<String>,
    /// 1 to 200.
    pub limit: Option<String>,
    /// Where the last page ended.
    pub cursor: Option<String>,
}

/// A page of ratings.
#[derive(Clone, Debug)]
pub struct Ratings {
    /// The ratings, newest first.
    pub items: Vec<RatingRow>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<String>,
}

/// A conversation, as far as a caller may see it.
pub type Conversation = ConversationRows;

/// A key that was just made.
#[derive(Clone)]
pub struct NewKey {
    /// Names it, for listing and revoking.
    pub id: String,
    /// The whole key: shown once, kept nowhere.
    pub key: String,
}

impl Gateway {
    /// Makes a report.
    ///
    /// # Errors
    /// A query that makes no sense, or an unavailable store.
    pub async fn report(&self, wanted: &ReportQuery, within: &Within) -> Result<Report, Error> {
        let mut faults = Vec::new();
        let by: Option<By> = read("by", wanted.by.as_deref(), &mut faults);
        let period = self.period(wanted.from.as_deref(), wanted.to.as_deref(), &mut faults);
        let Some((period, (from, to))) = period.filter(|_| faults.is_empty()) else {
            return Err(Error::Invalid(faults));
        };
        let by = by.unwrap_or_default();
        let rows = self.store.figures(by, period, within).await?;
        let mut total = Figures::default();
        for row in &rows {
            total.add(&row.figures);
        }
        Ok(Report { by, from, to, total, rows })
    }

    /// Lists ratings that count, newest first.
    ///
    /// # Errors
    /// A query that makes no sense, or an unavailable store.
    pub async fn ratings(&self, wanted: &RatingsQuery, allowed: &Within) -> Result<Ratings, Error> {
        let mut faults = Vec::new();
        let period = self.period(wanted.from.as_deref(), wanted.to.as_deref(), &mut faults);
        let score = read::<u8>("score", wanted.score.as_deref(), &mut faults);
        if score.is_some_and(|score| !(1..=5).contains(&score)) {
            faults.push(Fault::new("score", "expected 1 to 5"));
        }
        let limit = read("limit", wanted.limit.as_deref(), &mut faults).unwrap_or(USUAL_RATINGS);
        if !(1..=MOST_RATINGS).contains(&limit) {
            faults.push(Fault::new("limit", format!("expected 1 to {MOST_RATINGS}")));
        }
        let commented = read("commented", wanted.commented.as_deref(), &mut faults);
        let after = wanted.cursor.as_deref().map(read_cursor);
        if after == Some(None) {
            faults.push(Fault::new("cursor", "expected the `next` of an earlier answer"));
        }
        let Some((period, _)) = period.filter(|_| faults.is_empty()) else { return Err(Error::Invalid(faults)) };
        let wanted_part = Within { teammate: wanted.teammate.clone(), team: wanted.team.clone() };
        let Some(within) = wanted_part.and(allowed) else { return Ok(Ratings { items: Vec::new(), next: None }) };
        let filter = RatingsFilter { period, score, commented, within, after: after.flatten(), limit: limit + 1 };
        let mut items = self.store.ratings(&filter).await?;
        let more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let next = items.last().filter(|_| more).map(|last| cursor(last.rated_at, last.survey));
        Ok(Ratings { items, next })
    }

    /// Looks a conversation up: why was nobody asked, and what came of it?
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn conversation(&self, id: &str, within: &Within) -> Result<Conversation, Error> {
        let mut known = self.store.conversation(id).await?;
        let seen = |teammate: &Option<String>, team: &Option<String>| {
            (within.teammate.is_none() || within.teammate == *teammate)
                && (within.team.is_none() || within.team == *team)
        };
        known.closings.retain(|closing| seen(&closing.teammate, &closing.team));
        known.surveys.retain(|survey| seen(&survey.teammate, &survey.team));
        if known.closings.is_empty() && *within != Within::default() {
            known.reopenings.clear();
        }
        Ok(known)
    }

    /// Makes a key of the API. It works at once, in a running service too.
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn new_key(&self, name: &str, scope: Scope, within: Within) -> Result<NewKey, Error> {
        let id = hex(&random::<6>());
        let secret = hex(&random::<32>());
        let key = ApiKey {
            id: id.clone(),
            name: name.to_owned(),
            scope,
            secret_hash: hex(&Sha256::digest(&secret)),
            teammate: within.teammate,
            team: within.team,
            made_at: self.clock.now(),
            revoked_at: None,
        };
        self.store.add_key(&key).await?;
        Ok(NewKey { key: format!("aw_{}_{id}_{secret}", scope.word()), id })
    }

    /// Lists all keys, the oldest first, revoked ones too.
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn keys(&self) -> Result<Vec<ApiKey>, Error> {
        Ok(self.store.keys().await?)
    }

    /// Revokes a key for good; `false` if there is none to revoke.
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn revoke_key(&self, id: &str) -> Result<bool, Error> {
        Ok(self.store.revoke_key(id, self.clock.now()).await?)
    }

    /// Tells what the bearer of a key may do, if that includes what is needed.
    ///
    /// # Errors
    /// An unknown, wrong or revoked key; one without the scope; an unavailable store.
    pub async fn authorize(&self, key: &str, needed: Scope) -> Result<Access, Error> {
        let mut parts = key.splitn(4, '_');
        let (Some("aw"), Some(_), Some(id), Some(secret)) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Error::UnknownKey);
        };
        let known = self.store.key(id).await?.filter(|known| known.revoked_at.is_none()).ok_or(Error::UnknownKey)?;
        if !bool::from(hex(&Sha256::digest(secret)).as_bytes().ct_eq(known.secret_hash.as_bytes())) {
            return Err(Error::UnknownKey);
        }
        if !known.scope.includes(needed) {
            return Err(Error::Forbidden(needed.word()));
        }
        let within = Within { teammate: known.teammate, team: known.team };
        Ok(Access { within })
    }

    /// The period that a query names, and its two ends as they were said or are usual.
    fn period(
        &self,
        from: Option<&str>,
        to: Option<&str>,
        faults: &mut Vec<Fault>,
    ) -> Option<(Period, (Bound, Bound))> {
        let (now, zone) = (self.clock.now(), self.config.report.timezone);
        let (from, to) = (read("from", from, faults), read("to", to, faults));
        let period = Period::between(from, to, now, zone).map_err(|detail| faults.push(Fault::new("from", detail)));
        period.ok().zip(usual_bounds(from, to, now, zone))
    }
}

/// Reads a parameter of a query; what it cannot be is a fault.
fn read<T: std::str::FromStr<Err: std::fmt::Display>>(
    name: &str,
    text: Option<&str>,
    faults: &mut Vec<Fault>,
) -> Option<T> {
    text.and_then(|text| text.parse().map_err(|error| faults.push(Fault::new(name, format!("{error}")))).ok())
}

fn cursor(at: Time, survey: Uuid) -> String {
    let bytes = [&at.timestamp_millis().to_be_bytes()[..], survey.as_bytes()].concat();
    URL_SAFE_NO_PAD.encode(bytes)
}

fn read_cursor(text: &str) -> Option<(Time, Uuid)> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (at, survey) = bytes.split_at_checked(8)?;
    let at = Time::from_timestamp_millis(i64::from_be_bytes(at.try_into().ok()?))?;
    Some((at, Uuid::from_slice(survey).ok()?))
}
