//! Hints between processes: PostgreSQL's NOTIFY, outside business transactions. A lost hint costs
//! latency, never an event: everybody also looks by themselves.

use std::{future::poll_fn, sync::Arc, time::Duration};

use posthaste_engine::App;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::Notify,
    time::sleep,
};
use tokio_postgres::{AsyncMessage, Client, Connection};

/// Changes that come closer together are told about once.
const DEBOUNCE: Duration = Duration::from_millis(100);

/// How long to wait before connecting again.
const PAUSE: Duration = Duration::from_secs(2);

/// What a connection goes through: a socket, with TLS or without.
trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

/// Passes hints on for as long as the process runs; `incoming` wakes the fan-out to subscriptions.
pub async fn run(app: App, incoming: Arc<Notify>) {
    loop {
        if let Err(error) = relay(&app, &incoming).await {
            tracing::debug!(%error, "hints between processes are interrupted");
        }
        sleep(PAUSE).await;
    }
}

async fn relay(app: &App, incoming: &Notify) -> anyhow::Result<()> {
    let (client, connection) = app.db.address().wire().await?;
    let listening = listen(app, incoming, connection);
    let telling = tell(app, incoming, &client);
    tokio::select! {
        outcome = listening => outcome?,
        outcome = telling => outcome?,
    }
    Ok(())
}

/// Drives the connection and wakes this process's workers and subscriptions.
async fn listen(
    app: &App,
    incoming: &Notify,
    mut connection: Connection<impl Stream, impl Stream>,
) -> Result<(), tokio_postgres::Error> {
    while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
        if let AsyncMessage::Notification(_) = message? {
            app.hints.due();
            incoming.notify_one();
        }
    }
    Ok(())
}

async fn tell(app: &App, incoming: &Notify, client: &Client) -> Result<(), tokio_postgres::Error> {
    client.batch_execute("LISTEN posthaste").await?;
    loop {
        app.hints.wait_outgoing().await;
        incoming.notify_one();
        sleep(DEBOUNCE).await;
        client.batch_execute("NOTIFY posthaste").await?;
    }
}
