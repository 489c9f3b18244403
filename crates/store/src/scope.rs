//! Whose data a query reads.

use std::collections::HashSet;

use diesel::{
    QueryableByName,
    sql_types::{Array, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use posthaste_core::{Result, access::Reach, ids::WorkspaceId};
use uuid::Uuid;

use crate::{Conn, StoreExt};

/// A workspace, as far as somebody may deal with its connections. A post is within a limit when all its
/// targets are, and there is one: whoever changes it changes all of them.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The limit.
    pub reach: Reach,
}

impl From<WorkspaceId> for Scope {
    /// All of a workspace, for the server itself.
    fn from(workspace: WorkspaceId) -> Self {
        Self {
            workspace,
            reach: Reach::All,
        }
    }
}

const SEEN: &str = "
SELECT post_id AS id FROM targets WHERE workspace_id = $1 AND post_id = ANY($2)
GROUP BY post_id HAVING bool_and(connection_id = ANY($3))";

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

impl Scope {
    /// Keeps of these rows those whose post is within the limit.
    pub(crate) async fn keep<T>(
        &self,
        conn: &mut Conn,
        mut rows: Vec<T>,
        post: impl Fn(&T) -> Uuid,
    ) -> Result<Vec<T>> {
        if let Some(limit) = self.reach.ids() {
            let asked: Vec<Uuid> = rows.iter().map(&post).collect();
            let seen = self.seen(conn, asked, limit).await?;
            rows.retain(|row| seen.contains(&post(row)));
        }
        Ok(rows)
    }

    pub(crate) async fn seen(
        &self,
        conn: &mut Conn,
        posts: Vec<Uuid>,
        limit: Vec<Uuid>,
    ) -> Result<HashSet<Uuid>> {
        let seen: Vec<Id> = diesel::sql_query(SEEN)
            .bind::<SqlUuid, _>(self.workspace.uuid())
            .bind::<Array<SqlUuid>, _>(posts)
            .bind::<Array<SqlUuid>, _>(limit)
            .load(conn)
            .await
            .stored()?;
        Ok(seen.into_iter().map(|row| row.id).collect())
    }
}

/// SQL that holds for a post none of whose targets is beyond a limit, by an expression for its id.
macro_rules! none_beyond {
    ($post:literal, $limit:expr) => {
        diesel::dsl::sql::<diesel::sql_types::Bool>(concat!(
            "NOT EXISTS (SELECT FROM targets beyond WHERE beyond.post_id = ",
            $post,
            " AND beyond.connection_id <> ALL ("
        ))
        .bind::<diesel::sql_types::Array<diesel::sql_types::Uuid>, _>($limit)
        .sql("))")
    };
}
pub(crate) use none_beyond;
