//! The sockets: who may connect, for how long a peer may keep the service waiting, and an orderly end.
//!
//! It owns the bounds on connections and on time. It must not know which routes there are.
//!
//! hyper's own timer bounds the header only, and counts the rest between two requests to it. Here one watch a
//! connection knows what it waits for, so that each kind of wait has its own bound, and so that the connection that has
//! waited longest gives way to a new one when there are too many.

mod watch;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::ConnectInfo;
use axum::http::{HeaderValue, Request, Response, StatusCode, Version, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use rustix::process::{Resource, getrlimit, setrlimit};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use watch::{Arriving, Doors, Watch, Watched};

/// File descriptors that connections leave to the rest: the database takes about 30, mail up to 64 connections, and
/// files that are read for a moment need some too.
const RESERVE: u64 = 256;
/// No more connections than this, whatever the limit on files: an idle one costs about 15 kB.
const MOST_CONNECTIONS: usize = 4096;
/// Even under a tiny limit on files some requests must get in.
const FEWEST_CONNECTIONS: usize = 16;
/// The pause after a connection could not be accepted, because there are too many open files: to try again at once would
/// only take the processor.
const ACCEPT_AGAIN: Duration = Duration::from_secs(1);

/// How many connections there may be, and how long each may take for what.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// At most this many connections. The one that has waited longest gives way to a new one.
    pub connections: usize,
    /// From the first byte of a request, or from the start of the connection, to the end of its header.
    pub header: Duration,
    /// From there to the end of its body.
    pub body: Duration,
    /// From there to the answer.
    pub answer: Duration,
    /// From the answer, which the peer must take in this time, to the first byte of the next request.
    pub rest: Duration,
    /// After a stop, how long any part of a request may take.
    pub stop: Duration,
    /// From a stop to the end of all connections.
    pub end: Duration,
    /// How long a body that nobody wants is still received, so that its sender reads the refusal first.
    pub linger: Duration,
}

impl Bounds {
    /// The bounds of the service with this many connections.
    #[must_use]
    pub fn with(connections: usize) -> Self {
        Self {
            connections,
            header: Duration::from_secs(10),
            // 1 MiB takes 20 s at 420 kbit/s.
            body: Duration::from_secs(20),
            // The store gives up long before.
            answer: Duration::from_mins(1),
            // More than the minute for which nginx keeps a connection, so that nginx closes first and loses no request.
            rest: Duration::from_secs(75),
            stop: Duration::from_secs(2),
            end: Duration::from_secs(10),
            linger: Duration::from_secs(5),
        }
    }
}

/// Raises the soft limit on open files to the hard one, and returns how many connections it leaves room for.
#[must_use]
pub fn most_connections() -> usize {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit on open files cannot be raised");
    }
    // None is "unlimited".
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let room = usize::try_from(files.saturating_sub(RESERVE)).unwrap_or(usize::MAX);
    room.clamp(FEWEST_CONNECTIONS, MOST_CONNECTIONS)
}

/// Serves routes until `stop`, then finishes what is being answered. When it returns, no handler runs any more. Handlers
/// find the peer as [`ConnectInfo`].
pub async fn serve(listener: TcpListener, routes: Router, bounds: Bounds, stop: CancellationToken) {
    let doors = Arc::new(Doors::new(bounds));
    let routes = TowerToHyperService::new(routes);
    let (connections, abort) = (TaskTracker::new(), CancellationToken::new());
    let sweeping = CancellationToken::new();
    let sweeper = tokio::spawn(sweeping.clone().run_until_cancelled_owned(Arc::clone(&doors).sweep()));
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if is_of_the_peer(&error) => continue,
            Err(error) => {
                tracing::error!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_AGAIN).await;
                continue;
            }
        };
        let Some(watch) = stop.run_until_cancelled(doors.enter()).await else { break };
        let connection = speak(stream, peer, watch, routes.clone(), stop.clone());
        connections.spawn(abort.clone().run_until_cancelled_owned(connection));
    }
    drop(listener);
    doors.close();
    connections.close();
    if tokio::time::timeout(bounds.end, connections.wait()).await.is_err() {
        tracing::warn!("aborted requests that took too long");
        abort.cancel();
        connections.wait().await;
    }
    sweeping.cancel();
    drop(sweeper.await);
}

/// Whether the connection failed before it was accepted, which says nothing about the next one.
fn is_of_the_peer(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// One connection, from its start to its end.
async fn speak(
    stream: TcpStream,
    peer: SocketAddr,
    watch: Arc<Watch>,
    routes: TowerToHyperService<Router>,
    stop: CancellationToken,
) {
    // Without TCP_NODELAY an answer in two packets waits for the client's delayed acknowledgement.
    drop(stream.set_nodelay(true));
    let stream = TokioIo::new(Watched::new(stream, Arc::clone(&watch)));
    let service = service_fn(|request| answer(request, peer, &watch, &routes));
    // The watch bounds the header.
    let connection = http1::Builder::new().header_read_timeout(None).serve_connection(stream, service);
    let mut connection = pin!(connection);
    tokio::select! {
        // That a peer hangs up or sends what is no HTTP is nothing to tell.
        ended = connection.as_mut() => return drop(ended),
        () = watch.cut() => return,
        () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    tokio::select! {
        ended = connection => drop(ended),
        () = watch.cut() => {}
    }
}

async fn answer(
    request: Request<Incoming>,
    peer: SocketAddr,
    watch: &Arc<Watch>,
    routes: &TowerToHyperService<Router>,
) -> Result<Response<Body>, Infallible> {
    let (mut parts, body) = request.into_parts();
    parts.extensions.insert(ConnectInfo(peer));
    watch.head_is_read(body.is_end_stream());
    let hosts = parts.headers.get_all(header::HOST).iter().count();
    let mut response = if parts.version == Version::HTTP_11 && hosts != 1 {
        // RFC 9112, 3.2.
        let mut response = Response::new(Body::from("expected exactly one Host header\n"));
        *response.status_mut() = StatusCode::BAD_REQUEST;
        response
    } else {
        let body = Body::new(Arriving::new(body, Arc::clone(watch)));
        routes.call(Request::from_parts(parts, body)).await?
    };
    if watch.answered() {
        // Nobody reads the rest of the body, so no other request can follow it.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use futures_util::FutureExt;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::Notify;

    #[tokio::test]
    async fn who_waits_at_the_door_comes_in_once_an_answer_is_out() {
        // More than fits between two sockets.
        const LONG: usize = 32 * 1024 * 1024;
        let doors = Arc::new(Doors::new(Bounds::with(1)));
        let (asked, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let told = (Arc::clone(&asked), Arc::clone(&go));
        let slow = move || {
            let (asked, go) = told.clone();
            async move {
                asked.notify_one();
                go.notified().await;
                "x".repeat(LONG)
            }
        };
        let routes = TowerToHyperService::new(Router::new().route("/", get(slow)));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let mut client = TcpStream::connect(listener.local_addr().expect("bound")).await.expect("connected");
        let (stream, peer) = listener.accept().await.expect("a connection");
        tokio::spawn(speak(stream, peer, doors.enter().await, routes, CancellationToken::new()));
        client.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
        asked.notified().await;
        let mut next = pin!(doors.enter());
        assert!(next.as_mut().now_or_never().is_none(), "the only one is being answered");
        go.notify_one();
        let mut answer = Vec::new();
        let both = async { tokio::join!(next, client.read_to_end(&mut answer)) };
        let (_next, read) = tokio::time::timeout(Duration::from_mins(1), both).await.expect("it comes in");
        read.expect("an orderly end");
        assert!(answer.len() > LONG, "the first one has its whole answer");
    }
}
