//! The audit log: as owners read it, and as operators export and verify it.

use std::{
    fs,
    process::{Command, Output},
};

use posthaste_core::access::Role;
use posthaste_store::audit::{self as rows, NewEntry};
use serde_json::{Value, json};

use crate::{
    setup::{FILE, Operator},
    world::{World, person},
};

const LOG: &str = "query($filter: AuditLogFilter, $first: Int, $after: String, $last: Int) {
    auditLog(filter: $filter, first: $first, after: $after, last: $last) { totalCount pageInfo { hasNextPage endCursor }
        nodes { seq at act subject detail hash provenance { kind } apiKey { name } } } }";

async fn log(world: &World, variables: Value) -> Value {
    let answer = world.graphql(&world.home.owner, LOG, variables).await;
    assert_eq!(answer["errors"], Value::Null, "{answer}");
    answer["data"]["auditLog"].clone()
}

fn each(list: &Value, field: &str) -> Vec<Value> {
    let nodes = list["nodes"].as_array().unwrap();
    nodes.iter().map(|node| node[field].clone()).collect()
}

/// Makes a key and takes it back; its id.
async fn come_and_go(world: &World, name: &str) -> String {
    let create = "mutation($name: String!) { apiKeyCreate(input: { name: $name, role: VIEWER }) { apiKey { id } } }";
    let revoke = "mutation($id: ID!) { apiKeyRevoke(input: { id: $id }) { errors { code } } }";
    let owner = &world.home.owner;
    let made = world.graphql(owner, create, json!({ "name": name })).await;
    let id = made["data"]["apiKeyCreate"]["apiKey"]["id"].as_str();
    let id = id.unwrap().to_owned();
    world.graphql(owner, revoke, json!({ "id": id })).await;
    id
}

#[tokio::test]
async fn owners_read_what_was_done_newest_first_by_what_they_ask_for() {
    let world = World::new().await;
    let before = log(&world, json!({})).await["totalCount"].as_i64().unwrap();
    let first = come_and_go(&world, "Robot").await;
    let start = world.app.now();
    world.clock.advance(chrono::TimeDelta::hours(1));
    let second = come_and_go(&world, "Droid").await;
    // Writing a post concerns nobody's security.
    let post = "mutation { postCreate(input: { text: \"Bread.\" }) { errors { code } } }";
    world.graphql(&world.home.owner, post, json!({})).await;

    let four = log(&world, json!({ "first": 4 })).await;
    assert_eq!(four["totalCount"], before + 4);
    assert_eq!(
        each(&four, "act"),
        [
            "api_key.revoked",
            "api_key.created",
            "api_key.revoked",
            "api_key.created"
        ]
    );
    let seqs: Vec<_> = (1..=4).rev().map(|n| json!(before + n)).collect();
    assert_eq!(each(&four, "seq"), seqs);
    assert_eq!(each(&four, "subject")[1..3], [json!(second), json!(first)]);
    let newest = &four["nodes"][0];
    assert_eq!(newest["provenance"]["kind"], "KEY");
    assert!(newest["apiKey"]["name"].is_string(), "{newest}");
    assert_eq!(newest["detail"]["name"], "Droid");
    assert_eq!(newest["hash"].as_str().unwrap().len(), 64);

    let count =
        async |filter: Value| log(&world, json!({ "filter": filter })).await["totalCount"].clone();
    assert_eq!(count(json!({ "acts": ["api_key.revoked"] })).await, 2);
    assert_eq!(count(json!({ "subject": first })).await, 2);
    let later = start + chrono::TimeDelta::minutes(1);
    assert_eq!(count(json!({ "since": later })).await, 2);
    assert_eq!(count(json!({ "until": later })).await, before + 2);
    assert_eq!(count(json!({ "credential": second })).await, 0);

    let after = json!({ "first": 2, "after": four["pageInfo"]["endCursor"] });
    let rest = each(&log(&world, after).await, "seq");
    assert!(rest.len() as i64 == before.min(2) && !rest.contains(&seqs[3]));
    let oldest = log(&world, json!({ "last": 1 })).await;
    assert_eq!(each(&oldest, "seq"), [json!(1)]);
}

#[tokio::test]
async fn who_belongs_here_and_as_what_stands_in_the_log() {
    let world = World::new().await;
    let change = async |name: &str, fields: &str, input: Value| {
        let owner = &world.home.owner;
        world.change_by(owner, name, fields, input).await
    };
    let ben = person(&world, &world.home, "ben@example.org", Role::Viewer).await;
    let role = json!({ "name": "Own", "permissions": ["READ"] });
    let made = change("customRoleCreate", "customRole { id }", role).await;
    let role = &made["customRole"]["id"];
    let update = json!({ "id": ben, "customRoleId": role });
    change("memberUpdate", "member { role }", update).await;
    let team = json!({ "name": "A", "customRoleId": role, "memberIds": [ben] });
    let team = change("teamCreate", "team { id }", team).await["team"]["id"].clone();
    let asked = json!({ "email": "new@example.org", "customRoleId": role });
    let asked = change("invitationCreate", "invitation { id }", asked).await;
    change("memberRemove", "removedId", json!({ "id": ben })).await;

    let six = log(&world, json!({ "first": 6 })).await;
    let told: Vec<_> = each(&six, "act")
        .into_iter()
        .zip(each(&six, "subject"))
        .collect();
    assert_eq!(
        told,
        [
            (json!("member.removed"), json!(ben)),
            (json!("team.updated"), team.clone()),
            (
                json!("invitation.created"),
                asked["invitation"]["id"].clone()
            ),
            (json!("team.created"), team),
            (json!("member.updated"), json!(ben)),
            (json!("role.created"), role.clone()),
        ]
    );
}

fn audit(operator: &Operator, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_posthaste"))
        .arg("audit")
        .args(arguments)
        .current_dir(operator.dir.path())
        .env("DATABASE_URL", &operator.test.url)
        .env("POSTHASTE_SECRET_FILE", "secret")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn told(operator: &Operator, arguments: &[&str]) -> String {
    let output = audit(operator, arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_exported_and_verified_and_a_change_is_named() {
    let operator = Operator::new().await;
    operator.run("Europe/Paris", "ada@bakery.example", &FILE);
    let mut conn = operator.test.db.begin().await.unwrap();
    let rotated = NewEntry {
        at: posthaste_testkit::start(),
        act: "master_key.rotated",
        actor: "system".into(),
        subject: None,
        detail: json!({}),
    };
    rows::append(&mut conn, None, &[rotated]).await.unwrap();
    conn.commit().await.unwrap();

    let export = told(&operator, &["export"]);
    let lines: Vec<Value> = export
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let acts: Vec<_> = lines.iter().map(|line| line["act"].clone()).collect();
    assert_eq!(acts, ["master_key.rotated", "workspace.founded"]);
    assert_eq!(lines[0]["chain"], "server");
    let workspace = lines[1]["chain"].as_str().unwrap();
    assert_eq!(
        told(&operator, &["export", "--chain", "server", "--after", "1"]),
        ""
    );
    let one = told(&operator, &["export", "--chain", workspace]);
    assert_eq!(one, format!("{}\n", export.lines().nth(1).unwrap()));

    let path = |name: &str| operator.dir.path().join(name);
    fs::write(path("ends"), told(&operator, &["verify", "--json"])).unwrap();
    fs::write(path("export"), &export).unwrap();
    assert_eq!(told(&operator, &["verify"]).lines().count(), 2);
    assert_eq!(
        told(&operator, &["verify", "--against", "ends"])
            .lines()
            .count(),
        2
    );
    let of_file = told(&operator, &["verify", "--json", "--file", "export"]);
    assert_eq!(of_file, text(&fs::read(path("ends")).unwrap()));
    fs::write(path("export"), export.lines().next().unwrap()).unwrap();
    let cut = ["verify", "--file", "export", "--against", "ends"];
    assert!(!audit(&operator, &cut).status.success());
    fs::write(path("nothing"), "").unwrap();
    let nothing = audit(&operator, &["verify", "--against", "nothing"]);
    assert!(text(&nothing.stderr).contains("nothing is empty: there is nothing to compare with"));

    fs::write(path("export"), export.replace("ada@bakery", "bob@bakery")).unwrap();
    let file = audit(&operator, &["verify", "--file", "export"]);
    assert!(!file.status.success());
    let named = format!("{workspace:<36} broken: entry 1 has another detail than was written");
    assert!(
        text(&file.stderr).contains(&named),
        "{}",
        text(&file.stderr)
    );

    let (client, connection) = operator.test.db.address().wire().await.unwrap();
    tokio::spawn(connection);
    let tamper = "SET session_replication_role = replica; DELETE FROM audit_entries WHERE chain <> '00000000-0000-0000-0000-000000000000';
        DELETE FROM audit_heads WHERE chain <> '00000000-0000-0000-0000-000000000000'";
    client.batch_execute(tamper).await.unwrap();
    assert!(
        audit(&operator, &["verify"]).status.success(),
        "nothing is left to compare"
    );
    let gone = audit(&operator, &["verify", "--against", "ends"]);
    assert!(!gone.status.success());
    let named = format!(
        "{workspace:<36} broken: entry 1 is missing, and was there when the chain was looked at before"
    );
    assert!(
        text(&gone.stderr).contains(&named),
        "{}",
        text(&gone.stderr)
    );
}
