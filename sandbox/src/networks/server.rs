//! The HTTP server: one port for networks, control and walls.

use std::{future::Future, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::{StreamExt, stream};
use tokio::net::TcpListener;

use super::{
    Networks,
    answer::Answer,
    call::{Call, split_path},
    control,
    line::{Line, Lines},
    pipeline::{self, Outcome},
    wall,
};

/// How often scheduled work is looked at.
const TICK: Duration = Duration::from_millis(100);
/// Time for the first half of a cut answer to leave.
const HALF: Duration = Duration::from_millis(30);

/// Serves until `shutdown` resolves; open connections are closed then.
pub async fn serve(
    listener: TcpListener,
    networks: Networks,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let app = Router::new()
        .merge(control::routes())
        .merge(wall::routes())
        .fallback(network_call)
        .with_state(networks.clone())
        .into_make_service_with_connect_info::<Line>();
    let server = axum::serve(Lines(listener), app);
    tokio::select! {
        served = server => served,
        () = tick(&networks) => Ok(()),
        () = shutdown => Ok(()),
    }
}

async fn tick(networks: &Networks) {
    loop {
        tokio::time::sleep(TICK).await;
        for module in networks.modules() {
            module.tick(networks);
        }
    }
}

/// Every request that is not control or wall: its first path segment names the host.
async fn network_call(
    State(networks): State<Networks>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
) -> Response {
    let (host, _) = split_path(request.uri());
    let Some(module) = networks.module_for_host(&host) else {
        let message = format!("no simulated host {host:?}: paths start with a real host's name");
        return (StatusCode::NOT_FOUND, message).into_response();
    };
    let Some(call) = Call::read(request).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    // A task of its own, so that a client that hangs up does not stop what the network does.
    match tokio::spawn(pipeline::run(networks, module, call)).await {
        Ok(Outcome::Answer(answer)) => answer.into_response(),
        Ok(Outcome::Truncated(answer)) => truncated(answer, line),
        Ok(Outcome::Cut) => {
            line.cut();
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a simulated network failed");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Announces the whole answer, sends its first half and closes the connection.
fn truncated(answer: Answer, line: Line) -> Response {
    let length = answer.body.len();
    let half = answer.body.slice(..length / 2);
    let cut = async move {
        tokio::time::sleep(HALF).await;
        line.cut();
        Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
    };
    let parts = stream::iter([Ok::<Bytes, std::io::Error>(half)]).chain(stream::once(cut));
    let mut response = Response::new(Body::from_stream(parts));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, length.into());
    response
}
