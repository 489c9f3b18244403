//! Lines that come again.

use chrono::TimeDelta;
use posthaste_core::bulk::{Format, Outcome, State};

use super::{Desk, drafts, editor, over};

#[tokio::test]
async fn a_key_stands_for_its_post_for_72_hours() {
    let desk = Desk::new().await;
    let file = drafts(3);
    let first = desk.run(Format::Jsonl, false, file.as_bytes()).await;
    assert_eq!(over(&first), (State::Finished, 3, 0, 0));

    desk.world.clock.advance(TimeDelta::hours(71));
    for dry_run in [true, false] {
        let again = desk.run(Format::Jsonl, dry_run, file.as_bytes()).await;
        assert_eq!(over(&again), (State::Finished, 0, 3, 0));
        let (old, new) = (desk.results(first.id).await, desk.results(again.id).await);
        let posts = |rows: &[posthaste_store::job::JobResult]| -> Vec<_> {
            rows.iter().map(|row| row.post_id.unwrap()).collect()
        };
        assert_eq!(posts(&old), posts(&new));
    }

    desk.world.clock.advance(TimeDelta::hours(1));
    let late = desk.run(Format::Jsonl, false, file.as_bytes()).await;
    assert_eq!(over(&late), (State::Finished, 3, 0, 0));
    assert_eq!(desk.posts().await, 6);
}

#[tokio::test]
async fn a_wrong_line_does_not_use_up_its_key() {
    let desk = Desk::new().await;
    let wrong = desk
        .run(
            Format::Jsonl,
            false,
            br#"{"key":"a","text":"x","link":"no"}"#,
        )
        .await;
    assert_eq!(
        desk.told(wrong.id).await,
        [(1, Outcome::Invalid, vec!["LINK_INVALID link".to_owned()])]
    );
    let mended = desk
        .run(Format::Jsonl, false, br#"{"key":"a","text":"x"}"#)
        .await;
    assert_eq!(over(&mended), (State::Finished, 1, 0, 0));
}

#[tokio::test]
async fn keys_of_another_workspace_are_others() {
    let desk = Desk::new().await;
    desk.run(Format::Jsonl, false, drafts(2).as_bytes()).await;
    let other = desk.world.stranger().await.workspace;
    let stranger = editor(&desk.world, other).await;
    let id = desk
        .job_of(&stranger, Format::Jsonl, false, drafts(2).as_bytes())
        .await;
    desk.work().await;
    let job = posthaste_engine::bulk::get(&desk.world.app, &stranger, id)
        .await
        .unwrap();
    assert_eq!(over(&job), (State::Finished, 2, 0, 0));
}

#[tokio::test]
async fn a_post_s_id_is_a_key_as_long_as_the_post_is_there() {
    let desk = Desk::new().await;
    let line = br#"{"id":"post_01h455vb4pex5vsknk084sn02q","text":"x"}"#;
    for expected in [(1, 0), (0, 1)] {
        let job = desk.run(Format::Jsonl, false, line).await;
        assert_eq!((job.created, job.skipped), expected);
        let post = desk.results(job.id).await[0].post_id.unwrap();
        assert_eq!(post.to_string(), "post_01h455vb4pex5vsknk084sn02q");
    }
    // Of another workspace nothing is told but that the id is taken.
    let other = desk.world.stranger().await.workspace;
    let stranger = editor(&desk.world, other).await;
    let id = desk.job_of(&stranger, Format::Jsonl, false, line).await;
    desk.work().await;
    let job = posthaste_engine::bulk::get(&desk.world.app, &stranger, id)
        .await
        .unwrap();
    assert_eq!(over(&job), (State::Finished, 0, 0, 1));
}

#[tokio::test]
async fn keys_have_a_form() {
    let desk = Desk::new().await;
    let long = "k".repeat(201);
    let file = format!(
        "{{\"key\":\"\",\"text\":\"a\"}}\n{{\"key\":\"{long}\",\"text\":\"a\"}}\n{{\"key\":\"a\\u0000\",\"text\":\"a\"}}\n{{\"key\":7,\"text\":\"a\"}}\n{{\"key\":\"ü 1\",\"text\":\"a\"}}\n"
    );
    let job = desk.run(Format::Jsonl, false, file.as_bytes()).await;
    assert_eq!(over(&job), (State::Finished, 1, 0, 4));
    for (_, _, told) in &desk.told(job.id).await[..4] {
        assert_eq!(told, &["INVALID_INPUT key"]);
    }
}
