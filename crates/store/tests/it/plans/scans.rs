//! What the database counted so far.

use super::*;

#[derive(QueryableByName)]
struct Scans {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Int8)]
    scans: i64,
}

async fn scans(conn: &mut Conn, sql: &str) -> BTreeMap<String, i64> {
    conn.batch_execute("SELECT pg_stat_force_next_flush()")
        .await
        .unwrap();
    let rows: Vec<Scans> = diesel::sql_query(sql).load(conn).await.unwrap();
    rows.into_iter().map(|row| (row.name, row.scans)).collect()
}

/// Scans of tables; of partitions, which may be empty, the rows that were read.
pub async fn table_scans(conn: &mut Conn) -> BTreeMap<String, i64> {
    scans(
        conn,
        "SELECT coalesce(pg_partition_root(relid), relid)::regclass::text AS name,
            sum(CASE WHEN pg_partition_root(relid) IS NULL THEN seq_scan ELSE seq_tup_read END)::int8 AS scans
         FROM pg_stat_user_tables GROUP BY 1",
    )
    .await
}

/// How many rows were read, from tables end to end and from indexes.
pub async fn rows_read(conn: &mut Conn) -> i64 {
    let all = scans(
        conn,
        "SELECT 'rows' AS name, ((SELECT coalesce(sum(seq_tup_read), 0) FROM pg_stat_user_tables)
            + (SELECT coalesce(sum(idx_tup_read), 0) FROM pg_stat_user_indexes))::int8 AS scans",
    )
    .await;
    all["rows"]
}

/// Scans of indexes, those of partitions under their log's.
pub async fn index_scans(conn: &mut Conn) -> BTreeMap<String, i64> {
    scans(
        conn,
        "SELECT coalesce(pg_partition_root(indexrelid), indexrelid)::regclass::text AS name, sum(idx_scan)::int8 AS scans
         FROM pg_stat_user_indexes GROUP BY 1",
    )
    .await
}
