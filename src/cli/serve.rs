//! `afterword serve`: the service, until it is told to stop.
//!
//! It owns the order of starting and stopping. It must not know what is served.

use super::Ended;
use crate::clock::Clock;
use crate::config::Config;
use crate::gateway::Gateway;
use crate::mail::transport::Memory;
use crate::{web, worker};
use axum::serve::ListenerExt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// How long a stop waits for requests under way.
const STOP_WITHIN: Duration = Duration::from_secs(10);

pub(super) async fn run(config: Config) -> Result<(), Ended> {
    let gateway = Gateway::open(config, Clock::System, None).await?;
    let listener = listen(&gateway).await?;
    serve(gateway, listener, None).await
}

/// Takes the port before anything is sent.
pub(super) async fn listen(gateway: &Gateway) -> Result<TcpListener, Ended> {
    let address = gateway.config.listen;
    let refuse = |error| Ended::Failed(format!("cannot listen on {address}: {error}"));
    TcpListener::bind(address).await.map_err(refuse)
}

/// The service over an open gateway; `inbox` keeps the demo's mails.
pub(super) async fn serve(gateway: Gateway, listener: TcpListener, inbox: Option<Memory>) -> Result<(), Ended> {
    let lock = gateway.serve().await?;
    let gateway = Arc::new(gateway);
    let stop = CancellationToken::new();
    let workers = tokio::spawn(worker::run(Arc::clone(&gateway), stop.clone()));
    tokio::spawn(stop_on_signal(stop.clone()));
    tracing::info!(address = %listener.local_addr()?, url = gateway.config.public_url, "serving");

    // Unknown links are limited by the address that asks.
    let service = web::router(Arc::clone(&gateway), inbox).into_make_service_with_connect_info::<SocketAddr>();
    let stopped = stop.clone().cancelled_owned();
    // Without TCP_NODELAY an answer in two packets waits for the client's delayed acknowledgement.
    let listener = listener.tap_io(|connection| drop(connection.set_nodelay(true)));
    let server = tokio::spawn(axum::serve(listener, service).with_graceful_shutdown(stopped).into_future());
    let broken = tokio::select! {
        () = stop.cancelled() => false,
        () = gateway.died() => true,
    };
    stop.cancel();
    tracing::info!("stopping");
    let abort = server.abort_handle();
    if tokio::time::timeout(STOP_WITHIN, server).await.is_err() {
        tracing::warn!("requests under way were given up on");
        abort.abort();
    }
    let sound = workers.await.unwrap_or(false);
    // Whoever was given up on may still hold it: the database then closes with the process.
    if let Ok(gateway) = Arc::try_unwrap(gateway) {
        gateway.close_down().await;
    }
    drop(lock);
    // Whoever watches over the service starts it anew.
    if broken || !sound { Err(Ended::Failed("a part of the service broke down".into())) } else { Ok(()) }
}

async fn stop_on_signal(stop: CancellationToken) {
    let kinds = [SignalKind::terminate(), SignalKind::interrupt()];
    let [Ok(mut terminate), Ok(mut interrupt)] = kinds.map(signal) else {
        tracing::error!("signals cannot be watched: stop it by kill -9, nothing is lost by it");
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    stop.cancel();
}
