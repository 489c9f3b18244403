//! Workers that die, hang or stop in the middle: no line twice, none lost.

use std::collections::HashSet;

use chrono::TimeDelta;
use posthaste_core::bulk::{Format, State};
use posthaste_engine::bulk;
use tokio_util::sync::CancellationToken;

use super::{Desk, drafts, over};

const LINES: usize = 300;

impl Desk {
    /// A worker of its own.
    fn worker(&self, stop: &CancellationToken) -> tokio::task::JoinHandle<bool> {
        let (app, stop) = (self.world.app.clone(), stop.clone());
        tokio::spawn(async move { bulk::work(&app, &stop).await.unwrap() })
    }

    fn after_the_lease(&self) {
        self.world.clock.advance(TimeDelta::seconds(91));
    }

    /// Asserts that each line became one post.
    async fn assert_each_once(&self, id: posthaste_core::ids::JobId) {
        let job = self.get(id).await;
        assert_eq!(over(&job), (State::Finished, LINES as i64, 0, 0));
        let results = self.results(id).await;
        let lines: Vec<i64> = results.iter().map(|row| row.line).collect();
        assert_eq!(lines, (1..=LINES as i64).collect::<Vec<_>>());
        let posts: HashSet<_> = results.iter().map(|row| row.post_id.unwrap()).collect();
        assert_eq!(posts.len(), LINES);
        assert_eq!(self.posts().await, LINES as i64);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_goes_on_exactly_where_a_killed_worker_left_it() {
    for format in [Format::Jsonl, Format::Csv] {
        let desk = Desk::new().await;
        let file = match format {
            Format::Jsonl => drafts(LINES),
            Format::Csv => (1..=LINES).fold("key,text\n".to_owned(), |file, n| {
                file + &format!("k{n},\"Post {n}\"\n")
            }),
        };
        let id = desk.job(format, false, file.as_bytes()).await;
        let stop = CancellationToken::new();
        for kill_at in [1, 90, 200] {
            let worker = desk.worker(&stop);
            desk.until_done(id, kill_at).await;
            // Dropped wherever it stands, also inside a transaction.
            worker.abort();
            let _ = worker.await;
            assert!(
                !bulk::work(&desk.world.app, &stop).await.unwrap(),
                "still leased"
            );
            desk.after_the_lease();
        }
        desk.work().await;
        if format == Format::Jsonl {
            desk.assert_each_once(id).await;
            assert_eq!(desk.job_events().await.len(), 2);
        } else {
            assert_eq!(
                over(&desk.get(id).await),
                (State::Finished, LINES as i64, 0, 0)
            );
            assert_eq!(desk.results(id).await.len(), LINES);
            assert_eq!(desk.posts().await, LINES as i64);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_was_taken_for_dead_writes_nothing_more() {
    let desk = Desk::new().await;
    let id = desk
        .job(Format::Jsonl, false, drafts(LINES).as_bytes())
        .await;
    let stop = CancellationToken::new();
    let slow = desk.worker(&stop);
    desk.until_done(id, 100).await;
    // It renews its claim with the next line, unless somebody is faster.
    let mut taken = false;
    while !taken {
        desk.after_the_lease();
        taken = bulk::work(&desk.world.app, &stop).await.unwrap();
    }
    slow.await.unwrap();
    desk.assert_each_once(id).await;
    assert_eq!(desk.job_events().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_share_the_jobs() {
    let desk = Desk::new().await;
    let mut ids = Vec::new();
    for n in 0..6 {
        let file = drafts(50).replace(":\"k", &format!(":\"job{n}-"));
        ids.push(desk.job(Format::Jsonl, false, file.as_bytes()).await);
    }
    let stop = CancellationToken::new();
    let worker = || async {
        let mut done = 0;
        while bulk::work(&desk.world.app, &stop).await.unwrap() {
            done += 1;
        }
        done
    };
    let (one, other) = tokio::join!(worker(), worker());
    assert_eq!(one + other, 6);
    for id in ids {
        assert_eq!(over(&desk.get(id).await), (State::Finished, 50, 0, 0));
    }
    assert_eq!(desk.posts().await, 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_jobs_with_the_same_keys_at_the_same_time_make_each_post_once() {
    let desk = Desk::new().await;
    let file = drafts(200);
    let one = desk.job(Format::Jsonl, false, file.as_bytes()).await;
    let other = desk.job(Format::Jsonl, false, file.as_bytes()).await;
    let stop = CancellationToken::new();
    let (first, second) = (desk.worker(&stop), desk.worker(&stop));
    assert!(first.await.unwrap() && second.await.unwrap());
    assert_eq!(desk.posts().await, 200);
    let (one, other) = (desk.results(one).await, desk.results(other).await);
    let posts = |rows: &[posthaste_store::job::JobResult]| -> Vec<_> {
        rows.iter().map(|row| row.post_id.unwrap()).collect()
    };
    assert_eq!(posts(&one), posts(&other));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_job_lets_others_have_their_turn() {
    let desk = Desk::new().await;
    let long = desk
        .job(Format::Jsonl, false, drafts(LINES).as_bytes())
        .await;
    let stop = CancellationToken::new();
    let worker = desk.worker(&stop);
    desk.until_done(long, 10).await;
    let short = desk.job(Format::Jsonl, false, drafts(1).as_bytes()).await;
    desk.world.clock.advance(TimeDelta::seconds(31));
    assert!(worker.await.unwrap());
    assert_eq!(desk.get(long).await.state, State::Running);
    assert!(bulk::work(&desk.world.app, &stop).await.unwrap());
    assert_eq!(over(&desk.get(short).await), (State::Finished, 0, 1, 0));
    desk.work().await;
    desk.assert_each_once(long).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_told_to_stop_leaves_its_job_at_once() {
    let desk = Desk::new().await;
    let id = desk
        .job(Format::Jsonl, false, drafts(LINES).as_bytes())
        .await;
    let stop = CancellationToken::new();
    let worker = desk.worker(&stop);
    desk.until_done(id, 10).await;
    stop.cancel();
    assert!(worker.await.unwrap());
    assert_eq!(desk.get(id).await.state, State::Running);
    // Without waiting for any lease.
    desk.work().await;
    desk.assert_each_once(id).await;
    assert_eq!(desk.job_events().await.len(), 2);
}
