//! How live posts do: read by plan, once, and given up politely.

use chrono::TimeDelta;
use posthaste_core::{
    ErrorCode, Network,
    access::Role,
    connector::{Account, TokenSet},
    ids::ConnectionId,
    metric::Metrics,
    ports::{Response, ScriptedHttp, TransportError},
    post::{Content, PostBody},
    secret::Secret,
};
use posthaste_engine::{
    connection, metric,
    post::{self, NewPost, NewTarget, Settlement},
};
use posthaste_store::{
    lane,
    metric::{self as rows, TargetMetrics},
    target::Target,
};
use serde_json::{Value, json};

use crate::world::World;

type Answer = Result<Response, TransportError>;

async fn connect(world: &World, network: Network, scopes: &[&str]) -> ConnectionId {
    let account = Account {
        remote_id: "77".into(),
        name: "Harbor Street".into(),
        username: Some("harborstreet".into()),
        avatar_url: None,
        tokens: TokenSet {
            access: Secret::new("access"),
            refresh: Some(Secret::new("refresh")),
            expires_at: None,
            refresh_expires_at: None,
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        },
    };
    connection::import(&world.app, &world.actor(Role::Owner), network, &account)
        .await
        .unwrap()
        .id
}

/// A post that is live on an account since this moment.
async fn live(world: &World, connection: ConnectionId, remote_id: &str) -> Target {
    let actor = world.actor(Role::Editor);
    let content = Content {
        text: format!("Bread {remote_id}"),
        ..Content::default()
    };
    let new = NewPost {
        body: PostBody {
            content,
            ..PostBody::default()
        },
        targets: vec![NewTarget::to(connection)],
        ..NewPost::default()
    };
    let written = post::create(&world.app, &actor, new).await.unwrap();
    let targets = post::targets_of_posts(&world.app, &actor, &[written.post.id])
        .await
        .unwrap();
    let how = Settlement::Live {
        permalink: None,
        remote_id: Some(remote_id.to_owned()),
    };
    post::settle(&world.app, &actor, targets[0].id, how)
        .await
        .unwrap()
}

async fn read_due(world: &World) -> usize {
    metric::read_due(&world.app).await.unwrap()
}

async fn figures(world: &World, target: &Target) -> TargetMetrics {
    let actor = world.actor(Role::Viewer);
    let mut rows = metric::of_targets(&world.app, &actor, &[target.id])
        .await
        .unwrap();
    rows.pop().unwrap()
}

fn code(row: &TargetMetrics) -> Option<ErrorCode> {
    ErrorCode::from_name(row.error_code.as_deref()?)
}

fn tweet(id: &str, views: i64) -> Value {
    json!({ "id": id, "public_metrics": { "impression_count": views, "like_count": 1 } })
}

fn tweets(posts: &[Value]) -> Answer {
    ScriptedHttp::json(200, json!({ "data": posts }))
}

fn views(views: i64) -> Answer {
    let row = json!({ "name": "post_media_view", "values": [{ "value": views }] });
    ScriptedHttp::json(200, json!({ "data": [row] }))
}

fn refused(status: u16, code: i64) -> Answer {
    ScriptedHttp::json(
        status,
        json!({ "error": { "code": code, "message": "No.", "type": "OAuthException" } }),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn posts_of_an_account_are_read_together_at_their_time() {
    let missing =
        json!({ "type": "https://api.x.com/2/problems/resource-not-found", "resource_id": "2" });
    let first = json!({ "data": [tweet("1", 90)], "errors": [missing] });
    let world = World::with_http(ScriptedHttp::new([ScriptedHttp::json(200, first)])).await;
    let account = connect(&world, Network::X, &[]).await;
    let (one, two) = (
        live(&world, account, "1").await,
        live(&world, account, "2").await,
    );
    let begun = world.app.now();
    assert_eq!(
        figures(&world, &one).await.due_at,
        Some(begun + TimeDelta::hours(1))
    );
    world.clock.advance(TimeDelta::minutes(59));
    assert_eq!(read_due(&world).await, 0);
    let events = world.events().await.len();

    world.clock.advance(TimeDelta::minutes(2));
    assert_eq!(read_due(&world).await, 2);
    let row = figures(&world, &one).await;
    let told = Metrics {
        views: Some(90),
        likes: Some(1),
        ..Metrics::default()
    };
    assert_eq!((row.metrics(), row.read_at), (told, Some(world.app.now())));
    assert_eq!(row.due_at, Some(begun + TimeDelta::days(1)));
    let gone = figures(&world, &two).await;
    assert_eq!(
        (code(&gone), gone.read_at),
        (Some(ErrorCode::NotFound), None)
    );
    assert_eq!(gone.due_at, Some(world.app.now() + TimeDelta::hours(1)));
    // Done with: nothing more is due, and the log has not grown.
    assert_eq!(read_due(&world).await, 0);
    assert_eq!(world.events().await.len(), events);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_is_read_to_the_end_of_its_plan() {
    let answers = [1, 2, 3, 4].map(|count| tweets(&[tweet("1", count)]));
    let world = World::with_http(ScriptedHttp::new(answers)).await;
    let account = connect(&world, Network::X, &[]).await;
    let one = live(&world, account, "1").await;
    let mut readings = 0;
    for _ in 0..40 {
        world.clock.advance(TimeDelta::days(1));
        readings += read_due(&world).await;
    }
    // The readings after an hour and after a day fell together.
    assert_eq!(readings, 3);
    let row = figures(&world, &one).await;
    assert_eq!((row.metrics().views, row.due_at), (Some(3), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_makes_the_whole_account_wait() {
    let answers = [refused(400, 80_001), views(5), views(6), views(7)];
    let world = World::with_http(ScriptedHttp::new(answers)).await;
    let account = connect(&world, Network::Facebook, &[]).await;
    let one = live(&world, account, "77_1").await;
    let two = live(&world, account, "77_2").await;
    world.clock.advance(TimeDelta::minutes(5));
    let later = live(&world, account, "77_3").await;
    world.clock.advance(TimeDelta::minutes(10));
    // The second post is not asked for: that would only be refused as well.
    assert_eq!(read_due(&world).await, 2);
    let limited = world.app.now() + TimeDelta::minutes(15);
    for target in [&one, &two] {
        let row = figures(&world, target).await;
        assert_eq!(
            (code(&row), row.due_at, row.failures),
            (Some(ErrorCode::NetworkRateLimited), Some(limited), 0)
        );
    }
    let waiting = figures(&world, &later).await;
    assert_eq!((code(&waiting), waiting.due_at), (None, Some(limited)));
    world.clock.advance(TimeDelta::minutes(15));
    assert_eq!(read_due(&world).await, 3);
    let row = figures(&world, &one).await;
    assert_eq!((code(&row), row.metrics().views.is_some()), (None, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_permission_is_told_and_nobody_is_asked() {
    let scopes = ["pages_read_engagement"];
    let world = World::with_http(ScriptedHttp::new([views(8)])).await;
    let account = connect(&world, Network::Facebook, &scopes).await;
    let one = live(&world, account, "77_1").await;
    world.clock.advance(TimeDelta::minutes(15));
    assert_eq!(read_due(&world).await, 1);
    let row = figures(&world, &one).await;
    assert_eq!(code(&row), Some(ErrorCode::NetworkPermission));
    assert_eq!(
        row.error_message.as_deref(),
        Some(
            "Harbor Street did not allow Posthaste to read how posts do (read_insights). \
             Reconnect it and allow that."
        )
    );
    // Once it is allowed, the next planned reading brings figures.
    assert_eq!(row.due_at, Some(world.app.now() + TimeDelta::minutes(45)));
    connect(
        &world,
        Network::Facebook,
        &["pages_read_engagement", "read_insights"],
    )
    .await;
    world.clock.advance(TimeDelta::minutes(45));
    assert_eq!(read_due(&world).await, 1);
    let row = figures(&world, &one).await;
    assert_eq!((row.metrics().views, code(&row)), (Some(8), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_is_refreshed_once() {
    let fresh = json!({ "access_token": "new", "refresh_token": "r", "expires_in": 7200, "token_type": "bearer" });
    let answers = [
        ScriptedHttp::json(401, json!({ "title": "Unauthorized" })),
        ScriptedHttp::json(200, fresh),
        tweets(&[tweet("1", 3)]),
    ];
    let world = World::with_http(ScriptedHttp::new(answers)).await;
    let account = connect(&world, Network::X, &[]).await;
    let one = live(&world, account, "1").await;
    world.clock.advance(TimeDelta::hours(1));
    assert_eq!(read_due(&world).await, 1);
    assert_eq!(figures(&world, &one).await.metrics().views, Some(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_live_any_more_is_left_alone() {
    let answers = [ScriptedHttp::json(
        200,
        json!({ "data": { "deleted": true } }),
    )];
    let world = World::with_http(ScriptedHttp::new(answers)).await;
    let account = connect(&world, Network::X, &[]).await;
    let one = live(&world, account, "1").await;
    post::delete_remote(&world.app, &world.actor(Role::Editor), one.id)
        .await
        .unwrap();
    world.clock.advance(TimeDelta::hours(1));
    assert_eq!(read_due(&world).await, 1);
    let row = figures(&world, &one).await;
    assert_eq!(
        (row.due_at, row.error_code, row.read_at),
        (None, None, None)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_publishing_waits_for_is_not_asked() {
    let world = World::with_http(ScriptedHttp::new([tweets(&[tweet("1", 3)])])).await;
    let account = connect(&world, Network::X, &[]).await;
    live(&world, account, "1").await;
    world.clock.advance(TimeDelta::hours(1));
    let until = world.app.now() + TimeDelta::minutes(1);
    let mut conn = world.db().get().await.unwrap();
    lane::block(&mut conn, account, until, "rate limit")
        .await
        .unwrap();
    assert_eq!(read_due(&world).await, 0);
    world.clock.advance(TimeDelta::minutes(1));
    assert_eq!(read_due(&world).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_worker_has_is_nobody_elses_until_its_lease_ends() {
    let world = World::new().await;
    let account = connect(&world, Network::X, &[]).await;
    let one = live(&world, account, "1").await;
    world.clock.advance(TimeDelta::hours(1));
    let mut conn = world.db().get().await.unwrap();
    let (now, later) = (world.app.now(), world.app.now() + TimeDelta::minutes(5));
    let mut lost = rows::claim(&mut conn, 10, now, later).await.unwrap();
    assert_eq!(lost.len(), 1);
    assert_eq!(
        rows::claim(&mut conn, 10, now, later).await.unwrap().len(),
        0
    );
    // The first worker was thought dead; what it writes then is ignored.
    let mut taken = rows::claim(&mut conn, 10, later, later).await.unwrap();
    let said = |views| Metrics {
        views: Some(views),
        ..Metrics::default()
    };
    lost[0].set(said(1), later);
    assert_eq!(rows::save(&mut conn, &lost).await.unwrap(), 0);
    taken[0].set(said(2), later);
    assert_eq!(rows::save(&mut conn, &taken).await.unwrap(), 1);
    assert_eq!(figures(&world, &one).await.metrics(), said(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_told_nothing() {
    let world = World::new().await;
    let account = connect(&world, Network::X, &[]).await;
    let one = live(&world, account, "1").await;
    let stranger = world.stranger().await;
    let rows = metric::of_targets(&world.app, &stranger, &[one.id])
        .await
        .unwrap();
    assert!(rows.is_empty());
}
