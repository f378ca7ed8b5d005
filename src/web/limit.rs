//! Rate limits: the links of each survey; unsubscribing, unknown links and wrong keys by client address; and the log lines
//! of refusals.
//!
//! It owns the limits and their memory, which is bounded and does not outlive the process. It must not know what a link
//! does. The numbers are far above what people and mail gateways do: they are there for loops.
//!
//! The limiter is ours and not the crate `governor`: it runs on the gateway's clock, which tests set, and its memory is
//! bounded without a task that sweeps it.

use super::App;
use super::error::Failure;
use super::extract::Segment;
use crate::gateway::Error;
use crate::survey::Time;
use crate::survey::link::Purpose;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Extensions, HeaderMap, Method};
use axum::middleware::Next;
use axum::response::Response;
use chrono::TimeDelta;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// The burst of views of one survey's links. Three gateways in a row that HEAD and GET all six links, each twice, make 72;
/// the customer's own views must still fit.
const VIEWS: u32 = 150;
/// The burst of posts to one survey's links. It is apart from that of views, so that a scanner that only looks does not use
/// it up. A page sends four by itself at most; a person who tries all five faces twice and comments sends about thirty.
const POSTS: u32 = 60;
/// The burst of unknown links from one client address. A whole office may share an address, and its mail program may cut
/// links off. Nobody can guess a link at any rate, so this only saves work.
const UNKNOWN: u32 = 60;
/// The burst of unsubscribing from one client address. Mail providers post it for all their customers from a few addresses,
/// on the day after thousands of mails, too; a repeat costs one look-up.
const LEAVES: u32 = 600;
/// The burst of log lines about refusals with one code: enough to see what is wrong, too few to fill a disk.
const REFUSALS: u32 = 20;
/// Refill interval: one request a second. People do not click faster than that for long.
const EVERY: TimeDelta = TimeDelta::seconds(1);
/// The burst of wrong keys at the sign-in of the admin pages from one client address. Nobody can guess a key of 32 random
/// bytes; but nobody mistypes one ten times either, and each try costs a look-up and a log line.
const TRIES: u32 = 10;
/// Refill interval of those tries.
const TRY_EVERY: TimeDelta = TimeDelta::seconds(30);
/// How many surveys or addresses are remembered: about 5 MB.
const REMEMBERED: usize = 100_000;

/// Recent requests.
#[derive(Debug)]
pub(super) struct Limits {
    views: Mutex<Limit<Uuid>>,
    posts: Mutex<Limit<Uuid>>,
    unknown: Mutex<Limit<IpAddr>>,
    leaves: Mutex<Limit<IpAddr>>,
    tries: Mutex<Limit<IpAddr>>,
    refusals: Mutex<Limit<&'static str>>,
}

impl Limits {
    pub(super) fn new() -> Self {
        Self {
            views: Limit::of(VIEWS),
            posts: Limit::of(POSTS),
            unknown: Limit::of(UNKNOWN),
            leaves: Limit::of(LEAVES),
            tries: Limit::with(TRIES, TRY_EVERY),
            refusals: Limit::of(REFUSALS),
        }
    }

    /// Refuses a client that tried too many wrong keys, with how long it must wait.
    pub(super) fn may_try(&self, client: IpAddr, now: Time) -> Result<(), TimeDelta> {
        let tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        tries.next(&network(client), now)?;
        Ok(())
    }

    /// Notes that a client tried a wrong key. Right ones do not count: a whole team may share an address.
    pub(super) fn tried(&self, client: IpAddr, now: Time) {
        // Tries at the same moment may be one too many, which changes nothing.
        let _ = take(&self.tries, network(client), now);
    }

    /// Whether another refusal with this code may be logged.
    pub(super) fn log_refusal(&self, code: &'static str, now: Time) -> bool {
        take(&self.refusals, code, now).is_ok()
    }
}

/// The layer around links: verifies the token once, for the limit and for the handler, and answers 429 over the limit.
pub(super) async fn links(
    State(app): State<Arc<App>>,
    token: Result<Segment, Failure>,
    mut request: Request,
    next: Next,
) -> Result<Response, Failure> {
    let (now, limits) = (app.gateway.clock.now(), &app.limits);
    let link = token.map_err(|_| Error::UnknownLink).and_then(|Segment(token)| app.gateway.link(&token));
    let taken = match &link {
        Ok(link)
            if request.method() == Method::POST
                && matches!(link.purpose, Purpose::Unsubscribe | Purpose::StopDigest) =>
        {
            take(&limits.leaves, network(app.client(&request)), now)
        }
        Ok(link) if request.method() == Method::POST => take(&limits.posts, link.survey, now),
        Ok(link) => take(&limits.views, link.survey, now),
        Err(_) => take(&limits.unknown, network(app.client(&request)), now),
    };
    taken.map_err(Failure::too_many)?;
    request.extensions_mut().insert(link?);
    Ok(next.run(request).await)
}

fn take<K: Eq + Hash>(limit: &Mutex<Limit<K>>, who: K, now: Time) -> Result<(), TimeDelta> {
    // A panic elsewhere leaves only sound numbers behind.
    limit.lock().unwrap_or_else(PoisonError::into_inner).take(who, now)
}

/// A burst, then one more so often, for each key (the generic cell rate algorithm).
#[derive(Debug)]
struct Limit<K> {
    /// The refill interval.
    every: TimeDelta,
    /// How far ahead of the clock the next request of a key may be due.
    ahead: TimeDelta,
    /// When the next request of each key is due at the refill rate. An entry whose time has passed carries no penalty.
    due: HashMap<K, Time>,
}

impl<K: Eq + Hash> Limit<K> {
    fn of(burst: u32) -> Mutex<Self> {
        Self::with(burst, EVERY)
    }

    fn with(burst: u32, every: TimeDelta) -> Mutex<Self> {
        Mutex::new(Self { every, ahead: every * burst.cast_signed(), due: HashMap::new() })
    }

    /// Takes one request of a key, or returns how long the key must wait.
    fn take(&mut self, who: K, now: Time) -> Result<(), TimeDelta> {
        let next = self.next(&who, now)?;
        self.make_room(now);
        self.due.insert(who, next);
        Ok(())
    }

    /// When the request of a key after this one is due, or how long the key must wait for this one.
    fn next(&self, who: &K, now: Time) -> Result<Time, TimeDelta> {
        // An entry further ahead is from before the clock was set back, and must not shut anybody out.
        let due = self.due.get(who).filter(|due| **due <= now + self.ahead).map_or(now, |due| now.max(*due));
        let next = due + self.every;
        if next > now + self.ahead { Err(next - now - self.ahead) } else { Ok(next) }
    }

    /// Drops entries that are no longer limited. If the table is still more than half full, clears it: a limit for each key
    /// does not stop an attacker with that many keys anyway, and must not shut out everyone else.
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
    /// The client's address: the peer of the connection, or what the trusted proxies report.
    pub(super) fn client(&self, request: &Request) -> IpAddr {
        self.client_of(request.headers(), request.extensions())
    }

    /// The same, from the parts of a request.
    pub(super) fn client_of(&self, headers: &HeaderMap, extensions: &Extensions) -> IpAddr {
        behind(self.gateway.config.trusted_proxies, headers, peer(extensions))
    }
}

/// The address that the connection comes from: of a proxy, if there is one.
pub(super) fn peer(extensions: &Extensions) -> IpAddr {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    // Only requests of tests come without a connection.
    peer.unwrap_or(Ipv6Addr::UNSPECIFIED.into())
}

/// The address that the outermost trusted proxy saw. Each proxy appends the address it saw to `X-Forwarded-For`, so
/// everything before those comes from the client and is ignored. Without a readable address it is the peer.
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

/// The part of an address that belongs to one customer: of IPv6, a network of 64 bits.
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

    fn limit(burst: u32) -> Limit<u32> {
        Limit::of(burst).into_inner().expect("nobody panicked")
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
