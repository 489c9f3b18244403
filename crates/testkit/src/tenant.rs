use diesel::{
    QueryableByName,
    sql_types::{Int8, Text, Uuid},
};
use diesel_async::RunQueryDsl;
use posthaste_core::ids::WorkspaceId;
use posthaste_store::Conn;

#[derive(QueryableByName)]
struct Table {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = Int8)]
    rows: i64,
}

/// How many rows of a workspace each table has; tables without one are left out.
pub async fn rows_of(conn: &mut Conn, workspace: WorkspaceId) -> Vec<(String, i64)> {
    let tables: Vec<Table> = loaded(
        diesel::sql_query(
            "SELECT table_name::text AS name FROM information_schema.columns
             WHERE column_name = 'workspace_id' AND table_schema = 'public' ORDER BY 1",
        )
        .load(conn)
        .await,
    );
    let mut found = Vec::new();
    for Table { name } in tables {
        let count = format!("SELECT count(*) AS rows FROM {name} WHERE workspace_id = $1");
        let counted: Vec<Count> = loaded(
            diesel::sql_query(count)
                .bind::<Uuid, _>(workspace.uuid())
                .load(conn)
                .await,
        );
        let rows = counted.iter().map(|count| count.rows).sum();
        if rows > 0 {
            found.push((name, rows));
        }
    }
    found
}

fn loaded<T>(rows: diesel::QueryResult<T>) -> T {
    match rows {
        Ok(rows) => rows,
        Err(error) => panic!("rows cannot be counted: {error}"),
    }
}
