//! From the first byte to the sweep.

use std::time::Duration;

use chrono::TimeDelta;
use futures::StreamExt;
use posthaste_core::{
    ErrorCode,
    access::Role,
    bulk::{Format, MAX_BYTES, State},
    ids::JobId,
};
use posthaste_engine::{
    Actor, bulk,
    publish::{self, Settings},
};
use posthaste_store::workspace;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{Desk, bytes, drafts, new, over};

#[tokio::test]
async fn a_file_arrives_in_parts_and_its_job_waits_for_the_last_byte() {
    let desk = Desk::new().await;
    let (app, editor) = (&desk.world.app, &desk.editor);
    let file = drafts(3).into_bytes();
    let (first, rest) = file.split_at(20);
    let id = bulk::begin(app, editor, new(file.len())).await.unwrap().id;
    assert_eq!(
        bulk::append(app, editor, id, 0, bytes(first))
            .await
            .unwrap(),
        20
    );
    assert_eq!(bulk::offset(app, editor, id).await.unwrap().0, 20);
    let code = |outcome: posthaste_core::Result<u64>| outcome.unwrap_err().code;
    assert_eq!(
        code(bulk::append(app, editor, id, 5, bytes(rest)).await),
        ErrorCode::UploadOffsetMismatch
    );
    let more = [rest, b"more"].concat();
    assert_eq!(
        code(bulk::append(app, editor, id, 20, bytes(&more)).await),
        ErrorCode::MediaTooLarge
    );
    assert_eq!(desk.get(id).await.state, State::Uploading);
    desk.work().await;
    assert_eq!(desk.posts().await, 0);
    bulk::append(app, editor, id, 20, bytes(rest))
        .await
        .unwrap();
    assert_eq!(desk.get(id).await.state, State::Queued);
    assert_eq!(
        bulk::append(app, editor, id, file.len() as u64, bytes(b""))
            .await
            .unwrap(),
        file.len() as u64
    );
    desk.work().await;
    assert_eq!(over(&desk.get(id).await), (State::Finished, 3, 0, 0));
}

#[tokio::test]
async fn a_job_rests_while_its_workspace_is_to_be_erased() {
    let desk = Desk::new().await;
    let app = &desk.world.app;
    let delete = async |is_deleted: bool| {
        let times = is_deleted.then_some((app.now(), app.now()));
        let mut conn = desk.world.db().get().await.unwrap();
        workspace::set_deleted(&mut conn, desk.world.workspace, times)
            .await
            .unwrap();
    };
    let waiting = desk.job(Format::Jsonl, false, drafts(2).as_bytes()).await;
    delete(true).await;
    desk.work().await;
    assert_eq!(desk.get(waiting).await.state, State::Queued);
    delete(false).await;
    desk.work().await;
    assert_eq!(over(&desk.get(waiting).await), (State::Finished, 2, 0, 0));

    // Other words, so that none of them is there already.
    let line = |n| format!("{{\"text\":\"Line {n}\"}}\n");
    let lines = (0..500).map(line).collect::<Vec<_>>().concat();
    let running = desk.job(Format::Jsonl, false, lines.as_bytes()).await;
    let worker = app.clone();
    let working = tokio::spawn(async move { bulk::work(&worker, &CancellationToken::new()).await });
    desk.until_done(running, 1).await;
    delete(true).await;
    working.await.unwrap().unwrap();
    desk.work().await;
    delete(false).await;
    desk.work().await;
    assert_eq!(over(&desk.get(running).await), (State::Finished, 500, 0, 0));
}

#[tokio::test]
async fn all_that_is_wrong_with_a_new_job_is_told_at_once() {
    let desk = Desk::new().await;
    let wrong = bulk::NewJob {
        file_name: " ".into(),
        bytes: MAX_BYTES + 1,
        time_zone: Some("Mars/Base".into()),
        ..new(1)
    };
    let told: Vec<_> = bulk::begin(&desk.world.app, &desk.editor, wrong)
        .await
        .unwrap_err()
        .into_iter()
        .map(|error| (error.code, error.path_text()))
        .collect();
    let expected = [
        (ErrorCode::InvalidInput, "fileName"),
        (ErrorCode::PayloadTooLarge, "bytes"),
        (ErrorCode::InvalidTimeZone, "timeZone"),
    ];
    assert_eq!(told, expected.map(|(code, path)| (code, path.to_owned())));
}

#[tokio::test]
async fn files_that_cannot_be_meant_write_nothing_and_say_why() {
    let desk = Desk::new().await;
    let too_many = "{}\n".repeat(100_001);
    let wide = format!("text\n{}", "\n".repeat(10));
    let files = [
        (Format::Jsonl, too_many.as_str(), "PAYLOAD_TOO_LARGE"),
        (Format::Jsonl, "\n \n", "INVALID_INPUT"),
        (Format::Csv, "text;key\na;b\n", "INVALID_INPUT"),
        (Format::Csv, "text,text\na,b\n", "INVALID_INPUT"),
        (Format::Csv, wide.as_str(), "INVALID_INPUT"),
        (Format::Csv, "\n", "INVALID_INPUT"),
    ];
    for (format, file, code) in files {
        let job = desk.run(format, false, file.as_bytes()).await;
        assert_eq!(over(&job), (State::Failed, 0, 0, 0));
        assert_eq!(job.error_code.as_deref(), Some(code));
        assert!(!job.error_message.unwrap().is_empty());
        assert_eq!(desk.results(job.id).await.len(), 0);
    }
    assert_eq!(desk.posts().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_lines_are_taken_and_can_be_cancelled() {
    let desk = Desk::new().await;
    let (app, editor) = (&desk.world.app, &desk.editor);
    let id = desk
        .job(Format::Jsonl, true, "{}\n".repeat(100_000).as_bytes())
        .await;
    let worker = {
        let (app, stop) = (app.clone(), CancellationToken::new());
        tokio::spawn(async move { bulk::work(&app, &stop).await.unwrap() })
    };
    desk.until_done(id, 20).await;
    let cancelled = bulk::cancel(app, editor, id).await.unwrap();
    assert!(worker.await.unwrap());
    let job = desk.get(id).await;
    assert_eq!((job.state, job.lines), (State::Cancelled, Some(100_000)));
    assert_eq!(
        job.done(),
        cancelled.done(),
        "nothing is done after the end"
    );
    assert_eq!(desk.results(id).await.len() as i64, job.done());
    let again = bulk::cancel(app, editor, id).await.unwrap_err();
    assert_eq!(again.code, ErrorCode::InvalidState);
    assert_eq!(desk.job_events().await.len(), 2);
}

#[tokio::test]
async fn a_job_ends_when_its_author_may_no_longer_write() {
    let desk = Desk::new().await;
    // A person who is no member.
    let gone = desk.world.actor(Role::Editor);
    let id = desk
        .job_of(&gone, Format::Jsonl, false, drafts(3).as_bytes())
        .await;
    desk.work().await;
    let job = desk.get(id).await;
    assert_eq!(over(&job), (State::Failed, 0, 0, 0));
    assert_eq!(job.error_code.as_deref(), Some("FORBIDDEN"));
    assert_eq!(desk.posts().await, 0);
}

#[tokio::test]
async fn a_job_whose_file_is_gone_fails_after_some_tries() {
    let desk = Desk::new().await;
    let (app, workspace) = (&desk.world.app, desk.world.workspace);
    let id = desk.job(Format::Jsonl, false, drafts(3).as_bytes()).await;
    app.blobs
        .delete(&format!("{workspace}/{id}/file"))
        .await
        .unwrap();
    let stop = CancellationToken::new();
    for _ in 1..5 {
        assert!(bulk::work(app, &stop).await.is_err());
        assert!(!bulk::work(app, &stop).await.unwrap(), "it rests");
        desk.world.clock.advance(TimeDelta::seconds(10));
    }
    assert!(bulk::work(app, &stop).await.unwrap());
    let job = desk.get(id).await;
    assert_eq!(
        (job.state, job.error_code.as_deref()),
        (State::Failed, Some("INTERNAL"))
    );
}

/// The codes of everything that an actor may try with a job.
async fn refusals(desk: &Desk, actor: &Actor, id: JobId) -> Vec<Option<ErrorCode>> {
    let app = &desk.world.app;
    vec![
        bulk::get(app, actor, id)
            .await
            .err()
            .map(|error| error.code),
        bulk::all_results(app, actor, id)
            .await
            .err()
            .map(|error| error.code),
        bulk::progress(app, actor, id)
            .await
            .err()
            .map(|error| error.code),
        bulk::offset(app, actor, id)
            .await
            .err()
            .map(|error| error.code),
        bulk::append(app, actor, id, 0, bytes(b"x"))
            .await
            .err()
            .map(|error| error.code),
        bulk::cancel(app, actor, id)
            .await
            .err()
            .map(|error| error.code),
    ]
}

#[tokio::test]
async fn viewers_read_and_strangers_see_nothing() {
    let desk = Desk::new().await;
    let app = &desk.world.app;
    let id = bulk::begin(app, &desk.editor, new(10)).await.unwrap().id;
    let forbidden = Some(ErrorCode::Forbidden);
    let viewer = desk.world.actor(Role::Viewer);
    assert_eq!(
        refusals(&desk, &viewer, id).await,
        [None, None, None, forbidden, forbidden, forbidden]
    );
    assert_eq!(bulk::allowed_actions(&viewer, &desk.get(id).await), []);
    let begun = bulk::begin(app, &viewer, new(1)).await.unwrap_err();
    assert_eq!(begun[0].code, ErrorCode::Forbidden);
    let stranger = desk.world.stranger().await;
    assert_eq!(
        refusals(&desk, &stranger, id).await,
        [Some(ErrorCode::NotFound); 6]
    );
    assert_eq!(refusals(&desk, &desk.editor, id).await, [None; 6]);
}

#[tokio::test]
async fn progress_begins_with_the_present_and_ends_with_the_job() {
    let desk = Desk::new().await;
    let (app, editor) = (&desk.world.app, &desk.editor);
    let id = desk.job(Format::Jsonl, false, drafts(3).as_bytes()).await;
    let mut told = bulk::progress(app, editor, id).await.unwrap().boxed();
    let first = told.next().await.unwrap().unwrap();
    assert_eq!(
        (first.state, first.lines, first.done()),
        (State::Queued, None, 0)
    );
    desk.work().await;
    let last = told.next().await.unwrap().unwrap();
    assert_eq!(over(&last), (State::Finished, 3, 0, 0));
    assert!(told.next().await.is_none());
    let after: Vec<_> = bulk::progress(app, editor, id)
        .await
        .unwrap()
        .collect()
        .await;
    assert_eq!(after.len(), 1);
}

#[tokio::test]
async fn nothing_arrives_for_a_job_that_was_cancelled() {
    let desk = Desk::new().await;
    let (app, editor) = (&desk.world.app, &desk.editor);
    let id = bulk::begin(app, editor, new(10)).await.unwrap().id;
    bulk::cancel(app, editor, id).await.unwrap();
    let late = bulk::append(app, editor, id, 0, bytes(b"1234567890")).await;
    assert_eq!(late.unwrap_err().code, ErrorCode::InvalidState);
}

#[tokio::test]
async fn a_line_can_be_as_wrong_as_it_likes() {
    let desk = Desk::new().await;
    let many = format!("{{\"text\":\"a\",\"media\":[{}3]}}", "3,".repeat(30_000));
    let targets = format!("{{\"text\":\"a\",\"targets\":[{}{{}}]}}", "{},".repeat(90));
    let file = [
        many.as_str(),
        &targets,
        "{\"a\\u0000\":1}",
        "{\"text\":\"fine\"}",
    ]
    .join("\n");
    let job = desk.run(Format::Jsonl, false, file.as_bytes()).await;
    assert_eq!(over(&job), (State::Finished, 1, 0, 3));
    let told: Vec<_> = desk
        .told(job.id)
        .await
        .into_iter()
        .map(|(_, _, told)| told.len())
        .collect();
    assert_eq!(told, [1, 51, 1, 0]);
    let header = desk.run(Format::Csv, false, b"text,a\0b\nhello,x\n").await;
    assert_eq!(over(&header), (State::Finished, 0, 0, 1));
}

#[tokio::test]
async fn what_is_over_is_swept_away_in_time() {
    let desk = Desk::new().await;
    let (app, editor) = (&desk.world.app, &desk.editor);
    let unfinished = bulk::begin(app, editor, new(10)).await.unwrap().id;
    bulk::append(app, editor, unfinished, 0, bytes(b"123"))
        .await
        .unwrap();
    let done = desk.run(Format::Jsonl, false, drafts(2).as_bytes()).await;
    assert_eq!(bulk::sweep(app).await.unwrap(), 0);

    desk.world.clock.advance(TimeDelta::hours(24));
    let late = bulk::append(app, editor, unfinished, 3, bytes(b"4567890")).await;
    assert_eq!(late.unwrap_err().code, ErrorCode::UploadExpired);
    assert_eq!(bulk::sweep(app).await.unwrap(), 1);
    let job = desk.get(unfinished).await;
    assert_eq!(
        (job.state, job.error_code.as_deref()),
        (State::Failed, Some("UPLOAD_EXPIRED"))
    );
    let late = bulk::offset(app, editor, unfinished).await;
    assert_eq!(late.unwrap_err().code, ErrorCode::UploadExpired);

    desk.world.clock.advance(TimeDelta::days(29));
    assert_eq!(bulk::sweep(app).await.unwrap(), 1);
    assert_eq!(
        bulk::get(app, editor, done.id).await.unwrap_err().code,
        ErrorCode::NotFound
    );
    assert_eq!(desk.posts().await, 2, "posts stay");
    desk.world.clock.advance(TimeDelta::days(1));
    assert_eq!(bulk::sweep(app).await.unwrap(), 1);
}

/// The clock of these tests is not the database's: by a wrong one, times that are still to come would be refused.
#[tokio::test(flavor = "multi_thread")]
async fn no_job_goes_on_by_a_clock_that_differs_from_the_databases() {
    let desk = Desk::new().await;
    let id = desk.job(Format::Jsonl, false, drafts(1).as_bytes()).await;
    let worker = |guarded, stop: &CancellationToken| {
        let settings = Settings {
            guarded,
            ..Settings::default()
        };
        tokio::spawn(publish::run(desk.world.app.clone(), settings, stop.clone()))
    };
    let stop = CancellationToken::new();
    let guarded = worker(true, &stop);
    sleep(Duration::from_millis(500)).await;
    stop.cancel();
    guarded.await.unwrap();
    assert_eq!(desk.get(id).await.state, State::Queued);

    // A worker that believes its clock works at once.
    let stop = CancellationToken::new();
    let believing = worker(false, &stop);
    while desk.get(id).await.state != State::Finished {
        sleep(Duration::from_millis(10)).await;
    }
    stop.cancel();
    believing.await.unwrap();
}
