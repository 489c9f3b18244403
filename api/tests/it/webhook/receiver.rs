//! A receiver of webhooks on this machine.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use tokio::{
    net::TcpListener,
    sync::{
        Mutex,
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    },
    time::timeout,
};

/// What came in.
pub struct Incoming {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// Answers 200 and keeps what came; `/redirect` sends elsewhere, `/once-500` fails the first time.
pub struct Receiver {
    /// Its address, with a slash at the end.
    pub url: String,
    incoming: Mutex<UnboundedReceiver<Incoming>>,
}

#[derive(Clone)]
struct Shared {
    outgoing: UnboundedSender<Incoming>,
    failed: Arc<AtomicBool>,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (outgoing, incoming) = unbounded_channel();
        let shared = Shared {
            outgoing,
            failed: Arc::default(),
        };
        let router = Router::new().fallback(receive).with_state(shared);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            url,
            incoming: Mutex::new(incoming),
        }
    }

    /// The next request.
    pub async fn take(&self) -> Incoming {
        let mut incoming = self.incoming.lock().await;
        timeout(Duration::from_secs(10), incoming.recv())
            .await
            .unwrap()
            .unwrap()
    }

    /// How many requests came that nobody took.
    pub fn waiting(&self) -> usize {
        self.incoming.try_lock().unwrap().len()
    }
}

async fn receive(
    State(shared): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path().to_owned();
    let answer = match path.as_str() {
        "/redirect" => (
            StatusCode::TEMPORARY_REDIRECT,
            [(header::LOCATION, "/elsewhere")],
        )
            .into_response(),
        "/once-500" if !shared.failed.swap(true, Ordering::SeqCst) => {
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        _ => "thank you".into_response(),
    };
    let _ = shared.outgoing.send(Incoming {
        path,
        headers,
        body,
    });
    answer
}
