//! Whether customers reach this service at its public URL, and what the service then knows of them.

use super::{Found, mail};
use crate::clock::Clock;
use crate::gateway::Gateway;
use crate::mail::certificate::{authorities, days_left};
use axum::body::Bytes;
use chrono::{DateTime, TimeDelta};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper::{Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, crypto::ring};
use serde::Deserialize;
use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// How long the whole look may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// The most bytes of an answer that are read. Ours has about a hundred.
const LONGEST_ANSWER: usize = 64 * 1024;
/// How far the clock may be off. Closings are refused that seem five minutes ahead.
const CLOCK_SKEW: TimeDelta = TimeDelta::seconds(60);

type Failure = Box<dyn Error + Send + Sync>;

/// What the service tells about the request.
#[derive(Deserialize)]
struct Told {
    answer: String,
    client: IpAddr,
    forwarded: usize,
}

/// What came back.
struct Answer {
    status: StatusCode,
    date: Option<String>,
    body: Bytes,
    /// The version of TLS, and the days that the certificate is still good.
    tls: Option<(String, Option<u64>)>,
}

pub(super) async fn look(gateway: &Gateway) -> Vec<Found> {
    let url = gateway.config.public_url.as_str();
    let question = gateway.challenge();
    let asked = tokio::time::timeout(PATIENCE, ask(gateway, &format!("/healthz?challenge={question}"))).await;
    let answer = match asked {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => return vec![unreachable(url, &error.to_string())],
        Err(_) => return vec![unreachable(url, &format!("no answer within {} s", PATIENCE.as_secs()))],
    };
    let mut found = Vec::new();
    let told = serde_json::from_slice::<Told>(&answer.body).ok();
    match told.filter(|told| gateway.is_answer(&question, &told.answer)) {
        Some(told) => {
            found.push(Found::good("public URL", format!("{url} reaches the service with this key file")));
            found.push(proxies(gateway.config.trusted_proxies, &told));
        }
        None if answer.status.is_server_error() => {
            let hint = "start `afterword serve`, and let the proxy pass all paths to `listen`";
            found.push(Found::bad("public URL", format!("{url} answers {}", answer.status.as_u16()), hint));
        }
        None => found.push(Found::bad(
            "public URL",
            format!("{url} answers {}, but not as the service of this key file", answer.status.as_u16()),
            "let the proxy pass all paths with their query to `listen`; after a change of the keys, restart the service",
        )),
    }
    if let Some((version, days_left)) = answer.tls {
        let server = format!("{url} ({version})");
        found.push(mail::certificate("public TLS", &server, days_left));
    }
    found.extend(answer.date.as_deref().and_then(clock));
    found
}

fn unreachable(url: &str, why: &str) -> Found {
    let hint = if why.contains("certificate") {
        "give the proxy a certificate that this machine trusts, or name its authority in SSL_CERT_FILE"
    } else {
        "start `afterword serve` and the proxy in front of it; this machine must reach its own public URL"
    };
    Found::bad("public URL", format!("{url}: {why}"), hint)
}

/// The request itself had no `X-Forwarded-For`, so each address in it is one that a proxy added.
fn proxies(trusted: usize, told: &Told) -> Found {
    let detail = format!("the service sees this machine as {}", told.client);
    match told.forwarded {
        added if added == trusted => Found::good("proxies", detail),
        added => {
            let detail = format!("{added} proxies add to X-Forwarded-For, and trusted_proxies is {trusted}; {detail}");
            Found::bad("proxies", detail, format!("set trusted_proxies = {added}, or let each proxy add to the header"))
        }
    }
}

/// Compares with the clock of whatever answered. Behind a proxy on this machine both are one.
fn clock(date: &str) -> Option<Found> {
    let theirs = DateTime::parse_from_rfc2822(date).ok()?.to_utc();
    let off = Clock::System.now() - theirs;
    Some(if off.abs() > CLOCK_SKEW {
        let detail = format!("this machine and the public URL are {} s apart", off.num_seconds().abs());
        Found::bad("clock", detail, "let both get the time from the network (NTP)")
    } else {
        Found::good("clock", "this machine and the public URL agree")
    })
}

async fn ask(gateway: &Gateway, path: &str) -> Result<Answer, Failure> {
    let url = &gateway.config.public_url;
    let host = url.host().to_string();
    let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let tcp = TcpStream::connect((bare.as_str(), url.port())).await?;
    let authority = url.as_str().split("://").nth(1).unwrap_or(&host);
    let request = Request::get(path).header(header::HOST, authority).body(Empty::<Bytes>::new())?;
    if !url.is_https() {
        return read(exchange(tcp, request).await?, None).await;
    }
    let provider = Arc::new(ring::default_provider());
    let settings = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(authorities(None))
        .with_no_client_auth();
    let name = ServerName::try_from(bare.clone())?;
    let tls = TlsConnector::from(Arc::new(settings)).connect(name, tcp).await?;
    let (_, session) = tls.get_ref();
    let version = session.protocol_version().map_or("TLS".to_owned(), |version| format!("{version:?}"));
    let chain = session.peer_certificates().unwrap_or_default();
    let chain: Vec<Vec<u8>> = chain.iter().map(|certificate| certificate.to_vec()).collect();
    let now = TimeDelta::milliseconds(Clock::System.now().timestamp_millis());
    let days_left = days_left(&chain, &bare, authorities(None), now);
    read(exchange(tls, request).await?, Some((version, days_left))).await
}

async fn exchange<S>(stream: S, request: Request<Empty<Bytes>>) -> Result<Response<hyper::body::Incoming>, Failure>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender.send_request(request).await?)
}

async fn read(
    response: Response<hyper::body::Incoming>,
    tls: Option<(String, Option<u64>)>,
) -> Result<Answer, Failure> {
    let status = response.status();
    let date = response.headers().get(header::DATE).and_then(|date| date.to_str().ok()).map(str::to_owned);
    let body = Limited::new(response.into_body(), LONGEST_ANSWER).collect().await?.to_bytes();
    Ok(Answer { status, date, body, tls })
}
