//! graphql-transport-ws on a real socket.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use posthaste_api::{
    config::Documents,
    rest::{ApiState, router},
};
use posthaste_core::{Network, access::Role};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{
        Message,
        client::IntoClientRequest,
        http::{HeaderName, HeaderValue},
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use crate::{
    session::browser::Browser,
    world::{PASSWORD, PUBLIC_URL, World, mutation, person, sign_in},
};

/// A client of a server of its own.
pub struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    pub async fn connect(world: &World) -> Self {
        Self::connect_from(world, None).await
    }

    /// Connects as a page of this origin would.
    async fn connect_from(world: &World, origin: Option<&'static str>) -> Self {
        let origin = origin.map(|origin| ("origin", HeaderValue::from_static(origin)));
        Self::connect_with(world, origin.into_iter()).await
    }

    /// Connects as a page of this server does in a browser with this cookie.
    async fn connect_with_cookie(world: &World, cookie: &str) -> Self {
        let headers = [
            ("origin", HeaderValue::from_static(PUBLIC_URL)),
            ("cookie", HeaderValue::from_str(cookie).unwrap()),
        ];
        Self::connect_with(world, headers.into_iter()).await
    }

    async fn connect_with(
        world: &World,
        headers: impl Iterator<Item = (&'static str, HeaderValue)>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = world.router.clone();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let mut request = format!("ws://{address}/graphql")
            .into_client_request()
            .unwrap();
        request.headers_mut().insert(
            "sec-websocket-protocol",
            HeaderValue::from_static("graphql-transport-ws"),
        );
        request
            .headers_mut()
            .extend(headers.map(|(name, value)| (HeaderName::from_static(name), value)));
        Self(connect_async(request).await.unwrap().0)
    }

    pub async fn open(world: &World, key: &str) -> Self {
        Self::connect(world).await.greet(key).await
    }

    async fn greet(mut self, key: &str) -> Self {
        let client = &mut self;
        client.say(json!({ "type": "connection_init", "payload": { "authorization": format!("Bearer {key}") } })).await;
        assert_eq!(client.hear().await, json!({ "type": "connection_ack" }));
        self
    }

    pub async fn say(&mut self, message: Value) {
        self.0
            .send(Message::text(message.to_string()))
            .await
            .unwrap();
    }

    async fn next(&mut self) -> Message {
        timeout(Duration::from_secs(20), self.0.next())
            .await
            .unwrap()
            .unwrap()
            .unwrap()
    }

    pub async fn hear(&mut self) -> Value {
        serde_json::from_str(self.next().await.to_text().unwrap()).unwrap()
    }

    pub async fn closed(&mut self) -> u16 {
        match self.next().await {
            Message::Close(Some(frame)) => frame.code.into(),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn subscriptions_queries_and_pings_share_a_socket() {
    let world = World::new().await;
    tokio::spawn(posthaste_engine::event::fan_out(
        world.app.clone(),
        std::sync::Arc::default(),
    ));
    let mut client = Client::open(&world, &world.home.viewer).await;
    client.say(json!({ "type": "ping" })).await;
    assert_eq!(client.hear().await, json!({ "type": "pong" }));
    client.say(json!({ "id": "q", "type": "subscribe", "payload": { "query": "{ viewer { role } }" } })).await;
    assert_eq!(
        client.hear().await,
        json!({ "id": "q", "type": "next", "payload": { "data": { "viewer": { "role": "VIEWER" } } } })
    );
    assert_eq!(
        client.hear().await,
        json!({ "id": "q", "type": "complete" })
    );

    let cursor = world
        .ask("{ events(first: 4) { pageInfo { endCursor } } }", json!({}))
        .await["events"]["pageInfo"]["endCursor"]
        .clone();
    let query = "subscription($after: String) { events(after: $after) { type data } }";
    client.say(json!({ "id": "s", "type": "subscribe", "payload": { "query": query, "variables": { "after": cursor } } })).await;
    let id = world.home.on(Network::X).parse().unwrap();
    posthaste_engine::connection::pause(&world.app, &world.home.system(), id)
        .await
        .unwrap();
    let heard = client.hear().await;
    assert_eq!(
        (&heard["id"], &heard["type"]),
        (&json!("s"), &json!("next"))
    );
    assert_eq!(
        heard["payload"]["data"]["events"]["data"]["change"],
        "paused"
    );
    client.say(json!({ "id": "s", "type": "complete" })).await;
    // The name is free again.
    client
        .say(json!({ "id": "s", "type": "subscribe", "payload": { "query": "{ nothing }" } }))
        .await;
    let heard = client.hear().await;
    assert_eq!(
        (&heard["id"], &heard["type"]),
        (&json!("s"), &json!("error"))
    );
    assert_eq!(heard["payload"][0]["extensions"]["code"], "BAD_REQUEST");
}

#[tokio::test]
async fn a_mutation_with_a_key_is_done_once() {
    let world = World::new().await;
    let mut client = Client::open(&world, &world.home.editor).await;
    let query = "mutation { postCreate(input: { text: \"a\" }) { post { id } } }";
    let mut answers = Vec::new();
    for id in ["1", "2"] {
        let payload = json!({ "query": query, "extensions": { "idempotencyKey": "key-1" } });
        client
            .say(json!({ "id": id, "type": "subscribe", "payload": payload }))
            .await;
        let mut heard = client.hear().await;
        assert_eq!((&heard["id"], &heard["type"]), (&json!(id), &json!("next")));
        assert_eq!(client.hear().await["type"], "complete");
        answers.push(heard["payload"].take());
    }
    assert_eq!(answers[0]["data"], answers[1]["data"]);
    assert!(answers[0]["data"]["postCreate"]["post"]["id"].is_string());
    assert_eq!(answers[0]["extensions"]["idempotency"], Value::Null);
    assert_eq!(
        answers[1]["extensions"]["idempotency"],
        json!({ "replayed": true })
    );
    let payload = json!({ "query": query, "extensions": { "idempotencyKey": 5 } });
    client
        .say(json!({ "id": "3", "type": "subscribe", "payload": payload }))
        .await;
    let heard = client.hear().await;
    assert_eq!(
        (&heard["type"], &heard["payload"][0]["extensions"]["code"]),
        (&json!("error"), &json!("INVALID_INPUT"))
    );
}

#[tokio::test]
async fn a_change_takes_what_the_credential_opens_by_now() {
    let world = World::new().await;
    let ada = person(&world, &world.home, "ada@example.org", Role::Admin).await;
    let session = sign_in(&world, &world.home, "ada@example.org").await;
    let mut client = Client::open(&world, &session).await;
    let owner = &world.home.owner;
    let lower = json!({ "id": ada, "role": "EDITOR" });
    world
        .change_by(owner, "memberUpdate", "member { role }", lower)
        .await;
    let query = "mutation { apiKeyCreate(input: { name: \"a\", role: ADMIN, kind: SERVICE }) { secret errors { code } } }";
    let ask = |id: &str| json!({ "id": id, "type": "subscribe", "payload": { "query": query } });
    client.say(ask("1")).await;
    let heard = client.hear().await;
    assert_eq!(
        heard["payload"]["data"]["apiKeyCreate"],
        json!({ "secret": null, "errors": [{ "code": "FORBIDDEN" }] }),
        "{heard}"
    );
    assert_eq!(client.hear().await["type"], "complete");
    world
        .change_by(owner, "memberRemove", "removedId", json!({ "id": ada }))
        .await;
    client.say(ask("2")).await;
    assert_eq!(client.closed().await, 4403);
}

#[tokio::test]
async fn browsers_can_be_held_to_registered_documents() {
    let mut world = World::new().await;
    let state = ApiState::new(world.app.clone()).taking(Documents::RegisteredFromBrowsers);
    world.router = router(state);
    for (origin, expected) in [(Some(PUBLIC_URL), "error"), (None, "next")] {
        let client = Client::connect_from(&world, origin).await;
        let mut client = client.greet(&world.home.viewer).await;
        client.say(json!({ "id": "1", "type": "subscribe", "payload": { "query": "{ viewer { role } }" } })).await;
        let heard = client.hear().await;
        assert_eq!(heard["type"], expected, "{heard}");
        if expected == "error" {
            let code = &heard["payload"][0]["extensions"]["code"];
            assert_eq!(code, "DOCUMENT_NOT_REGISTERED");
        }
    }
}

#[tokio::test]
async fn a_close_is_answered_with_a_close() {
    let world = World::new().await;
    let mut client = Client::open(&world, &world.home.viewer).await;
    let frame = CloseFrame {
        code: CloseCode::Normal,
        reason: "".into(),
    };
    client.0.send(Message::Close(Some(frame))).await.unwrap();
    assert_eq!(client.closed().await, 1000);
}

#[tokio::test]
async fn an_operation_before_the_handshake_closes_with_4401() {
    let world = World::new().await;
    let mut client = Client::connect(&world).await;
    client.say(json!({ "id": "1", "type": "subscribe", "payload": { "query": "{ viewer { role } }" } })).await;
    assert_eq!(client.closed().await, 4401);
}

#[tokio::test]
async fn nonsense_closes_with_4400() {
    let world = World::new().await;
    let mut client = Client::connect(&world).await;
    client.say(json!({ "type": "dance" })).await;
    assert_eq!(client.closed().await, 4400);
}

#[tokio::test]
async fn a_wrong_key_closes_with_4403() {
    let world = World::new().await;
    for key in ["Bearer phk_test_unknown", "nonsense"] {
        let mut client = Client::connect(&world).await;
        client
            .say(json!({ "type": "connection_init", "payload": { "authorization": key } }))
            .await;
        assert_eq!(client.closed().await, 4403, "{key}");
    }
}

#[tokio::test]
async fn a_second_handshake_closes_with_4429() {
    let world = World::new().await;
    let mut client = Client::open(&world, &world.home.viewer).await;
    client.say(json!({ "type": "connection_init" })).await;
    assert_eq!(client.closed().await, 4429);
}

#[tokio::test]
async fn a_name_in_use_closes_with_4409() {
    let world = World::new().await;
    let mut client = Client::open(&world, &world.home.viewer).await;
    for _ in 0..2 {
        client.say(json!({ "id": "1", "type": "subscribe", "payload": { "query": "subscription { events(types: [POST_CREATED]) { id } }" } })).await;
    }
    assert_eq!(client.closed().await, 4409);
}

#[tokio::test]
async fn a_client_that_says_nothing_is_closed_with_4408() {
    let world = World::new().await;
    let mut client = Client::connect(&world).await;
    assert_eq!(client.closed().await, 4408);
}

#[tokio::test]
async fn a_cookie_opens_a_socket_until_its_session_is_over() {
    let world = World::new().await;
    person(&world, &world.home, "ada@example.org", Role::Admin).await;
    let mut browser = Browser::new(&world);
    browser.sign_in("ada@example.org").await;
    let cookie = browser.cookie.clone().unwrap();
    let mut client = Client::connect_with_cookie(&world, &cookie).await;
    client.say(json!({ "type": "connection_init" })).await;
    assert_eq!(client.hear().await, json!({ "type": "connection_ack" }));
    let ask = |id: &str, query: &str, variables: Value| json!({ "id": id, "type": "subscribe", "payload": { "query": query, "variables": variables } });
    client.say(ask("1", "{ viewer { kind } }", json!({}))).await;
    let told = client.hear().await;
    assert_eq!(told["payload"]["data"]["viewer"]["kind"], "PERSON");
    assert_eq!(client.hear().await["type"], "complete");
    // No message of a socket could bring another cookie.
    let again = mutation("sessionReauthenticate", "token");
    let input = json!({ "input": { "password": PASSWORD } });
    client.say(ask("2", &again, input)).await;
    let told = client.hear().await;
    let payload = &told["payload"]["data"]["sessionReauthenticate"];
    assert_eq!(payload["errors"][0]["code"], "INVALID_STATE", "{told}");
    assert_eq!(client.hear().await["type"], "complete");
    browser.send("DELETE", "/auth/session", None).await;
    client
        .say(ask(
            "3",
            "mutation { sessionDelete { deletedId } }",
            json!({}),
        ))
        .await;
    assert!(matches!(
        client.next().await,
        Message::Close(Some(CloseFrame {
            code: CloseCode::Library(4403),
            ..
        }))
    ));
}
