//! Hints between processes: Redis's channel where there is a Redis, else PostgreSQL's NOTIFY outside
//! business transactions. A lost hint costs latency, never an event: everybody also looks by themselves.

use std::{future::poll_fn, pin::pin, sync::Arc, time::Duration};

use futures::StreamExt;
use posthaste_core::ids::NodeId;
use posthaste_engine::{App, adapters::Redis, event::Hint};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::Notify,
    time::{sleep, timeout},
};
use tokio_postgres::{AsyncMessage, Client, Connection};

/// Changes that come closer together are told about once.
const DEBOUNCE: Duration = Duration::from_millis(100);

/// How long to wait before connecting again.
const PAUSE: Duration = Duration::from_secs(2);

/// What says that only the log has news. Anything else, such as nothing, says that the queue has, as all did
/// before there were two.
const NEWS: &str = "news";

/// Redis's channel.
const CHANNEL: &str = "hints";

/// What a process says to itself over Redis, and how often: a connection that only listens never finds out that
/// nobody is at its other end any more.
const ECHO: &str = "echo";
const ECHO_EVERY: Duration = Duration::from_secs(5);

/// What a connection goes through: a socket, with TLS or without.
trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

/// Passes hints on for as long as the process runs; `incoming` wakes the fan-out to subscriptions.
pub async fn run(app: App, incoming: Arc<Notify>) {
    loop {
        let relayed = match &app.redis {
            Some(redis) => over_redis(&app, redis, &incoming).await,
            None => over_postgres(&app, &incoming).await,
        };
        if let Err(error) = relayed {
            tracing::debug!(%error, "hints between processes are interrupted");
        }
        // What was said meanwhile may be lost.
        arrived(&app, &incoming, "");
        sleep(PAUSE).await;
    }
}

/// Wakes this process's workers and subscriptions.
fn arrived(app: &App, incoming: &Notify, message: &str) {
    app.hints.arrived(if message == NEWS {
        Hint::News
    } else {
        Hint::Due
    });
    incoming.notify_one();
}

async fn over_redis(app: &App, redis: &Redis, incoming: &Notify) -> anyhow::Result<()> {
    let own = format!("{CHANNEL}:{}", NodeId::new(&*app.clock, &*app.random));
    let mut messages = pin!(redis.listen(&[CHANNEL, own.as_str()]).await?);
    let echoed = Notify::new();
    let listening = async {
        while let Some(message) = messages.next().await {
            if message == ECHO {
                echoed.notify_one();
            } else {
                arrived(app, incoming, &message);
            }
        }
    };
    let deaf = async {
        loop {
            sleep(ECHO_EVERY).await;
            let told = redis.publish(&own, ECHO).await;
            if told && timeout(ECHO_EVERY, echoed.notified()).await.is_err() {
                return;
            }
        }
    };
    let telling = async {
        loop {
            let message = news(app, incoming).await;
            redis.publish(CHANNEL, message).await;
        }
    };
    tokio::select! {
        () = listening => {}
        () = telling => {}
        () = deaf => tracing::warn!("what this process tells over Redis comes back no more: listening anew"),
    }
    Ok(())
}

async fn over_postgres(app: &App, incoming: &Notify) -> anyhow::Result<()> {
    let (client, connection) = app.db.address().wire().await?;
    let listening = listen(app, incoming, connection);
    let telling = tell(app, incoming, &client);
    tokio::select! {
        outcome = listening => outcome?,
        outcome = telling => outcome?,
    }
    Ok(())
}

/// Drives the connection and passes on what comes.
async fn listen(
    app: &App,
    incoming: &Notify,
    mut connection: Connection<impl Stream, impl Stream>,
) -> Result<(), tokio_postgres::Error> {
    while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
        if let AsyncMessage::Notification(notification) = message? {
            arrived(app, incoming, notification.payload());
        }
    }
    Ok(())
}

async fn tell(app: &App, incoming: &Notify, client: &Client) -> Result<(), tokio_postgres::Error> {
    client.batch_execute("LISTEN posthaste").await?;
    loop {
        let message = news(app, incoming).await;
        let notify = format!("NOTIFY posthaste, '{message}'");
        client.batch_execute(&notify).await?;
    }
}

/// Waits until something happened here that others should look at, and returns how they are told.
async fn news(app: &App, incoming: &Notify) -> &'static str {
    app.hints.wait_outgoing().await;
    incoming.notify_one();
    sleep(DEBOUNCE).await;
    match app.hints.take_outgoing() {
        Hint::Due => "",
        Hint::News => NEWS,
    }
}
