//! The one client for requests to other services.
//!
//! Owns deadlines, limits and what may go wrong. It follows no redirect, uses no proxy of the environment, and `connect`
//! keeps it from addresses that are not public. It must not know what a request is about, nor whether to try again.

use super::connect::{Connector, Resolver};
use crate::config::OutgoingSettings;
use crate::survey::Time;
use crate::survey::fields::display;
use crate::survey::outbound::{Attempt, LONGEST_WAIT};
use chrono::{DateTime, TimeDelta};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::{Response, header};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use std::error::Error;
use std::fmt::{self, Debug};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use url::Url;

/// How long a request may take, from the look-up of its host to the last byte of the answer. Standard Webhooks advises 15
/// to 30 s; a receiver that needs longer holds a worker that others wait for.
const WHOLE: Duration = Duration::from_secs(15);
/// How long an unused connection is kept. Many servers close theirs after a minute.
const IDLE: Duration = Duration::from_secs(50);
/// How many unused connections to one host are kept: there are never more workers than that.
const MOST_IDLE: usize = 4;
/// The most bytes of the headers of an answer.
const LONGEST_HEAD: usize = 64 * 1024;
/// The most bytes of an answer, unless the caller expects more.
pub const LONGEST_ANSWER: usize = 64 * 1024;
/// The most characters of a reason.
const LONGEST_REASON: usize = 200;
const USER_AGENT: &str = concat!("Afterword/", env!("CARGO_PKG_VERSION"));

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the method of its name")]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
}

/// A request. Its `Debug` shows neither path nor headers nor body: all of them may hold secrets.
#[derive(Clone)]
pub struct Request {
    /// What it does.
    pub method: Method,
    /// Where to: `http` or `https`, without a user.
    pub url: Url,
    /// Headers besides those of the client itself; names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The most bytes of the answer's body.
    pub longest_answer: usize,
}

impl Request {
    /// A request without headers and body.
    #[must_use]
    pub fn new(method: Method, url: Url) -> Self {
        Self { method, url, headers: Vec::new(), body: Vec::new(), longest_answer: LONGEST_ANSWER }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sets a body of JSON, and the header that says so.
    #[must_use]
    pub fn json(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("content-type", "application/json")
    }
}

impl Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({:?} {})", self.method, self.url.host_str().unwrap_or_default())
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// How long the server asks to wait.
    pub retry_after: Option<RetryAfter>,
    /// The body; or why it is not all here, though the status is.
    pub body: Result<Bytes, Failure>,
}

impl Answer {
    /// Whether the server took the request.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether the server wants no more requests to this URL, ever.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.status == 410
    }
}

/// How long a server asks to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// For a time from now on.
    For(TimeDelta),
    /// Until a moment.
    Until(Time),
}

impl RetryAfter {
    /// The moment that the wait is over: from `now` to [`LONGEST_WAIT`] later, because a server that asks for a year is
    /// mistaken.
    #[must_use]
    pub fn end(self, now: Time) -> Time {
        match self {
            Self::For(wait) => now + wait.clamp(TimeDelta::zero(), LONGEST_WAIT),
            Self::Until(moment) => moment.clamp(now, now + LONGEST_WAIT),
        }
    }

    /// Reads the header: seconds or a date. `None` for anything else.
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit()) {
            let seconds = text.parse().unwrap_or(i64::MAX).min(LONGEST_WAIT.num_seconds());
            return Some(Self::For(TimeDelta::seconds(seconds)));
        }
        DateTime::parse_from_rfc2822(text).ok().map(|moment| Self::Until(moment.to_utc()))
    }
}

/// Why there is no answer. The reason is one line and names the host at most: a path may hold a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The request may not be sent, and would not be later.
    #[error("{0}")]
    Forbidden(String),
    /// There was no connection: nothing was sent.
    #[error("{0}")]
    Unreachable(String),
    /// The connection broke: the server may have got the request.
    #[error("{0}")]
    Broken(String),
    /// The deadline passed: the server may have got the request.
    #[error("no whole answer within {} s", .0.as_secs_f64())]
    Timeout(Duration),
    /// The body of the answer is longer than this many bytes.
    #[error("the answer is longer than {0} bytes")]
    TooLarge(usize),
}

/// What became of a request, as an attempt to send. Everything but a forbidden request may be tried again, because
/// receivers of these requests recognise a repeat.
#[must_use]
pub fn attempt(result: &Result<Answer, Failure>) -> Attempt {
    match result {
        Ok(answer) if answer.is_success() => Attempt::Accepted,
        Ok(Answer { status, .. }) if (300..400).contains(status) => {
            Attempt::Temporary(format!("answered {status}: redirects are not followed"))
        }
        Ok(Answer { status, .. }) => Attempt::Temporary(format!("answered {status}")),
        Err(Failure::Forbidden(why)) => Attempt::Permanent(why.clone()),
        // Not `Attempt::Unreachable`, which is tried again at once: each receiver has its own schedule.
        Err(failure) => Attempt::Temporary(failure.to_string()),
    }
}

type Pool = legacy::Client<HttpsConnector<Connector>, Full<Bytes>>;

/// What answers in place of the network.
pub type Script = fn(&Request) -> Result<Answer, Failure>;

/// Sends requests, and keeps connections for the next ones.
#[derive(Debug)]
pub struct Client {
    /// For tests, of hosts that they cannot be.
    script: Option<Script>,
    connector: Connector,
    whole: Duration,
    /// Made for the first request: that reads the certificates of authorities, and most commands send nothing.
    pool: OnceLock<Box<Pool>>,
}

impl Client {
    /// A client that may reach what these settings allow.
    #[must_use]
    pub fn new(settings: &OutgoingSettings) -> Self {
        let connector = Connector { settings: Arc::new(settings.clone()), resolver: Resolver::System };
        Self { script: None, connector, whole: WHOLE, pool: OnceLock::new() }
    }

    /// A client that reaches nothing: each request is answered by this function.
    #[must_use]
    pub fn scripted(script: Script) -> Self {
        Self { script: Some(script), ..Self::new(&OutgoingSettings::default()) }
    }

    /// Sends a request once, and waits for the answer. A kept connection that turns out to be closed is replaced.
    ///
    /// # Errors
    /// There is no answer. An answer of any status is no error.
    pub async fn send(&self, request: Request) -> Result<Answer, Failure> {
        if let Some(script) = self.script {
            return script(&request);
        }
        let deadline = Instant::now() + self.whole;
        let longest = request.longest_answer;
        let sent = self.pool().request(prepare(request)?);
        let answered = timeout_at(deadline, sent).await.map_err(|_| Failure::Timeout(self.whole))?;
        let response = answered.map_err(|error| failure(&error))?;
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let retry_after = header(header::RETRY_AFTER).and_then(RetryAfter::read);
        let status = response.status().as_u16();
        let read = timeout_at(deadline, read(response, longest)).await;
        let body = read.unwrap_or(Err(Failure::Timeout(self.whole)));
        Ok(Answer { status, retry_after, body })
    }

    fn pool(&self) -> &Pool {
        self.pool.get_or_init(|| {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
                .with_safe_default_protocol_versions()
                .expect("ring has the ciphers of these versions")
                .with_root_certificates(roots)
                .with_no_client_auth();
            let https = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
            let pool = legacy::Client::builder(TokioExecutor::new())
                .pool_idle_timeout(IDLE)
                .pool_max_idle_per_host(MOST_IDLE)
                .pool_timer(TokioTimer::new())
                .http1_max_buf_size(LONGEST_HEAD)
                .build(https.wrap_connector(self.connector.clone()));
            Box::new(pool)
        })
    }
}

/// Turns a request into one of the library.
fn prepare(request: Request) -> Result<hyper::Request<Full<Bytes>>, Failure> {
    let Request { method, mut url, headers, body, .. } = request;
    let forbid = |why: &str| Failure::Forbidden(why.to_owned());
    if !["http", "https"].contains(&url.scheme()) {
        return Err(forbid("expected a URL of http or https"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(forbid("a user or a password in the URL: expected none"));
    }
    url.set_fragment(None);
    let method = match method {
        Method::Get => hyper::Method::GET,
        Method::Post => hyper::Method::POST,
        Method::Put => hyper::Method::PUT,
        Method::Patch => hyper::Method::PATCH,
    };
    let mut prepared =
        hyper::Request::builder().method(method).uri(url.as_str()).header(header::USER_AGENT, USER_AGENT);
    for (name, value) in headers {
        prepared = prepared.header(name, value);
    }
    // The library does not name the header that it refuses. A secret with a line break in it is the likeliest cause.
    prepared.body(Full::from(body)).map_err(|_| forbid("the URL or a header has characters that cannot be sent"))
}

async fn read(response: Response<Incoming>, longest: usize) -> Result<Bytes, Failure> {
    match Limited::new(response.into_body(), longest).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Failure::TooLarge(longest)),
        Err(error) => Err(Failure::Broken(deepest(error.as_ref()))),
    }
}

/// What an error of the library is about: the connector's own words, or else the words of its cause.
fn failure(error: &legacy::Error) -> Failure {
    if let Some(ours) = causes(error).find_map(|cause| cause.downcast_ref::<Failure>()) {
        return ours.clone();
    }
    let why = deepest(error);
    if error.is_connect() { Failure::Unreachable(why) } else { Failure::Broken(why) }
}

/// An error, and what caused it.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |cause: &&'a (dyn Error + 'static)| (*cause).source())
}

/// The words of the last cause, in one line.
fn deepest(error: &(dyn Error + 'static)) -> String {
    causes(error).last().and_then(|cause| display(&cause.to_string(), LONGEST_REASON)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
