//! What processes share through Redis, and that they do without.

use std::{path::PathBuf, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt;
use posthaste_core::{
    ErrorCode,
    ports::{BucketRule, Buckets, Count, Tally},
    secret::Secret,
};
use posthaste_engine::{
    App,
    adapters::{LocalBuckets, Redis, RedisBuckets, RedisTally},
    limit::{Limits, Payer},
    session::{self, Client, Guard, SignIn},
};
use posthaste_testkit::{TestRedis, start};
use tempfile::TempDir;
use tokio::{
    net::{UnixListener, UnixStream},
    sync::watch,
};

use crate::world::World;

const RULE: BucketRule = BucketRule {
    size: 100,
    per_second: 10,
};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

fn at(millis: i64) -> DateTime<Utc> {
    start() + TimeDelta::milliseconds(millis)
}

fn redis(server: &TestRedis) -> Redis {
    Redis::new(&server.url(), "test").unwrap()
}

/// The same steps on any buckets, with what they answered.
async fn history(buckets: &dyn Buckets) -> Vec<(bool, i64)> {
    let mut answers = Vec::new();
    for (points, millis) in [
        (60, 0),
        (41, 0),
        (41, 99),
        (41, 100),
        (0, 60_000),
        (100, 60_000),
    ] {
        answers.push(buckets.take("a", RULE, points, at(millis)).await.unwrap());
    }
    for (points, millis) in [(5, 120_000), (-130, 120_000), (20, 123_000), (0, 130_000)] {
        let held = buckets.adjust("a", RULE, points, at(millis)).await.unwrap();
        answers.push((true, held));
    }
    // A large bucket needs all its digits.
    let large = BucketRule {
        size: u32::MAX,
        per_second: 7,
    };
    answers.push(buckets.take("b", large, 1, at(0)).await.unwrap());
    answers.push(buckets.take("b", large, 0, at(142)).await.unwrap());
    answers.push(buckets.take("b", large, 0, at(143)).await.unwrap());
    answers
}

#[tokio::test]
async fn shared_buckets_answer_as_those_of_one_process() {
    let server = TestRedis::start();
    let shared = history(&RedisBuckets::new(redis(&server)).by_callers_clock()).await;
    assert_eq!(shared, history(&LocalBuckets::default()).await);
    assert_eq!(
        shared[6..10],
        [(true, 100), (true, -30), (true, 20), (true, 90)]
    );
}

#[tokio::test]
async fn processes_take_from_one_bucket_and_a_clock_that_is_behind_fills_nothing_twice() {
    let server = TestRedis::start();
    let [one, other] = [(); 2].map(|()| RedisBuckets::new(redis(&server)).by_callers_clock());
    assert_eq!(
        one.take("a", RULE, 100, at(2_000)).await.unwrap(),
        (true, 0)
    );
    assert_eq!(other.take("a", RULE, 1, at(0)).await.unwrap(), (false, 0));
    assert_eq!(one.take("a", RULE, 10, at(3_000)).await.unwrap(), (true, 0));
    assert_eq!(
        other.take("a", RULE, 1, at(1_000)).await.unwrap(),
        (false, 0)
    );
    assert_eq!(one.take("a", RULE, 1, at(3_000)).await.unwrap(), (false, 0));
    // A clock that was set back by a day is believed.
    let back = at(-86_400_000);
    assert_eq!(one.take("a", RULE, 1, back).await.unwrap(), (false, 0));
    let later = back + TimeDelta::seconds(1);
    assert_eq!(one.take("a", RULE, 10, later).await.unwrap(), (true, 0));
}

#[tokio::test]
async fn an_address_has_one_bucket_at_every_process() {
    let server = TestRedis::start();
    let [one, other] = [(); 2].map(|()| {
        let buckets = RedisBuckets::new(redis(&server)).by_callers_clock();
        Limits::new(Some(RULE), Arc::new(buckets))
    });
    let from = |address: &str| Payer::new(None, Some(address.parse().unwrap()));
    let ask = async |limits: &Limits, address: &str| {
        let reserved = limits.reserve(&from(address), 60, at(0)).await;
        let refusal = reserved.unwrap().unwrap().refusal;
        refusal.map(|error| (error.code, error.retry_after))
    };
    assert_eq!(ask(&one, "192.0.2.1").await, None);
    assert_eq!(
        ask(&other, "192.0.2.1").await,
        Some((ErrorCode::RateLimited, Some(2)))
    );
    assert_eq!(ask(&other, "192.0.2.2").await, None);
}

#[tokio::test]
async fn while_redis_is_away_each_process_goes_on_by_itself() {
    let mut server = TestRedis::start();
    let buckets = RedisBuckets::new(redis(&server)).by_callers_clock();
    assert_eq!(
        buckets.take("a", RULE, 90, at(0)).await.unwrap(),
        (true, 10)
    );
    server.kill();
    assert_eq!(
        buckets.take("a", RULE, 80, at(0)).await.unwrap(),
        (true, 20)
    );
    assert_eq!(buckets.adjust("a", RULE, 5, at(0)).await.unwrap(), 25);
    server.start_again();
    // It is tried each second; what it knew is lost, so the bucket is full.
    until(&buckets, (true, 100)).await;
}

/// Waits until the bucket "a" holds so much: those of one process and those of all differ.
async fn until(buckets: &RedisBuckets, held: (bool, i64)) {
    let waiting = async {
        while buckets.take("a", RULE, 0, at(0)).await.unwrap() != held {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap();
}

#[tokio::test]
async fn a_clock_that_is_ahead_fills_nothing() {
    let server = TestRedis::start();
    let buckets = RedisBuckets::new(redis(&server));
    let slow = BucketRule {
        size: 1_000_000,
        per_second: 1,
    };
    let take = async |points, millis| buckets.take("a", slow, points, at(millis)).await.unwrap();
    assert_eq!(take(900_000, 0).await, (true, 100_000));
    let (enough, held) = take(900_000, 1_000_000_000).await;
    assert!(!enough && held < 200_000, "{held}");
}

/// Stands before a server. What goes through it can fall silent without an end, as when a host vanishes.
struct Gate {
    folder: TempDir,
    silence: watch::Sender<()>,
}

impl Gate {
    fn before(server: &TestRedis) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (silence, silenced) = watch::channel(());
        let listener = UnixListener::bind(folder.path().join("gate.sock")).unwrap();
        let url = server.url();
        let target = PathBuf::from(url.strip_prefix("redis+unix://").unwrap());
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let mut server = UnixStream::connect(&target).await.unwrap();
                let mut silenced = silenced.clone();
                silenced.mark_unchanged();
                tokio::spawn(async move {
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
                        _ = silenced.changed() => std::future::pending().await,
                    }
                });
            }
        });
        Self { folder, silence }
    }

    fn redis(&self) -> Redis {
        let path = self.folder.path().join("gate.sock");
        Redis::new(&format!("redis+unix://{}", path.display()), "test").unwrap()
    }
}

#[tokio::test]
async fn a_connection_that_fell_silent_is_made_anew() {
    let server = TestRedis::start();
    let gate = Gate::before(&server);
    let buckets = RedisBuckets::new(gate.redis()).by_callers_clock();
    let take = async |points| buckets.take("a", RULE, points, at(0)).await.unwrap();
    assert_eq!(take(90).await, (true, 10));
    gate.silence.send(()).unwrap();
    assert_eq!(take(80).await, (true, 20));
    until(&buckets, (true, 10)).await;
}

#[tokio::test]
async fn a_server_that_takes_no_changes_is_away_although_it_answers() {
    let server = TestRedis::start();
    let redis = redis(&server);
    let buckets = RedisBuckets::new(redis.clone()).by_callers_clock();
    let take = async |points| buckets.take("a", RULE, points, at(0)).await.unwrap();
    assert_eq!(take(90).await, (true, 10));
    assert!(redis.publish("hints", "news").await);
    replicate(&server, ["127.0.0.1", "1"]).await;
    assert_eq!(take(80).await, (true, 20));
    // Were it asked, a replica would tell.
    assert!(!redis.publish("hints", "news").await);
    replicate(&server, ["NO", "ONE"]).await;
    until(&buckets, (true, 10)).await;
    assert!(redis.publish("hints", "news").await);
}

async fn replicate(server: &TestRedis, of: [&str; 2]) {
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut command = redis::cmd("REPLICAOF");
    let asked = command.arg(&of).query_async::<()>(&mut connection);
    asked.await.unwrap();
}

#[tokio::test]
async fn counts_are_shared_and_forgotten() {
    let server = TestRedis::start();
    let [one, other] = [(); 2].map(|()| RedisTally::new(redis(&server)));
    let hour = TimeDelta::hours(1);
    one.add("a", hour, at(0)).await.unwrap();
    other.add("a", hour, at(1)).await.unwrap();
    let count = Count {
        times: 2,
        last: at(1),
    };
    assert_eq!(one.read("a", at(1)).await.unwrap(), Some(count));
    assert_eq!(one.read("b", at(1)).await.unwrap(), None);
    other.clear("a").await.unwrap();
    assert_eq!(one.read("a", at(1)).await.unwrap(), None);
    one.add("a", TimeDelta::zero(), at(0)).await.unwrap();
    assert_eq!(one.read("a", at(0)).await.unwrap(), None);
}

#[tokio::test]
async fn who_guesses_passwords_waits_at_every_process() {
    let server = TestRedis::start();
    let guards = [(); 2].map(|()| Guard::new(Arc::new(RedisTally::new(redis(&server)))));
    let mut apps: Vec<App> = Vec::new();
    for guard in guards {
        apps.push(World::guarded(guard).await.app);
    }
    let guess = async |app: &App| {
        let who = SignIn {
            email: "ada@bakery.example",
            proof: Secret::new("wrong").into(),
            workspace: None,
        };
        session::sign_in(app, who, &Client::default())
            .await
            .err()
            .unwrap()
            .code
    };
    for number in 0..5 {
        assert_eq!(guess(&apps[number % 2]).await, ErrorCode::WrongCredentials);
    }
    assert_eq!(guess(&apps[0]).await, ErrorCode::RateLimited);
    assert_eq!(guess(&apps[1]).await, ErrorCode::RateLimited);
}

#[tokio::test]
async fn a_message_reaches_everybody_who_listens() {
    let server = TestRedis::start();
    let (one, other) = (redis(&server), redis(&server));
    let mut first = Box::pin(one.listen(&["hints"]).await.unwrap());
    let mut second = Box::pin(other.listen(&["own", "hints"]).await.unwrap());
    assert!(one.publish("hints", "news").await);
    assert_eq!(
        (first.next().await, second.next().await),
        (Some("news".to_owned()), Some("news".to_owned()))
    );
    drop(server);
    assert_eq!(first.next().await, None);
}

#[tokio::test]
async fn an_address_that_is_none_is_refused() {
    for url in [
        "",
        "localhost:6379",
        "http://localhost",
        "redis://host:port",
    ] {
        assert!(!Redis::understands(url), "{url}");
        let error = Redis::new(url, "test").err().unwrap();
        assert_eq!(error.code, ErrorCode::InvalidInput);
    }
    let nobody = Redis::new("redis+unix:///nowhere/redis.sock", "test").unwrap();
    assert!(nobody.is_there(), "nobody has asked yet");
    nobody.greet().await;
    assert!(!nobody.is_there());
    assert_eq!(
        nobody.ping().await.unwrap_err().code,
        ErrorCode::Unavailable
    );
}
