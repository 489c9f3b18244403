//! Many posts in one file: uploaded, followed, reported line by line.

use std::{fs, time::Duration};

use axum::{Router, http::StatusCode, routing::any};
use posthaste_engine::bulk;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
    time::sleep,
};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Desk, said, serve, text};

const FILE: &str = "key,text,at,connections
a,One,2027-01-05T09:00:00Z,x:home
b,Two,tomorrow,x:home
c,\"Over two
lines\",,
a,One again,,
";

/// Works on jobs as long as it is held.
fn worker(desk: &Desk) -> DropGuard {
    let stop = CancellationToken::new();
    let (app, stopped) = (desk.world.app.clone(), stop.clone());
    tokio::spawn(async move {
        while !stopped.is_cancelled() {
            if !bulk::work(&app, &stopped).await.unwrap() {
                sleep(Duration::from_millis(10)).await;
            }
        }
    });
    stop.drop_guard()
}

impl Desk {
    fn write(&self, name: &str, content: &str) {
        fs::write(self.home.path().join(name), content).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.home.path().join(name)).unwrap()
    }

    /// What the posts say, sorted: the clock stands still.
    async fn posts(&self) -> Vec<String> {
        let query = "{ posts { nodes { content { text } } } }";
        let data = self.world.ask(query, json!({})).await;
        let posts = data["posts"]["nodes"].as_array().unwrap().iter();
        let texts = posts.map(|post| post["content"]["text"].as_str().unwrap().to_owned());
        let mut texts: Vec<String> = texts.collect();
        texts.sort();
        texts
    }

    async fn job(&self, bytes: usize) -> String {
        let input =
            json!({ "kind": "POSTS_IMPORT", "format": "CSV", "fileName": "a.csv", "bytes": bytes });
        let payload = self
            .world
            .change("bulkJobCreate", "bulkJob { id }", input)
            .await;
        payload["bulkJob"]["id"].as_str().unwrap().to_owned()
    }
}

/// The last line of what was printed, and the lines before.
fn last(printed: &str) -> (Vec<&str>, &str) {
    let mut lines: Vec<&str> = printed.lines().collect();
    let last = lines.pop().unwrap();
    (lines, last)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_is_judged_by_itself_and_told_by_its_number() {
    let desk = Desk::ready().await;
    let _worker = worker(&desk);
    desk.write("a.csv", FILE);
    let output = desk
        .run(&["import", "a.csv", "--results", "out.jsonl"])
        .await;
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let printed = text(&output);
    let (table, summary) = last(&printed);
    assert_eq!(
        table,
        [
            "  LINE  FIELD             CODE                    WHAT TO KNOW",
            "     3  at                INVALID_INPUT           'tomorrow' is not an instant; one looks like \
             2027-03-28T07:00:00Z. Correct the field named by path.",
        ]
    );
    let (job, counts) = summary.split_once(' ').unwrap();
    assert_eq!(
        counts,
        "FINISHED: 2 posts written, 1 there already, 1 line wrong."
    );
    assert!(
        said(&output).ends_with(
            "posthaste: 1 line is wrong; mend it and send the file again: what has a key is not written twice\n"
        ),
        "{}",
        said(&output)
    );
    assert_eq!(desk.posts().await, ["One", "Over two\nlines"]);

    let results: Vec<Value> = desk
        .read("out.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let outcomes: Vec<_> = results
        .iter()
        .map(|result| {
            (
                result["line"].as_i64().unwrap(),
                result["outcome"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        outcomes,
        [
            (2, "CREATED"),
            (3, "INVALID"),
            (4, "CREATED"),
            (6, "SKIPPED")
        ]
    );
    assert_eq!(results[0]["postId"], results[3]["postId"]);

    // The same job once more, for a program.
    let output = desk.run(&["import", "--resume", job, "--json"]).await;
    let printed = text(&output);
    let rows: Vec<Value> = printed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rows.len(), 2);
    assert_eq!(
        (&rows[0]["line"], &rows[0]["errors"][0]["path"]),
        (&json!(3), &json!(["at"]))
    );
    assert_eq!(
        (&rows[1]["id"], &rows[1]["invalid"]),
        (&json!(job), &json!(1))
    );
    let quiet = desk.run(&["import", "--resume", job, "-q"]).await;
    assert_eq!(text(&quiet), format!("{job}\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_told_as_they_are_done() {
    let desk = Desk::ready().await;
    let _worker = worker(&desk);
    desk.write("a.csv", FILE);
    let output = desk.run(&["import", "a.csv", "--follow"]).await;
    let printed = text(&output);
    let (table, _) = last(&printed);
    let rows: Vec<Vec<&str>> = table[1..]
        .iter()
        .map(|row| row.split_whitespace().take(3).collect())
        .collect();
    assert_eq!(
        rows,
        [
            ["2", "a", "CREATED"],
            ["3", "at", "INVALID_INPUT"],
            ["4", "c", "CREATED"],
            ["6", "a", "SKIPPED"]
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_writes_nothing_and_all_right_is_zero() {
    let desk = Desk::ready().await;
    let _worker = worker(&desk);
    desk.write("a.txt", "{\"text\":\"One\"}\n{\"text\":\"Two\"}\n");
    let file = ["import", "a.txt", "--format", "jsonl"];
    let output = desk.run(&[&file[..], &["--dry-run"]].concat()).await;
    assert!(output.status.success(), "{}", said(&output));
    assert!(
        text(&output)
            .ends_with(" FINISHED: 2 posts would be written, 0 there already, 0 lines wrong.\n"),
        "{}",
        text(&output)
    );
    assert_eq!(desk.posts().await, [""; 0]);

    // A script that is run again goes on with the same job.
    let keyed = [&file[..], &["-q", "--idempotency-key", "monday"]].concat();
    let (first, again) = (desk.run(&keyed).await, desk.run(&keyed).await);
    assert!(first.status.success() && again.status.success());
    assert_eq!(text(&first), text(&again));
    assert_eq!(desk.posts().await, ["One", "Two"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_nothing_comes_of_it_the_code_is_two() {
    let desk = Desk::ready().await;
    let _worker = worker(&desk);
    desk.write("empty.csv", "");
    desk.write("head.csv", "text\n");
    desk.write("wrong.csv", &format!("txt,text\n{}", "a,b\n".repeat(60)));
    desk.write("a.txt", "text\na\n");
    for (arguments, expected) in [
        (
            &["import", "no.csv"][..],
            "posthaste: no.csv cannot be read: No such file or directory (os error 2)\n",
        ),
        (
            &["import", "a.txt"],
            "posthaste: say the format of a.txt, CSV or JSONL: its name does not tell\n",
        ),
        (
            &["import", "empty.csv"],
            "posthaste: INVALID_INPUT: bytes: The file is empty. Correct the field named by path.\n",
        ),
        (
            &["import", "a.csv", "--results", "no/out.jsonl"],
            "posthaste: no/out.jsonl cannot be written: No such file or directory (os error 2)\n",
        ),
    ] {
        assert_eq!(
            desk.fails(arguments).await,
            (2, expected.to_owned()),
            "{arguments:?}"
        );
    }
    let (code, said_then) = desk.fails(&["import", "head.csv"]).await;
    assert_eq!(code, 2);
    assert!(
        said_then.ends_with(
            "posthaste: INVALID_INPUT: The file has no lines. Correct the field named by path.\n"
        ),
        "{said_then}"
    );
    let unknown = ["import", "--resume", "job_01h455vb4pex5vsknk084sn02q"];
    let (code, said_then) = desk.fails(&unknown).await;
    assert_eq!(code, 2);
    assert!(
        said_then.starts_with("posthaste: NOT_FOUND: "),
        "{said_then}"
    );
    let viewer = desk.world.home.viewer.clone();
    let (code, _) = desk
        .fails(&["import", "head.csv", "--api-key", &viewer])
        .await;
    assert_eq!(code, 4);

    // Nobody reads a table of a thousand rows that all say the same.
    let output = desk.run(&["import", "wrong.csv"]).await;
    assert_eq!(output.status.code(), Some(2));
    let printed = text(&output);
    assert_eq!(last(&printed).0.len(), 51);
    assert!(
        said(&output).contains("… and 10 more lines; --results FILE writes all of them down\n"),
        "{}",
        said(&output)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stops_watching_is_told_how_to_go_on() {
    let desk = Desk::ready().await;
    desk.write("a.csv", FILE);
    let mut child = desk.command(&["import", "a.csv"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    // Nobody works: the file arrives, and that is all.
    while lines.next_line().await.unwrap().unwrap() != "lines: waiting to be counted" {}
    let interrupted = Command::new("kill")
        .args(["-INT", &child.id().unwrap().to_string()])
        .status();
    assert!(interrupted.await.unwrap().success());
    assert_eq!(child.wait().await.unwrap().code(), Some(130));
    let mut said_then = Vec::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        said_then.push(line);
    }
    assert_eq!(said_then[0], "posthaste: interrupted");
    let (job, words) = said_then[1].split_once(' ').unwrap();
    assert_eq!(
        words,
        "has its whole file and goes on by itself. To see what comes of it:"
    );
    assert_eq!(said_then[2], format!("  posthaste import --resume {job}"));

    let _worker = worker(&desk);
    let output = desk.run(&["import", "--resume", job]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output).contains("2 posts written"),
        "{}",
        text(&output)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_goes_on_with_the_same_file() {
    let desk = Desk::ready().await;
    let _worker = worker(&desk);
    desk.write("my posts.csv", FILE);
    let job = desk.job(FILE.len()).await;
    let (code, said_then) = desk.fails(&["import", "--resume", &job]).await;
    assert_eq!(
        (code, said_then),
        (
            2,
            format!(
                "posthaste: the file of {job} has not arrived yet; give it, too: posthaste import FILE --resume {job}\n"
            )
        )
    );
    desk.write("other.csv", "text\n");
    let (code, said_then) = desk.fails(&["import", "other.csv", "--resume", &job]).await;
    assert_eq!(code, 2);
    assert!(
        said_then.starts_with("posthaste: other.csv has 5 bytes, but the file of "),
        "{said_then}"
    );
    let output = desk
        .run(&["import", "my posts.csv", "--resume", &job])
        .await;
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(desk.posts().await, ["One", "Over two\nlines"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_goes_away_is_no_reason_to_begin_anew() {
    let desk = Desk::ready().await;
    let _worker = worker(&desk);
    desk.write("a.csv", FILE);
    let away = || async { StatusCode::SERVICE_UNAVAILABLE };
    let half = Router::new()
        .route("/bulk/{id}", any(away))
        .fallback_service(desk.world.router.clone());
    let half = serve(half).await;
    let key = desk.world.home.editor.clone();
    let through = ["import", "a.csv", "--url", &half, "--api-key", &key];
    let (code, said_then) = desk.fails(&through).await;
    assert_eq!(code, 3, "{said_then}");
    let lines: Vec<&str> = said_then.lines().collect();
    assert!(
        lines[0].starts_with("posthaste: UNAVAILABLE: "),
        "{said_then}"
    );
    let (job, words) = lines[1].split_once(' ').unwrap();
    assert_eq!(words, "keeps what has arrived for 24 hours. To go on:");
    assert_eq!(lines[2], format!("  posthaste import a.csv --resume {job}"));
    let output = desk.run(&["import", "a.csv", "--resume", job]).await;
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert_eq!(desk.posts().await, ["One", "Over two\nlines"]);
}
