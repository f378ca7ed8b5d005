//! What the shop's team does about ratings: it calls unhappy customers back, and an admin decides about held ratings.
//!
//! It works as people do on the admin pages, through the gateway's public methods. It must not know which ratings come in.

use super::shop;
use crate::gateway::{Access, Error, Gateway, Wish};
use crate::survey::access::{Scope, Within};
use crate::survey::follow_up::list::{FollowUpRow, FollowUpsQuery};
use crate::survey::follow_up::{Deed, State};
use crate::survey::moderation::Act;
use crate::survey::rating::StandingWord;
use crate::survey::report::{Bound, Listing, RatingsQuery};
use chrono::{Datelike, TimeDelta, Weekday};
use uuid::Uuid;

/// A customer is taken on at this age, so that the list always has some that nobody has taken yet.
const TAKEN_AFTER: TimeDelta = TimeDelta::days(3);
/// A customer is called back at this age, so that the list always has some that somebody works on.
const DONE_AFTER: TimeDelta = TimeDelta::days(9);
/// Held ratings are decided on at this age: until then the customer may settle it.
const DECIDED_AFTER: TimeDelta = TimeDelta::days(10);
/// Of the customers who were called back, one in so many had meant something else.
const MISTAKEN: usize = 12;

/// What the team has done so far, so that notes and decisions take turns.
#[derive(Default)]
pub(super) struct Team {
    called_back: usize,
    looked_at: usize,
}

impl Team {
    /// Does a day's work.
    ///
    /// # Errors
    /// An unavailable store.
    pub(super) async fn work(&mut self, gateway: &Gateway) -> Result<(), Error> {
        self.call_back(gateway).await?;
        if gateway.clock.now().weekday() == Weekday::Mon {
            self.decide(gateway).await?;
        }
        Ok(())
    }

    /// Takes on those who wait for long, and finishes those who were called.
    async fn call_back(&mut self, gateway: &Gateway) -> Result<(), Error> {
        let waiting = gateway.follow_ups(&FollowUpsQuery::default(), &Within::default()).await?.items;
        for row in waiting {
            let age = gateway.clock.now() - row.opened_at;
            match row.follow_up.state() {
                State::Open if age > TAKEN_AFTER => follow(gateway, &row, Deed::Take, None).await?,
                State::Taken if age > DONE_AFTER => {
                    self.called_back += 1;
                    let note = shop::NOTES[self.called_back % shop::NOTES.len()];
                    follow(gateway, &row, Deed::Done, Some(note)).await?;
                    let counts = matches!(row.standing, StandingWord::Rated | StandingWord::Locked);
                    if counts && self.called_back.is_multiple_of(MISTAKEN) {
                        moderate(gateway, row.survey, Act::Void, shop::VOIDED).await?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Decides about the held ratings of a week.
    async fn decide(&mut self, gateway: &Gateway) -> Result<(), Error> {
        let old = gateway.clock.now() - DECIDED_AFTER;
        let query = RatingsQuery {
            from: Some(Bound::Instant(old - TimeDelta::days(7))),
            to: Some(Bound::Instant(old)),
            listing: Listing::Held,
            ..RatingsQuery::default()
        };
        for rating in gateway.ratings(&query, &Within::default()).await?.items {
            self.looked_at += 1;
            // The third is left alone.
            if let Some((act, reason)) = shop::DECISIONS.get(self.looked_at % 3) {
                moderate(gateway, rating.survey, *act, reason).await?;
            }
        }
        Ok(())
    }
}

/// Each teammate calls their own customers.
async fn follow(gateway: &Gateway, row: &FollowUpRow, deed: Deed, note: Option<&str>) -> Result<(), Error> {
    let wish = Wish { deed, note: note.map(str::to_owned), seen: Some(row.follow_up.turn()) };
    let who = row.teammate_name.as_deref().unwrap_or(shop::LEAD);
    gateway.follow(row.survey, wish, &named(who, Scope::Read)).await.map(drop)
}

async fn moderate(gateway: &Gateway, survey: Uuid, act: Act, reason: &str) -> Result<(), Error> {
    gateway.moderate(survey, act, reason, &named(shop::LEAD, Scope::Admin)).await.map(drop)
}

fn named(name: &str, scope: Scope) -> Access {
    Access { name: name.to_owned(), scope, within: Within::default() }
}
