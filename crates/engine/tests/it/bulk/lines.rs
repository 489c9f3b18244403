//! A thousand lines with every kind of mistake, each with its exact result.

use posthaste_core::{
    bulk::{Format, Outcome, State},
    schedule::parse_instant,
};
use serde_json::json;

use super::{Desk, Told, account, over};

/// A line of JSONL by its number, and what must be told.
fn line(n: usize, x: &str, foreign: &str) -> (Vec<u8>, Outcome, Vec<String>) {
    let target = json!([{ "connectionId": x }]);
    let text = format!("Post {n}");
    let at = json!({ "at": "2027-01-05T09:00:00Z" });
    let (line, told) = match n % 10 {
        0 => (json!({ "key": format!("k{n}"), "text": text }), ""),
        1 => (
            json!({ "text": text, "targets": target, "schedule": at, "id": null }),
            "",
        ),
        2 => {
            return (
                b"{\"text\":".to_vec(),
                Outcome::Invalid,
                vec!["BAD_REQUEST ".into()],
            );
        }
        3 => {
            return (
                b"{\"text\":\"\xff\"}".to_vec(),
                Outcome::Invalid,
                vec!["BAD_REQUEST ".into()],
            );
        }
        4 => (
            json!({ "text": 1, "colour": "red", "link": "ftp://a" }),
            "INVALID_INPUT text,INVALID_INPUT colour,LINK_INVALID link",
        ),
        5 => (
            json!({ "text": text, "targets": [{ "connectionId": "x:ada" }] }),
            "INVALID_ID targets.0.connectionId",
        ),
        6 => (
            json!({ "text": "a".repeat(300), "targets": target, "schedule": at }),
            "TEXT_TOO_LONG text",
        ),
        7 => (
            json!({ "text": text, "targets": [{ "connectionId": foreign }] }),
            "NOT_FOUND targets.0.connectionId",
        ),
        8 => (json!({ "key": format!("k{}", n - 8), "text": text }), ""),
        _ => (
            json!({ "text": text, "targets": target, "schedule": { "at": "2027-01-01T09:00:00Z" } }),
            "TIME_IN_PAST schedule.at",
        ),
    };
    let outcome = match n % 10 {
        0 | 1 => Outcome::Created,
        // The line before the first ten is not there.
        8 if n == 8 => Outcome::Created,
        8 => Outcome::Skipped,
        _ => Outcome::Invalid,
    };
    let told = told.split(',').filter(|told| !told.is_empty());
    (
        line.to_string().into_bytes(),
        outcome,
        told.map(str::to_owned).collect(),
    )
}

#[tokio::test]
async fn a_thousand_lines_of_jsonl_have_exactly_these_results() {
    let desk = Desk::new().await;
    let other = desk.world.stranger().await.workspace;
    let foreign = account(&desk.world, other, "Eve").await;
    let mut file = Vec::new();
    let mut expected: Vec<Told> = Vec::new();
    for n in 1..=1000 {
        let (line, outcome, told) = line(n, &desk.x, &foreign);
        file.extend(line);
        // Every second line is followed by an empty one.
        file.extend(if n % 2 == 0 { "\n  \r\n" } else { "\n" }.as_bytes());
        let number = n + (n - 1) / 2;
        expected.push((number as i64, outcome, told));
    }

    let rehearsal = desk.run(Format::Jsonl, true, &file).await;
    assert_eq!(over(&rehearsal), (State::Finished, 201, 99, 700));
    assert_eq!(desk.told(rehearsal.id).await, expected);
    assert!(
        desk.results(rehearsal.id)
            .await
            .iter()
            .all(|row| row.post_id.is_none())
    );
    assert_eq!((desk.posts().await, desk.targets().await), (0, 0));

    let job = desk.run(Format::Jsonl, false, &file).await;
    assert_eq!(over(&job), (State::Finished, 201, 99, 700));
    assert_eq!(job.lines, Some(1000));
    assert_eq!(desk.told(job.id).await, expected);
    assert_eq!((desk.posts().await, desk.targets().await), (201, 100));
    let results = desk.results(job.id).await;
    assert_eq!(results[17].key.as_deref(), Some("k10"));
    assert_eq!(results[17].post_id, results[9].post_id);
    assert!(results[9].post_id.is_some());
    assert_eq!(
        desk.job_events().await,
        [
            "bulk_job.started RUNNING 0/0/0 of 1000",
            "bulk_job.finished FINISHED 201/99/700 of 1000",
            "bulk_job.started RUNNING 0/0/0 of 1000",
            "bulk_job.finished FINISHED 201/99/700 of 1000",
        ]
    );
}

/// A row of CSV by its number, how many lines it takes, and what must be told.
fn row(n: usize, x: &str) -> (Vec<u8>, usize, Outcome, &'static str) {
    use Outcome::{Created, Invalid};
    // key,text,at,localTime,timeZone,connections,mediaIds,kind,campaign,colour
    let (row, lines, outcome, told) = match n % 10 {
        0 => (
            format!("k{n},\"Post {n},\nsecond line\",,,,,,,,"),
            2,
            Created,
            "",
        ),
        1 => (
            format!(",Post {n},,2027-01-05T09:00,,X:@ada,,feed,Spring,"),
            1,
            Created,
            "",
        ),
        2 => (
            format!(",Post {n},,,,,,,,red"),
            1,
            Invalid,
            "INVALID_INPUT colour",
        ),
        3 => {
            let mut bytes = format!(",Post {n} ").into_bytes();
            bytes.extend(b"\xff,,,,,,,,");
            return (bytes, 1, Invalid, "BAD_REQUEST ");
        }
        4 => (
            format!(",Post {n},,,,x:nobody,,,,"),
            1,
            Invalid,
            "NOT_FOUND connections.0",
        ),
        5 => (
            format!(",Post {n},,,,,nonsense,,,"),
            1,
            Invalid,
            "INVALID_ID mediaIds.0",
        ),
        6 => (
            format!(",Post {n},,,,{x},,poster,,"),
            1,
            Invalid,
            "INVALID_INPUT kind",
        ),
        7 => (
            format!(",Post {n},2027-01-05T09:00:00Z,2027-01-05T09:00,,{x},,,,"),
            1,
            Invalid,
            "INVALID_INPUT at",
        ),
        8 => (
            format!(",Post {n},,,,{x}; {x},,,,"),
            1,
            Invalid,
            "TARGET_DUPLICATE connections.1",
        ),
        _ => (
            format!(",Post {n},,2027-03-28T02:30,Europe/Paris,{x},,,,"),
            1,
            Created,
            "INVALID_INPUT? localTime",
        ),
    };
    (row.into_bytes(), lines, outcome, told)
}

#[tokio::test]
async fn a_thousand_rows_of_csv_have_exactly_these_results() {
    let desk = Desk::new().await;
    let mut file =
        b"\xef\xbb\xbfkey,text,at,localTime,timeZone,connections,mediaIds,kind,campaign,colour\r\n"
            .to_vec();
    let mut expected: Vec<Told> = Vec::new();
    let mut number = 2;
    for n in 1..=1000 {
        let (row, lines, outcome, told) = row(n, &desk.x);
        file.extend(row);
        file.extend(b"\r\n");
        let told = if told.is_empty() {
            Vec::new()
        } else {
            vec![told.to_owned()]
        };
        expected.push((number, outcome, told));
        number += lines as i64;
    }

    let rehearsal = desk.run(Format::Csv, true, &file).await;
    assert_eq!(desk.told(rehearsal.id).await, expected);
    assert_eq!((desk.posts().await, desk.targets().await), (0, 0));

    let job = desk.run(Format::Csv, false, &file).await;
    assert_eq!(over(&job), (State::Finished, 300, 0, 700));
    assert_eq!(desk.told(job.id).await, expected);
    assert_eq!((desk.posts().await, desk.targets().await), (300, 200));
    let results = desk.results(job.id).await;
    let post =
        posthaste_engine::post::get(&desk.world.app, &desk.editor, results[0].post_id.unwrap())
            .await
            .unwrap();
    // Nine in the workspace's zone, Europe/Berlin.
    assert_eq!(post.due_at, parse_instant("2027-01-05T08:00:00Z"));
    assert_eq!(
        post.body
            .link_tracking
            .as_ref()
            .unwrap()
            .campaign
            .as_deref(),
        Some("Spring")
    );
    assert_eq!(post.provenance.0, desk.editor.provenance);
}

#[tokio::test]
async fn a_line_says_all_that_a_post_can() {
    let desk = Desk::new().await;
    let line = json!({
        "key": "all",
        "id": "post_01h455vb4pex5vsknk084sn02q",
        "text": "Base",
        "title": "Title",
        "link": "https://example.com/",
        "kind": "FEED",
        "media": [],
        "variants": [
            { "network": "X", "text": "On X", "title": null, "link": "", "media": [], "kind": "FEED" },
            { "connectionId": desk.x, "text": "For Ada" },
        ],
        "linkTracking": { "campaign": "spring" },
        "targets": [{
            "id": "target_01h455vb4pex5vsknk084sn02q", "connectionId": desk.x, "boardId": "7",
            "misfirePolicy": "SKIP", "ifAbsent": "HOLD",
        }],
        "schedule": { "localTime": "2027-01-05T09:00:30", "timeZone": "Asia/Tokyo", "now": false },
    });
    let job = desk
        .run(Format::Jsonl, false, line.to_string().as_bytes())
        .await;
    assert_eq!(desk.told(job.id).await, [(1, Outcome::Created, Vec::new())]);
    let (app, editor) = (&desk.world.app, &desk.editor);
    let id = desk.results(job.id).await[0].post_id.unwrap();
    assert_eq!(id.to_string(), "post_01h455vb4pex5vsknk084sn02q");
    let post = posthaste_engine::post::get(app, editor, id).await.unwrap();
    assert_eq!(post.body.variants.len(), 2);
    assert_eq!(post.body.content.title.as_deref(), Some("Title"));
    let target = &posthaste_engine::post::targets_of_posts(app, editor, &[id])
        .await
        .unwrap()[0];
    assert_eq!(target.id.to_string(), "target_01h455vb4pex5vsknk084sn02q");
    assert_eq!(target.settings.board_id.as_deref(), Some("7"));
    assert_eq!(target.misfire.as_str(), "SKIP");
    assert_eq!(target.if_absent.as_str(), "HOLD");
    assert_eq!(target.due_at, parse_instant("2027-01-05T00:00:30Z"));
    assert_eq!(target.time_zone.as_deref(), Some("Asia/Tokyo"));
}
