//! What the publisher reads does not grow with what is scheduled: shown by the plan of the claim itself, and by the
//! database's counters for the others, with few targets and with many.

use diesel::sql_types::{Array, Integer, Json, Timestamptz, Uuid as SqlUuid};
use serde_json::Value;

use super::*;

const BACKLOG: &str = include_str!("../../../../../sandbox/src/bench/backlog.sql");

/// Lanes of which one target is due.
const DUE: i64 = 1_000;
/// Lanes claimed at a time.
const BATCH: i64 = 100;

/// `lanes` lanes with `each` targets in the far future; a thousand of them have one that is due.
async fn backlog(conn: &mut Conn, lanes: i32, each: i32) {
    conn.batch_execute(BACKLOG).await.unwrap();
    let accounts = format!(
        "INSERT INTO workspaces SELECT pg_temp.id(1, n), 'Workspace ' || n, 'UTC', '2027-01-01' FROM generate_series(0, {lanes} / 100) n;
         INSERT INTO connections (id, workspace_id, network, remote_id, name, status, tokens, created_at, updated_at)
             SELECT pg_temp.id(2, n), pg_temp.id(1, n / 100), (ARRAY['FACEBOOK', 'INSTAGRAM', 'PINTEREST', 'X'])[1 + n / 100 % 4], n, 'Account', 'ACTIVE',
                 'x', '2027-01-01', '2027-01-01' FROM generate_series(1, {lanes}) n;
         INSERT INTO lanes (connection_id, workspace_id, network) SELECT id, workspace_id, network FROM connections"
    );
    conn.batch_execute(&accounts).await.unwrap();
    // Indexes that are built at once cost a fraction; those of constraints stay.
    conn.batch_execute(
        "CREATE TEMPORARY TABLE later AS SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index
             WHERE indrelid = 'targets'::regclass AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid);
         DO $$ DECLARE one record; BEGIN FOR one IN SELECT * FROM later LOOP EXECUTE 'DROP INDEX ' || one.name; END LOOP; END $$",
    )
    .await
    .unwrap();
    diesel::sql_query("SELECT pg_temp.backlog($1, $2 + interval '1 year', interval '1 hour')")
        .bind::<Integer, _>(each)
        .bind::<Timestamptz, _>(start())
        .execute(conn)
        .await
        .unwrap();
    conn.batch_execute(
        "SET maintenance_work_mem = '512MB';
         DO $$ DECLARE one record; BEGIN FOR one IN SELECT * FROM later LOOP EXECUTE one.definition; END LOOP; END $$",
    )
    .await
    .unwrap();
    make_due(conn, lanes).await;
    conn.batch_execute("VACUUM ANALYZE").await.unwrap();
}

/// Moves the head of every `lanes / DUE`th lane to the last minutes.
async fn make_due(conn: &mut Conn, lanes: i32) {
    let apart = i64::from(lanes) / DUE;
    let ids: Vec<_> = (1..=DUE).map(|n| id(2, (n * apart) as u128)).collect();
    diesel::sql_query(
        "WITH head AS (
             SELECT h.id, h.connection_id, $2 - row_number() OVER (ORDER BY h.connection_id) * interval '1 second' AS at
             FROM unnest($1) AS one (connection_id) CROSS JOIN LATERAL (
                 SELECT id, connection_id FROM targets WHERE connection_id = one.connection_id AND state = 'SCHEDULED' ORDER BY due_at LIMIT 1) h
         ), due AS (UPDATE targets t SET due_at = head.at FROM head WHERE t.id = head.id)
         UPDATE lanes l SET next_due_at = head.at FROM head WHERE l.connection_id = head.connection_id",
    )
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Timestamptz, _>(start())
    .execute(conn)
    .await
    .unwrap();
}

#[derive(QueryableByName)]
struct Explained {
    #[diesel(sql_type = Json, column_name = "QUERY PLAN")]
    plan: Value,
}

/// The nodes of the plans of both halves of a claim of a hundred as they ran, the first one in both orders; nothing of it stays.
async fn explain_claim(conn: &mut Conn, networks: &[Network]) -> [Vec<Value>; 3] {
    const EXPLAIN: &str = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)";
    let networks: Vec<&str> = networks.iter().map(|network| network.as_str()).collect();
    conn.batch_execute("BEGIN").await.unwrap();
    let due = |sql: String| {
        diesel::sql_query(sql)
            .bind::<Timestamptz, _>(start())
            .bind::<Array<Text>, _>(&networks)
            .bind::<Int8, _>(BATCH / networks.len() as i64)
            .bind::<Array<SqlUuid>, _>(Vec::<Uuid>::new())
    };
    let locked: Explained = due(format!("{EXPLAIN} {}", publish::LOCK_DUE))
        .get_result(conn)
        .await
        .unwrap();
    let in_turn: Explained = due(format!("{EXPLAIN} {}", publish::LOCK_IN_TURN))
        .get_result(conn)
        .await
        .unwrap();
    let lanes: Vec<Lane> = due(publish::LOCK_DUE.to_owned()).load(conn).await.unwrap();
    let lanes: Vec<_> = lanes.into_iter().map(|lane| lane.id).collect();
    let claimed: Explained = diesel::sql_query(format!("{EXPLAIN} {}", publish::CLAIM))
        .bind::<Array<SqlUuid>, _>(lanes)
        .bind::<Timestamptz, _>(start())
        .bind::<SqlUuid, _>(id(9, 1))
        .bind::<Timestamptz, _>(start() + TimeDelta::seconds(90))
        .get_result(conn)
        .await
        .unwrap();
    conn.batch_execute("ROLLBACK").await.unwrap();
    [locked, in_turn, claimed].map(|explained| {
        let mut nodes = Vec::new();
        flatten(&explained.plan[0]["Plan"], &mut nodes);
        nodes
    })
}

#[derive(QueryableByName)]
struct Lane {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

fn flatten(node: &Value, nodes: &mut Vec<Value>) {
    nodes.push(node.clone());
    for inner in node["Plans"].as_array().into_iter().flatten() {
        flatten(inner, nodes);
    }
}

fn number(node: &Value, name: &str) -> i64 {
    node[name].as_f64().unwrap_or_default().round() as i64
}

/// Rows that a node read, those among them that it threw away.
fn read(node: &Value) -> i64 {
    (number(node, "Actual Rows") + number(node, "Rows Removed by Filter"))
        * number(node, "Actual Loops")
}

/// Checks a plan and returns the blocks it touched.
fn check_claim(nodes: &[Value], indexes: &[&str]) -> i64 {
    let shown = || serde_json::to_string_pretty(&nodes[0]).unwrap();
    for node in nodes {
        let kind = node["Node Type"].as_str().unwrap();
        assert!(
            !matches!(kind, "Seq Scan" | "Sort" | "Incremental Sort"),
            "{kind}: {}",
            shown()
        );
        assert!(
            read(node) <= BATCH,
            "{kind} reads {} rows: {}",
            read(node),
            shown()
        );
    }
    let served: Vec<_> = nodes
        .iter()
        .filter_map(|node| node["Index Name"].as_str())
        .collect();
    for index in indexes {
        assert!(served.contains(index), "{index} is not among {served:?}");
    }
    assert_eq!(read(&nodes[0]), BATCH);
    number(&nodes[0], "Shared Hit Blocks") + number(&nodes[0], "Shared Read Blocks")
}

#[derive(QueryableByName)]
struct Reads {
    #[diesel(sql_type = Int8)]
    rows: i64,
    #[diesel(sql_type = Int8)]
    blocks: i64,
}

/// Rows and blocks of our tables that this database has read so far.
async fn reads(conn: &mut Conn) -> (i64, i64) {
    conn.batch_execute("SELECT pg_stat_force_next_flush()")
        .await
        .unwrap();
    let reads: Reads = diesel::sql_query(
        "SELECT sum(t.seq_tup_read + coalesce(t.idx_tup_fetch, 0))::int8 AS rows,
                sum(b.heap_blks_hit + b.heap_blks_read + coalesce(b.idx_blks_hit + b.idx_blks_read, 0))::int8 AS blocks
         FROM pg_stat_user_tables t JOIN pg_statio_user_tables b USING (relid)",
    )
    .get_result(conn)
    .await
    .unwrap();
    (reads.rows, reads.blocks)
}

/// What each of the publisher's other looks at the queue reads, in rows and blocks.
async fn looks(conn: &mut Conn) -> Vec<(&'static str, i64, i64)> {
    let worker = NodeId::from(id(9, 1));
    let now = start();
    let mut found = Vec::new();
    macro_rules! look {
        ($name:literal, $query:expr) => {{
            let before = reads(conn).await;
            $query.await.unwrap();
            let after = reads(conn).await;
            found.push(($name, after.0 - before.0, after.1 - before.1));
        }};
    }
    look!("next_due", publish::next_due(conn, now));
    look!("oldest_due", publish::oldest_due(conn, now));
    look!(
        "claim_read_backs",
        publish::claim_read_backs(conn, worker, &Network::ALL, BATCH, now, now)
    );
    look!("lost_leases", publish::lost_leases(conn, now, BATCH));
    look!(
        "refresh",
        lane::refresh(conn, &[ConnectionId::from(id(2, 7))])
    );
    look!(
        "known_ids",
        publish::known_ids(conn, ConnectionId::from(id(2, 7)), 50)
    );
    found
}

/// With `each` targets for each lane: the blocks of a claim, and what the other looks read.
async fn measured(lanes: i32, each: i32) -> (i64, Vec<(&'static str, i64, i64)>) {
    let test = TestDatabase::new().await;
    let mut conn = test.db.get().await.unwrap();
    backlog(&mut conn, lanes, each).await;
    let [locked, in_turn, claimed] = explain_claim(&mut conn, &Network::ALL).await;
    let claim = check_claim(&locked, &["lanes_ready"])
        + check_claim(&in_turn, &["lanes_in_turn"])
        + check_claim(&claimed, &["targets_head_of_lane", "targets_one_in_flight"]);
    // What is due for longer but waits, or belongs to a closed network, is not read.
    make_wait(&mut conn).await;
    let [locked, in_turn, _] = explain_claim(&mut conn, &[Network::X, Network::Pinterest]).await;
    check_claim(&locked, &["lanes_ready"]);
    check_claim(&in_turn, &["lanes_in_turn"]);
    (claim, looks(&mut conn).await)
}

/// Every lane that is not due becomes due for an hour, but waits for another.
async fn make_wait(conn: &mut Conn) {
    diesel::sql_query(
        "UPDATE lanes SET next_due_at = $1 - interval '1 hour', blocked_until = $1 + interval '1 hour', block_reason = 'rate limit'
         WHERE next_due_at > $1",
    )
    .bind::<Timestamptz, _>(start())
    .execute(conn)
    .await
    .unwrap();
    conn.batch_execute("VACUUM ANALYZE lanes").await.unwrap();
}

/// Few and many, `more` times as many targets on as many lanes.
async fn stays_flat(lanes: i32, each: i32, more: i32) {
    let (claim, looks) = measured(lanes, each).await;
    let (claim_of_many, looks_of_many) = measured(lanes, each * more).await;
    println!(
        "claim of {BATCH}: {claim} blocks, then {claim_of_many}; {looks:?}, then {looks_of_many:?}"
    );
    // Each new version of a target goes into a dozen indexes, and an index of hundreds of times as many is up to two levels deeper.
    assert!(
        claim_of_many <= claim + 2 * 12 * BATCH,
        "a claim touches {claim} blocks, then {claim_of_many}"
    );
    for (few, many) in looks.iter().zip(&looks_of_many) {
        assert!(few.1 <= 10 && many.1 <= few.1 + 2, "{few:?}, then {many:?}");
        assert!(many.2 <= few.2 + 10, "{few:?}, then {many:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_reads_what_it_returns_however_much_is_scheduled() {
    stays_flat(2_000, 5, 10).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "writes five million rows: cargo xtask bench plans"]
async fn a_claim_reads_what_it_returns_of_five_million() {
    stays_flat(20_000, 1, 250).await;
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = Int8)]
    count: i64,
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_moved_to_later_is_not_claimed_and_its_lane_is_put_right() {
    let test = TestDatabase::new().await;
    let mut conn = test.db.get().await.unwrap();
    backlog(&mut conn, DUE as i32, 1).await;
    conn.batch_execute("UPDATE targets SET due_at = due_at + interval '1 day'")
        .await
        .unwrap();
    drop(conn);

    let mut tx = test.db.begin().await.unwrap();
    let worker = NodeId::from(id(9, 1));
    let lease = start() + TimeDelta::seconds(90);
    let claimed = publish::claim(&mut tx, worker, &Network::ALL, 10, start(), lease)
        .await
        .unwrap();
    assert!(claimed.is_empty());
    let put_right: Count = diesel::sql_query(
        "SELECT count(*) FROM lanes JOIN targets USING (connection_id)
         WHERE next_due_at = targets.due_at AND lanes.worker IS NULL",
    )
    .get_result(&mut *tx)
    .await
    .unwrap();
    assert_eq!(put_right.count, 10);
}
