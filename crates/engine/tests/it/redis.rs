//! What processes share through Redis, and that they do without.

use std::sync::Arc;

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
    session::{self, Guard},
};
use posthaste_testkit::{TestRedis, start};

use crate::world::World;

const RULE: BucketRule = BucketRule {
    size: 100,
    per_second: 10,
};

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
    let shared = history(&RedisBuckets::new(redis(&server))).await;
    assert_eq!(shared, history(&LocalBuckets::default()).await);
    assert_eq!(
        shared[6..10],
        [(true, 100), (true, -30), (true, 20), (true, 90)]
    );
}

#[tokio::test]
async fn processes_take_from_one_bucket_and_a_clock_that_is_behind_fills_nothing_twice() {
    let server = TestRedis::start();
    let [one, other] = [(); 2].map(|()| RedisBuckets::new(redis(&server)));
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
async fn while_redis_is_away_each_process_goes_on_by_itself() {
    let mut server = TestRedis::start();
    let buckets = RedisBuckets::new(redis(&server));
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
    // It is asked again after a second; what it knew is lost, so the bucket is full.
    let full = async {
        while buckets.take("a", RULE, 0, at(0)).await.unwrap() != (true, 100) {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let patience = std::time::Duration::from_secs(20);
    tokio::time::timeout(patience, full).await.unwrap();
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
        let guess = session::sign_in(app, "ada@bakery.example", Secret::new("wrong"), None);
        guess.await.err().unwrap().code
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
    let mut first = Box::pin(one.listen("hints").await.unwrap());
    let mut second = Box::pin(other.listen("hints").await.unwrap());
    one.publish("hints", "news").await;
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
    assert_eq!(
        nobody.ping().await.unwrap_err().code,
        ErrorCode::Unavailable
    );
}
