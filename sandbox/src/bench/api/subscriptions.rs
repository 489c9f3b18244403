use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use futures::{SinkExt, StreamExt, stream};
use serde_json::{Value, json};
use tokio::{
    net::TcpStream,
    sync::{Notify, mpsc},
    time::{sleep, timeout},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_with_config,
    tungstenite::{
        Message, client::IntoClientRequest, http::HeaderValue, protocol::WebSocketConfig,
    },
};

use super::{super::spread::quantile, client::Api, server::Server};

const EVENTS: &str = "subscription { events(types: [POST_CREATED]) { cursor at type postId } }";

/// Posts that everybody hears of.
const ROUNDS: usize = 20;

/// How many connect at the same time.
const AT_ONCE: usize = 50;

/// How long the server is watched while nothing happens.
const QUIET: Duration = Duration::from_secs(10);

/// How long one post may take to be heard of.
const PATIENCE: Duration = Duration::from_mins(1);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Opens subscriptions to the event log, each on a WebSocket of its own, and creates posts that all
/// of them hear of. Prints memory per connection, processor time of the quiet server, and how long
/// an event takes from the request that makes it to each client.
pub async fn run(count: usize, server: &Server, api: &Api, key: &str) -> anyhow::Result<()> {
    // A socket for each, and some for everything else.
    let files = rlimit::increase_nofile_limit(count as u64 + 1000)?;
    ensure!(
        files > count as u64,
        "{count} subscriptions need more than the {files} open files that are allowed (ulimit -n)"
    );
    api.create().await?;
    let before = server.memory()?;
    let began = Instant::now();
    let sockets: Vec<Socket> = stream::iter(0..count)
        .map(|_| subscribe(&server.url, key))
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<_>>()
        .await
        .into_iter()
        .collect::<anyhow::Result<_>>()?;
    let opened = began.elapsed();
    let audience = Audience::of(sockets);
    // The last ones are still on their way to the log.
    sleep(Duration::from_secs(1)).await;
    let quiet = server.processor()?;
    sleep(QUIET).await;
    let quiet = (server.processor()? - quiet) / QUIET.as_secs_f64();
    let memory = server.memory()?;
    println!(
        "{count} subscriptions: opened in {:.1} s; server {before:.0} MB -> {memory:.0} MB, {:.1} KB per connection; {:.1} % of a core while quiet",
        opened.as_secs_f64(),
        (memory - before) * 1024.0 / count as f64,
        quiet * 100.0
    );
    tell(count, audience, api).await?;
    println!(
        "memory of the server afterwards: {:.0} MB",
        server.memory()?
    );
    Ok(())
}

async fn tell(count: usize, mut audience: Audience, api: &Api) -> anyhow::Result<()> {
    let mut late = Vec::with_capacity(count * ROUNDS);
    let began = Instant::now();
    for round in 0..ROUNDS {
        let asked = Instant::now();
        api.create().await?;
        timeout(PATIENCE, audience.all_heard(count * (round + 1)))
            .await
            .with_context(|| format!("not everybody heard of post {}", round + 1))?;
        while let Ok(heard) = audience.times.try_recv() {
            late.push(heard.duration_since(asked).as_secs_f64() * 1000.0);
        }
    }
    let took = began.elapsed().as_secs_f64();
    ensure!(
        late.len() == count * ROUNDS,
        "{} of {} messages came",
        late.len(),
        count * ROUNDS
    );
    late.sort_by(f64::total_cmp);
    println!(
        "one event to {count} subscriptions, {ROUNDS} times: {:.0} messages/s; p50 {:.0} ms, p99 {:.0} ms after the request that made it",
        late.len() as f64 / took,
        quantile(&late, 0.5),
        quantile(&late, 0.99)
    );
    Ok(())
}

async fn subscribe(url: &str, key: &str) -> anyhow::Result<Socket> {
    let mut request = format!("{}/graphql", url.replacen("http", "ws", 1)).into_client_request()?;
    let protocol = HeaderValue::from_static("graphql-transport-ws");
    request
        .headers_mut()
        .insert("sec-websocket-protocol", protocol);
    let small = WebSocketConfig::default()
        .read_buffer_size(1024)
        .write_buffer_size(1024);
    let (mut socket, _) = connect_async_with_config(request, Some(small), true).await?;
    let authorization = json!({ "authorization": format!("Bearer {key}") });
    let init = json!({ "type": "connection_init", "payload": authorization });
    socket.send(Message::text(init.to_string())).await?;
    let acknowledged = socket
        .next()
        .await
        .context("the server closed the connection")??;
    let acknowledged: Value = serde_json::from_str(acknowledged.to_text()?)?;
    ensure!(
        acknowledged["type"] == "connection_ack",
        "{acknowledged} instead of connection_ack"
    );
    let subscribe = json!({ "type": "subscribe", "id": "1", "payload": { "query": EVENTS } });
    socket.send(Message::text(subscribe.to_string())).await?;
    Ok(socket)
}

/// All who listen.
struct Audience {
    heard: Arc<AtomicUsize>,
    news: Arc<Notify>,
    times: mpsc::UnboundedReceiver<Instant>,
}

impl Audience {
    fn of(sockets: Vec<Socket>) -> Self {
        let (sender, times) = mpsc::unbounded_channel();
        let audience = Self {
            heard: Arc::default(),
            news: Arc::default(),
            times,
        };
        for socket in sockets {
            tokio::spawn(listen(
                socket,
                sender.clone(),
                audience.heard.clone(),
                audience.news.clone(),
            ));
        }
        audience
    }

    async fn all_heard(&self, total: usize) {
        while self.heard.load(Ordering::SeqCst) < total {
            self.news.notified().await;
        }
    }
}

async fn listen(
    mut socket: Socket,
    times: mpsc::UnboundedSender<Instant>,
    heard: Arc<AtomicUsize>,
    news: Arc<Notify>,
) {
    while let Some(Ok(message)) = socket.next().await {
        // Anything but an event would be an error of the server, and is missed in the count.
        if message
            .to_text()
            .is_ok_and(|text| text.contains(r#""type":"next""#) && text.contains("POST_CREATED"))
        {
            if times.send(Instant::now()).is_err() {
                return;
            }
            heard.fetch_add(1, Ordering::SeqCst);
            news.notify_one();
        }
    }
}
