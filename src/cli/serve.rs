//! `afterword serve`: runs the service until a signal stops it.
//!
//! It owns the order of starting and stopping. It must not know which routes there are.

use super::{CliError, tend};
use crate::clock::Clock;
use crate::config::Config;
use crate::gateway::{Gateway, ServeLock};
use crate::web::server::{self, Bounds};
use crate::{web, worker};
use axum::Router;
use clap::Args;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Connections for metrics. One or two programs read them.
const SCRAPERS: usize = 16;

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Begin an empty database although its key file is there; the empty one does not know who must not be asked
    #[arg(long)]
    new_database: bool,
}

pub(super) async fn run(args: &Serve, config: Config) -> Result<(), CliError> {
    config.refuse_placeholders()?;
    if args.new_database {
        Gateway::make(config.clone(), Clock::System).await?.shut_down().await;
    }
    let (gateway, lock) = Gateway::serve(config, Clock::System, None).await?;
    for placeholder in gateway.config.placeholders() {
        tracing::warn!("{placeholder}");
    }
    let listener = listen(gateway.config.listen).await?;
    serve(gateway, lock, listener, |_, routes| routes).await
}

/// Binds the port, before any mail is sent.
async fn listen(address: SocketAddr) -> Result<TcpListener, CliError> {
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
    let metrics = match gateway.config.metrics_listen {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    let gateway = Arc::new(gateway);
    let stop = CancellationToken::new();
    let workers = tokio::spawn(worker::run(Arc::clone(&gateway), stop.clone()));
    tokio::spawn(stop_on_signal(stop.clone()));
    let tended = tokio::spawn(tend::tend(Arc::clone(&gateway), stop.clone()));
    say_start(&gateway.config, listener.local_addr()?);

    let routes = change(&gateway, web::router(Arc::clone(&gateway)));
    let bounds = Bounds::with(server::most_connections());
    let server = tokio::spawn(server::serve(listener, routes, bounds, stop.clone()));
    let metrics = metrics.map(|listener| {
        let routes = web::metrics_router(Arc::clone(&gateway));
        tokio::spawn(server::serve(listener, routes, Bounds::with(SCRAPERS), stop.clone()))
    });
    tend::ready();
    let store_died = tokio::select! {
        () = stop.cancelled() => false,
        () = gateway.died() => true,
    };
    stop.cancel();
    tend::stopping();
    tracing::info!("stopping");
    let mut tasks_ok = server.await.is_ok();
    if let Some(metrics) = metrics {
        tasks_ok &= metrics.await.is_ok();
    }
    tasks_ok &= workers.await.is_ok() & tended.await.is_ok();
    gateway.say_goodbye().await;
    match Arc::try_unwrap(gateway) {
        Ok(gateway) => {
            gateway.shut_down().await;
            drop(lock);
        }
        // An aborted worker may hold the gateway for another moment. Then the database closes with the process, and the
        // lock must last as long.
        Err(_) => std::mem::forget(lock),
    }
    // The error makes the service manager start the service again.
    if store_died || !tasks_ok { Err(CliError::Failed("part of the service failed".into())) } else { Ok(()) }
}

/// The line that says what was started.
fn say_start(config: &Config, address: SocketAddr) {
    let file = config.file.as_ref().map_or("none: built-in settings".to_owned(), |file| file.display().to_string());
    let (version, database, mail) = (env!("CARGO_PKG_VERSION"), config.database.display(), &config.mail.smtp);
    tracing::info!(version, config = file, %database, %address, url = %config.public_url, %mail, "serving");
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
