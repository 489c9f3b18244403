use anyhow::ensure;
use posthaste_store::connection::Connection;
use tokio_postgres::{Client, NoTls, types::Type};
use uuid::Uuid;

use super::super::ground::Ground;

/// Makes all posts published ones with figures, one every ten minutes of this year.
pub async fn publish(ground: &Ground) -> anyhow::Result<()> {
    let (client, connection) = tokio_postgres::connect(&ground.database_url, NoTls).await?;
    tokio::spawn(connection);
    client
        .batch_execute(
            "UPDATE posts SET due_at = timestamptz '2026-02-01Z' + numbered.n * interval '10 minutes'
             FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM posts) numbered WHERE numbered.id = posts.id;
             UPDATE targets SET state = 'PUBLISHED', due_at = posts.due_at, published_at = posts.due_at,
                 remote_id = 'remote-' || targets.id, permalink = 'https://network.example/' || targets.id
             FROM posts WHERE posts.id = targets.post_id;
             INSERT INTO target_metrics (target_id, workspace_id, connection_id, network, views, reach, likes, comments,
                 shares, saves, clicks, read_at)
             SELECT id, workspace_id, connection_id, network, 1200, 900, 40, 6, 5, 9, 21, due_at FROM targets;
             ANALYZE posts; ANALYZE targets; ANALYZE target_metrics",
        )
        .await?;
    Ok(())
}

/// The same work in plain SQL: the least it can cost, without authorization, validation or GraphQL.
/// Here, and nowhere else outside the store, SQL is written.
pub struct Raw {
    clients: Vec<tokio::sync::Mutex<Client>>,
    workspace: Uuid,
    connections: Vec<(Uuid, &'static str)>,
}

impl Raw {
    /// One connection to the database for each client.
    pub async fn new(
        ground: &Ground,
        connections: &[Connection],
        count: usize,
    ) -> anyhow::Result<Self> {
        let mut clients = Vec::new();
        for _ in 0..count {
            let (client, connection) = tokio_postgres::connect(&ground.database_url, NoTls).await?;
            tokio::spawn(connection);
            clients.push(client.into());
        }
        let connections = connections
            .iter()
            .map(|row| (row.id.uuid(), row.network.as_str()))
            .collect();
        Ok(Self {
            clients,
            workspace: ground.actor.workspace.uuid(),
            connections,
        })
    }

    /// A page of the calendar.
    pub async fn calendar(&self, client: usize) -> anyhow::Result<()> {
        let client = self.clients[client].lock().await;
        let posts = client
            .query_typed(
                "SELECT id, version, body FROM posts WHERE workspace_id = $1 AND deleted_at IS NULL
                 AND due_at >= '2026-01-01Z' AND due_at < '2027-01-01Z' ORDER BY due_at, id LIMIT 101",
                &[(&self.workspace, Type::UUID)],
            )
            .await?;
        let ids: Vec<Uuid> = posts.iter().take(100).map(|row| row.get(0)).collect();
        let targets = client
            .query_typed(
                "SELECT t.id, t.post_id, t.state, t.due_at, t.published_at, t.permalink, c.id, c.name, m.views, m.reach, m.likes,
                     m.comments, m.shares, m.saves, m.clicks, m.video_views, m.read_at
                 FROM targets t JOIN connections c ON c.id = t.connection_id LEFT JOIN target_metrics m ON m.target_id = t.id
                 WHERE t.post_id = ANY($1) ORDER BY t.post_id, t.position",
                &[(&ids, Type::UUID_ARRAY)],
            )
            .await?;
        let text: Vec<String> = targets
            .iter()
            .map(|row| format!("{}{}", row.get::<_, Uuid>(0), row.get::<_, String>(2)))
            .collect();
        ensure!(text.len() == 400, "{} targets instead of 400", text.len());
        Ok(())
    }

    /// A new post with four targets and its event.
    pub async fn create(&self, client: usize) -> anyhow::Result<()> {
        let mut client = self.clients[client].lock().await;
        let (post, event) = (fresh(), fresh());
        let tx = client.transaction().await?;
        tx.execute(
            "INSERT INTO posts (id, workspace_id, body, provenance, created_at, updated_at)
             VALUES ($1, $2, '{\"content\":{\"text\":\"raw\"}}', '{\"kind\":\"SYSTEM\"}', clock_timestamp(), clock_timestamp())",
            &[&post, &self.workspace],
        )
        .await?;
        for (position, (connection, network)) in self.connections.iter().enumerate() {
            tx.execute(
                "INSERT INTO targets (id, workspace_id, post_id, connection_id, network, position, settings, state, misfire,
                 if_absent, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, '{}', 'DRAFT', 'ASK', 'RESEND',
                 clock_timestamp(), clock_timestamp())",
                &[&fresh(), &self.workspace, &post, connection, network, &(position as i32)],
            )
            .await?;
        }
        tx.query_typed(
            "WITH head AS (UPDATE event_heads SET seq = seq + 1 WHERE workspace_id = $1 RETURNING seq)
             INSERT INTO events (workspace_id, seq, id, at, kind, post_id, provenance, data)
             SELECT $1, seq, $2, clock_timestamp(), 'post.created', $3, '{\"kind\":\"SYSTEM\"}', '{}' FROM head RETURNING seq",
            &[(&self.workspace, Type::UUID), (&event, Type::UUID), (&post, Type::UUID)],
        )
        .await?;
        tx.commit().await?;
        Ok(())
    }
}

fn fresh() -> Uuid {
    use posthaste_engine::adapters::{OsRandom, SystemClock};
    posthaste_core::ids::new_uuid(&SystemClock, &OsRandom)
}
