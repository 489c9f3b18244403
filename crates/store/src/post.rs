//! Posts.

use chrono::{DateTime, Utc};
use diesel::{
    dsl::{exists, sql},
    prelude::*,
    sql_types::Bool,
};
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Error, ErrorCode, Network, Provenance, Result,
    ids::{ConnectionId, MediaId, PostId, WorkspaceId},
    post::PostBody,
    target::State,
};
use uuid::Uuid;

use crate::{
    Conn, Json, Page, PageRequest, Scope, Slice, StoreExt,
    page::TimeOrder,
    schema::{post_media, posts, targets},
    scope::none_beyond,
};

/// A post.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = posts)]
pub struct Post {
    /// Id.
    #[diesel(deserialize_as = Uuid)]
    pub id: PostId,
    /// Workspace.
    #[diesel(deserialize_as = Uuid)]
    pub workspace_id: WorkspaceId,
    /// What it says.
    pub body: Json<PostBody>,
    /// Grows with each change of the body.
    pub version: i32,
    /// The earliest time of its targets.
    pub due_at: Option<DateTime<Utc>>,
    /// Who wrote it.
    pub provenance: Json<Provenance>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
}

/// Adds a post and remembers its media.
pub async fn insert(conn: &mut Conn, row: &Post) -> Result<()> {
    diesel::insert_into(posts::table)
        .values((
            posts::id.eq(row.id.uuid()),
            posts::workspace_id.eq(row.workspace_id.uuid()),
            posts::body.eq(&row.body),
            posts::due_at.eq(row.due_at),
            posts::provenance.eq(&row.provenance),
            posts::created_at.eq(row.created_at),
            posts::updated_at.eq(row.updated_at),
        ))
        .execute(conn)
        .await
        .stored_unless_taken("A post with this id exists already.")
        .map_err(|error| error.at(["id"]).about(row.id))?;
    set_media(conn, row.workspace_id, row.id, &row.body.media_ids()).await
}

/// Writes a post's body if it still has `row.version`.
pub async fn update(conn: &mut Conn, row: &mut Post) -> Result<()> {
    let changed = diesel::update(
        posts::table.filter(
            posts::id
                .eq(row.id.uuid())
                .and(posts::version.eq(row.version)),
        ),
    )
    .set((
        posts::body.eq(&row.body),
        posts::version.eq(row.version + 1),
        posts::updated_at.eq(row.updated_at),
    ))
    .execute(conn)
    .await
    .stored()?;
    if changed == 0 {
        return Err(Error::new(
            ErrorCode::VersionConflict,
            "The post was changed at the same time; try again.",
        )
        .about(row.id));
    }
    row.version += 1;
    set_media(conn, row.workspace_id, row.id, &row.body.media_ids()).await
}

async fn set_media(
    conn: &mut Conn,
    workspace: WorkspaceId,
    post: PostId,
    media: &[MediaId],
) -> Result<()> {
    diesel::delete(post_media::table.filter(post_media::post_id.eq(post.uuid())))
        .execute(conn)
        .await
        .stored()?;
    let rows: Vec<_> = media
        .iter()
        .map(|media| {
            (
                post_media::post_id.eq(post.uuid()),
                post_media::media_id.eq(media.uuid()),
                post_media::workspace_id.eq(workspace.uuid()),
            )
        })
        .collect();
    diesel::insert_into(post_media::table)
        .values(rows)
        .execute(conn)
        .await
        .stored_unless_linked(|| Error::not_found("media").at(["media"]))?;
    Ok(())
}

/// Sets the post's own due time: the earliest of its targets that are not cancelled.
pub async fn refresh_due(conn: &mut Conn, post: PostId, at: DateTime<Utc>) -> Result<()> {
    let earliest: Option<DateTime<Utc>> = targets::table
        .filter(targets::post_id.eq(post.uuid()))
        .filter(targets::state.ne(State::Cancelled.as_str()))
        .select(diesel::dsl::min(targets::due_at))
        .first(conn)
        .await
        .stored()?;
    diesel::update(posts::table.find(post.uuid()))
        .set((posts::due_at.eq(earliest), posts::updated_at.eq(at)))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Hides a post; its history stays.
pub async fn delete(conn: &mut Conn, post: PostId, at: DateTime<Utc>) -> Result<()> {
    diesel::update(posts::table.find(post.uuid()))
        .set((posts::deleted_at.eq(at), posts::updated_at.eq(at)))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// The post with an id.
pub async fn get(conn: &mut Conn, scope: impl Into<Scope>, id: PostId) -> Result<Post> {
    by_ids(conn, scope, &[id])
        .await?
        .pop()
        .ok_or_else(|| Error::not_found("post"))
}

/// As [`get`], locking the row until the transaction ends.
pub async fn lock(conn: &mut Conn, scope: impl Into<Scope>, id: PostId) -> Result<Post> {
    let scope = scope.into();
    let found = posts::table
        .filter(
            posts::workspace_id
                .eq(scope.workspace.uuid())
                .and(posts::id.eq(id.uuid())),
        )
        .filter(posts::deleted_at.is_null())
        .select(Post::as_select())
        .for_update()
        .load(conn)
        .await
        .stored()?;
    let mut seen = scope.keep(conn, found, |row: &Post| row.id.uuid()).await?;
    seen.pop().ok_or_else(|| Error::not_found("post"))
}

/// The posts with these ids, in no order; unknown and deleted ones are left out.
pub async fn by_ids(conn: &mut Conn, scope: impl Into<Scope>, ids: &[PostId]) -> Result<Vec<Post>> {
    let scope = scope.into();
    let found = posts::table
        .filter(
            posts::workspace_id
                .eq(scope.workspace.uuid())
                .and(posts::deleted_at.is_null()),
        )
        .filter(posts::id.eq_any(ids.iter().map(|id| id.uuid()).collect::<Vec<_>>()))
        .select(Post::as_select())
        .load(conn)
        .await
        .stored()?;
    scope.keep(conn, found, |row: &Post| row.id.uuid()).await
}

/// What a list of posts is narrowed by; all conditions hold together.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// At least one target in one of these states.
    pub states: Option<Vec<State>>,
    /// At least one target on one of these networks.
    pub networks: Option<Vec<Network>>,
    /// At least one target on one of these connections.
    pub connections: Option<Vec<ConnectionId>>,
    /// Due at or after.
    pub due_from: Option<DateTime<Utc>>,
    /// Due before.
    pub due_to: Option<DateTime<Utc>>,
    /// The text contains this, whatever the case.
    pub text: Option<String>,
}

/// The order of a list of posts; ties are broken by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// When they were written.
    Created,
    /// When they were changed last.
    Updated,
    /// When they are due; drafts come last.
    Due,
}

/// Order and direction.
#[derive(Clone, Copy, Debug)]
pub struct Sort {
    /// By what.
    pub by: Order,
    /// Newest (latest) first.
    pub descending: bool,
}

const DUE_OR_NEVER: &str = "coalesce(posts.due_at, 'infinity'::timestamptz)";

macro_rules! filtered {
    ($query:expr, $scope:expr, $filter:expr) => {{
        let mut query = $query
            .filter(
                posts::workspace_id
                    .eq($scope.workspace.uuid())
                    .and(posts::deleted_at.is_null()),
            )
            .into_boxed();
        let of_post = || targets::table.filter(targets::post_id.eq(posts::id));
        if let Some(limit) = $scope.reach.ids() {
            // It names the connections, so that a plan can begin at the targets of a quiet one.
            let inside = of_post().filter(targets::connection_id.eq_any(limit.clone()));
            query = query
                .filter(exists(inside))
                .filter(none_beyond!("posts.id", limit));
        }
        if let Some(states) = &$filter.states {
            let names: Vec<_> = states.iter().map(|state| state.as_str()).collect();
            query = query.filter(exists(of_post().filter(targets::state.eq_any(names))));
        }
        if let Some(networks) = &$filter.networks {
            let names: Vec<_> = networks.iter().map(|network| network.as_str()).collect();
            query = query.filter(exists(of_post().filter(targets::network.eq_any(names))));
        }
        if let Some(connections) = &$filter.connections {
            let ids: Vec<_> = connections.iter().map(|id| id.uuid()).collect();
            query = query.filter(exists(of_post().filter(targets::connection_id.eq_any(ids))));
        }
        if let Some(from) = $filter.due_from {
            query = query.filter(posts::due_at.ge(from));
        }
        if let Some(to) = $filter.due_to {
            query = query.filter(posts::due_at.lt(to));
        }
        if let Some(text) = &$filter.text {
            let pattern = format!(
                "%{}%",
                text.replace('\\', "\\\\")
                    .replace('%', "\\%")
                    .replace('_', "\\_")
            );
            query = query.filter(
                sql::<Bool>("posts.body->'content'->>'text' ILIKE ")
                    .bind::<diesel::sql_types::Text, _>(pattern),
            );
        }
        query
    }};
}

/// A page of posts.
pub async fn list(
    conn: &mut Conn,
    scope: impl Into<Scope>,
    filter: &Filter,
    sort: Sort,
    page: &PageRequest<(Option<DateTime<Utc>>, Uuid)>,
) -> Result<Page<Post>> {
    let scope = scope.into();
    let column = match sort.by {
        Order::Created => "posts.created_at",
        Order::Updated => "posts.updated_at",
        Order::Due => DUE_OR_NEVER,
    };
    let mut query = filtered!(posts::table.select(Post::as_select()), scope, filter);
    let order = TimeOrder {
        table: "posts",
        column,
        descending: sort.descending,
    };
    for condition in order.within(page) {
        query = query.filter(condition);
    }
    let rows = query
        .order(sql::<Bool>(&order.terms(page)))
        .limit(page.limit + 1)
        .load(conn)
        .await
        .stored()?;
    Ok(Slice::cut(rows, page))
}

/// How many posts the filter leaves.
pub async fn count(conn: &mut Conn, scope: impl Into<Scope>, filter: &Filter) -> Result<i64> {
    let scope = scope.into();
    filtered!(posts::table.count(), scope, filter)
        .get_result(conn)
        .await
        .stored()
}
