//! `afterword serve`: runs the service until a signal stops it.
//!
//! It owns the order of starting and stopping. It must not know which routes there are.

use super::CliError;
use crate::clock::Clock;
use crate::config::Config;
use crate::gateway::{Gateway, ServeLock};
use crate::web::server::{self, Bounds};
use crate::{web, worker};
use axum::Router;
use clap::Args;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// How long a stop waits for requests that are being answered.
const STOP_WITHIN: Duration = Duration::from_secs(10);

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Begin an empty database although its key file is there; the empty one does not know who must not be asked
    #[arg(long)]
    new_database: bool,
}

pub(super) async fn run(args: &Serve, config: Config) -> Result<(), CliError> {
    if args.new_database {
        Gateway::make(config.clone(), Clock::System).await?.shut_down().await;
    }
    let (gateway, lock) = Gateway::serve(config, Clock::System, None).await?;
    let listener = listen(&gateway).await?;
    serve(gateway, lock, listener, |_, routes| routes).await
}

/// Binds the port, before any mail is sent.
async fn listen(gateway: &Gateway) -> Result<TcpListener, CliError> {
    let address = gateway.config.listen;
    let refuse = |error| CliError::Failed(format!("cannot listen on {address}: {error}"));
    TcpListener::bind(address).await.map_err(refuse)
}

/// Runs the service until a signal arrives or a part of it fails. `change` may add to its routes.
pub(super) async fn serve(
    gateway: Gateway,
    lock: ServeLock,
    listener: TcpListener,
    change: impl FnOnce(&Arc<Gateway>, Router) -> Router,
) -> Result<(), CliError> {
    let gateway = Arc::new(gateway);
    let stop = CancellationToken::new();
    let workers = tokio::spawn(worker::run(Arc::clone(&gateway), stop.clone()));
    tokio::spawn(stop_on_signal(stop.clone()));
    tracing::info!(address = %listener.local_addr()?, url = %gateway.config.public_url, "serving");

    let routes = change(&gateway, web::router(Arc::clone(&gateway)));
    let bounds = Bounds::with(server::most_connections());
    let server = tokio::spawn(server::serve(listener, routes, bounds, stop.clone()));
    let store_died = tokio::select! {
        () = stop.cancelled() => false,
        () = gateway.died() => true,
    };
    stop.cancel();
    tracing::info!("stopping");
    let abort = server.abort_handle();
    if tokio::time::timeout(STOP_WITHIN, server).await.is_err() {
        tracing::warn!("aborted requests that took too long");
        abort.abort();
    }
    let workers_ok = workers.await.unwrap_or(false);
    // An aborted request may still hold the gateway. Then the database closes with the process.
    if let Ok(gateway) = Arc::try_unwrap(gateway) {
        gateway.shut_down().await;
    }
    drop(lock);
    // The error makes the service manager start the service again.
    if store_died || !workers_ok { Err(CliError::Failed("part of the service failed".into())) } else { Ok(()) }
}

async fn stop_on_signal(stop: CancellationToken) {
    let kinds = [SignalKind::terminate(), SignalKind::interrupt()];
    let [Ok(mut terminate), Ok(mut interrupt)] = kinds.map(signal) else {
        tracing::error!("cannot watch signals: stop the service with kill -9, which loses nothing");
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    stop.cancel();
}
