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

/// A customer is taken on at this age, so that the list always has some that nobody has taken yet.
const TAKEN_AFTER: TimeDelta = TimeDelta::hours(50);
/// A customer is called back by this age.
const DONE_AFTER: TimeDelta = TimeDelta::hours(120);
/// Held ratings are decided on at this age: until then the customer may settle it.
const DECIDED_AFTER: TimeDelta = TimeDelta::days(10);
/// Of the held ratings that are old enough, one in so many is left alone.
const LEFT_ALONE: usize = 3;
/// Of the customers who were called back, one in so many had meant something else.
const MISTAKEN: usize = 16;

/// Does a day's work.
///
/// # Errors
/// An unavailable store.
pub(super) async fn work(gateway: &Gateway, done_before: &mut usize) -> Result<(), Error> {
    call_back(gateway, done_before).await?;
    if gateway.clock.now().weekday() == Weekday::Mon {
        decide(gateway).await?;
    }
    Ok(())
}

/// Takes on those who wait for long, and finishes those who were called. `done_before` counts them, so that notes take turns.
async fn call_back(gateway: &Gateway, done_before: &mut usize) -> Result<(), Error> {
    let waiting = gateway.follow_ups(&FollowUpsQuery::default(), &Within::default()).await?.items;
    for row in waiting {
        let age = gateway.clock.now() - row.opened_at;
        match row.follow_up.state() {
            State::Open if age > TAKEN_AFTER => follow(gateway, &row, Deed::Take, None).await?,
            State::Taken if age > DONE_AFTER => {
                *done_before += 1;
                let note = shop::NOTES[*done_before % shop::NOTES.len()];
                follow(gateway, &row, Deed::Done, Some(note)).await?;
                if done_before.is_multiple_of(MISTAKEN)
                    && matches!(row.standing, StandingWord::Rated | StandingWord::Locked)
                {
                    gateway.moderate(row.survey, Act::Void, shop::VOIDED, &named(shop::LEAD, Scope::Admin)).await?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Each teammate calls their own customers.
async fn follow(gateway: &Gateway, row: &FollowUpRow, deed: Deed, note: Option<&str>) -> Result<(), Error> {
    let wish = Wish { deed, note: note.map(str::to_owned), seen: Some(row.follow_up.turn()) };
    let who = row.teammate_name.as_deref().unwrap_or(shop::LEAD);
    gateway.follow(row.survey, wish, &named(who, Scope::Read)).await.map(drop)
}

async fn decide(gateway: &Gateway) -> Result<(), Error> {
    let old = gateway.clock.now() - DECIDED_AFTER;
    let query = RatingsQuery {
        from: Some(Bound::Instant(old - TimeDelta::days(7))),
        to: Some(Bound::Instant(old)),
        listing: Listing::Held,
        ..RatingsQuery::default()
    };
    let held = gateway.ratings(&query, &Within::default()).await?.items;
    let decided = held.into_iter().enumerate().filter(|(number, _)| number % LEFT_ALONE != LEFT_ALONE - 1);
    for (number, rating) in decided {
        let (act, reason) = shop::DECISIONS[number % LEFT_ALONE];
        gateway.moderate(rating.survey, act, reason, &named(shop::LEAD, Scope::Admin)).await?;
    }
    Ok(())
}

fn named(name: &str, scope: Scope) -> Access {
    Access { name: name.to_owned(), scope, within: Within::default() }
}
