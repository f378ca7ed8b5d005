//! How often links may be asked for: each survey's by itself, and what is no link of ours by the address that asks.
//!
//! It owns the limits and their memory, which is bounded and does not outlive the process. It must not know what a link
//! does. The numbers are far above what people and the gateways of their mail do: they are there for loops.

use super::App;
use super::error::Failure;
use super::extract::Segment;
use crate::survey::Time;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::Response;
use chrono::TimeDelta;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// Views of one survey's links at once. Three gateways in a row that HEAD and GET all six links, each twice, come to 72;
/// the customer's own views must still fit.
const VIEWS: u32 = 150;
/// Posts to one survey's links at once, counted apart from views so that no scanner that only looks uses them up. A page
/// sends four by itself at most, and a person who tries all five faces twice and comments sends some thirty.
const POSTS: u32 = 60;
/// Unknown links asked for by one address at once: an office behind one address whose mail program cuts links off. None
/// can be guessed at any rate, so this spares work and keeps no secret.
const UNKNOWN: u32 = 60;
/// One more is allowed so often: nobody who clicks is faster for long.
const EVERY: TimeDelta = TimeDelta::seconds(1);
/// How many surveys or addresses are remembered at once: some 5 MB.
const REMEMBERED: usize = 100_000;

/// What was asked for lately.
pub(super) struct Limits {
    views: Mutex<Limit<Uuid>>,
    posts: Mutex<Limit<Uuid>>,
    unknown: Mutex<Limit<IpAddr>>,
}

impl Limits {
    pub(super) fn new() -> Self {
        Self { views: Limit::of(VIEWS), posts: Limit::of(POSTS), unknown: Limit::of(UNKNOWN) }
    }
}

/// The layer around links: answers 429 where too much was asked for.
pub(super) async fn links(
    State(app): State<Arc<App>>,
    token: Result<Segment, Failure>,
    request: Request,
    next: Next,
) -> Result<Response, Failure> {
    let (now, limits) = (app.gateway.clock.now(), &app.limits);
    let taken = match token.ok().and_then(|Segment(token)| app.gateway.survey_of(&token)) {
        Some(survey) if request.method() == Method::POST => take(&limits.posts, survey, now),
        Some(survey) => take(&limits.views, survey, now),
        None => take(&limits.unknown, network(app.client(&request)), now),
    };
    match taken {
        Ok(()) => Ok(next.run(request).await),
        Err(wait) => Err(Failure::too_many(wait)),
    }
}

fn take<K: Eq + Hash>(limit: &Mutex<Limit<K>>, who: K, now: Time) -> Result<(), TimeDelta> {
    // Whoever panicked held numbers only: each of them is sound.
    limit.lock().unwrap_or_else(PoisonError::into_inner).take(who, now)
}

/// Some at once, then one [`EVERY`] so often, for each of those who ask (the generic cell rate algorithm).
struct Limit<K> {
    /// How far ahead of the clock anybody's next request may be due.
    ahead: TimeDelta,
    /// When the next request of each would be due, had they kept the pace. One who is due has nothing to be held against.
    due: HashMap<K, Time>,
}

impl<K: Eq + Hash> Limit<K> {
    fn of(at_once: u32) -> Mutex<Self> {
        Mutex::new(Self { ahead: EVERY * at_once.cast_signed(), due: HashMap::new() })
    }

    /// Takes one, or tells how long it is until there is one.
    fn take(&mut self, who: K, now: Time) -> Result<(), TimeDelta> {
        // Further ahead than that is from before the clock was set back, and must not shut anybody out.
        let due = self.due.get(&who).filter(|due| **due <= now + self.ahead).map_or(now, |due| now.max(*due));
        let next = due + EVERY;
        if next > now + self.ahead {
            return Err(next - now - self.ahead);
        }
        self.make_room(now);
        self.due.insert(who, next);
        Ok(())
    }

    /// Forgets who is due. Where that makes little room, it forgets all: whoever comes as that many is not held by a
    /// limit on each, and must not be able to shut out others.
    fn make_room(&mut self, now: Time) {
        if self.due.len() < REMEMBERED {
            return;
        }
        self.due.retain(|_, due| *due > now);
        if self.due.len() > REMEMBERED / 2 {
            self.due.clear();
        }
    }
}

impl App {
    /// Who asks: the peer of the connection, or who the proxies that the operator put in front say it is.
    fn client(&self, request: &Request) -> IpAddr {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
        // Only a test's request comes over no connection.
        let peer = peer.unwrap_or(Ipv6Addr::UNSPECIFIED.into());
        behind(self.gateway.config.trusted_proxies, request.headers(), peer)
    }
}

/// The address that the outermost of some trusted proxies saw. Each adds the one it saw at the end of `X-Forwarded-For`,
/// so all before those is the client's own say and is not looked at. Without a readable one it is the peer.
fn behind(proxies: usize, headers: &HeaderMap, peer: IpAddr) -> IpAddr {
    let lines = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok());
    let seen: Vec<_> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
    let added = &seen[seen.len().saturating_sub(proxies)..];
    added.first().and_then(|text| address(text)).unwrap_or(peer)
}

/// Some proxies add the port.
fn address(text: &str) -> Option<IpAddr> {
    text.parse().ok().or_else(|| text.parse().ok().map(|address: SocketAddr| address.ip()))
}

/// The part of an address that one customer has: of IPv6, a network of 64 bits.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Time {
        Time::from_timestamp_millis(1_800_000_000_000 + millis).expect("a time")
    }

    fn limit(at_once: u32) -> Limit<u32> {
        Limit::of(at_once).into_inner().expect("nobody panicked")
    }

    #[test]
    fn some_at_once_then_one_so_often() {
        let mut limit = limit(3);
        let mut asked = |who, millis| limit.take(who, at(millis)).map_err(|wait| wait.num_milliseconds());
        assert_eq!([0, 0, 1].map(|millis| asked(7, millis)), [Ok(()); 3]);
        assert_eq!(asked(7, 1), Err(999));
        assert_eq!(asked(8, 1), Ok(()), "another has a share of its own");
        assert_eq!((asked(7, 999), asked(7, 1000), asked(7, 1000)), (Err(1), Ok(()), Err(1000)));
        assert_eq!([4000; 4].map(|millis| asked(7, millis)), [Ok(()), Ok(()), Ok(()), Err(1000)], "it grew back whole");
    }

    #[test]
    fn a_clock_set_back_shuts_nobody_out() {
        let mut limit = limit(3);
        assert_eq!(limit.take(7, at(86_400_000)), Ok(()));
        assert_eq!(limit.take(7, at(0)), Ok(()));
    }

    #[test]
    fn memory_is_bounded_and_makes_room_for_newcomers() {
        let mut limit = limit(3);
        for who in 0..300_000 {
            assert_eq!(limit.take(who, at(i64::from(who) / 200)), Ok(()));
            assert!(limit.due.len() <= REMEMBERED);
        }
        assert!(limit.due.contains_key(&299_999) && !limit.due.contains_key(&0));
    }

    #[test]
    fn a_client_is_who_the_trusted_hop_saw() {
        let headers = |lines: &[&str]| -> HeaderMap {
            lines
                .iter()
                .map(|line| ("x-forwarded-for".parse().expect("a name"), line.parse().expect("a value")))
                .collect()
        };
        let peer: IpAddr = "10.0.0.1".parse().expect("an address");
        let client = |proxies, lines: &[&str]| behind(proxies, &headers(lines), peer).to_string();
        let forged = ["6.6.6.6, 192.0.2.7", "10.0.0.2"];
        assert_eq!(client(0, &forged), "10.0.0.1", "nobody is trusted unless configured");
        assert_eq!(client(1, &forged), "10.0.0.2");
        assert_eq!(client(2, &forged), "192.0.2.7", "what the client wrote itself is passed over");
        assert_eq!(client(2, &["192.0.2.7"]), "192.0.2.7");
        assert_eq!(client(1, &[]), "10.0.0.1");
        assert_eq!(client(1, &["unknown"]), "10.0.0.1");
        assert_eq!(client(1, &["192.0.2.7:4711"]), "192.0.2.7");
        assert_eq!(client(1, &["[2001:db8::7]:4711"]), "2001:db8::7");
    }

    #[test]
    fn an_address_stands_for_its_network() {
        let network = |text: &str| network(text.parse().expect("an address")).to_string();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network("192.0.2.7"), "192.0.2.7");
        assert_eq!(network("::ffff:192.0.2.7"), "192.0.2.7");
    }
}
