//! How many posts are left (networks.md, 3.3: the documented figures contradict each other, so it is read).

use posthaste_core::{
    Network,
    connector::{Ctx, Failure, LimitReading, Session},
};

use crate::meta::Graph;

/// Asks for the account's quota; none when the answer does not tell.
pub async fn read(ctx: &Ctx, session: &Session) -> Result<Option<LimitReading>, Failure> {
    let graph = Graph::new(ctx, Network::Instagram, &session.access);
    let path = format!("/{}/content_publishing_limit", session.account_id);
    let request = graph.get(&path).query("fields", "quota_usage,config");
    let body = graph.call(request).await?;
    let told = &body["data"][0];
    let number = |value: &serde_json::Value| u32::try_from(value.as_u64()?).ok();
    let config = &told["config"];
    let reading = || {
        let posts = number(&config["quota_total"])?;
        Some(LimitReading {
            window_seconds: number(&config["quota_duration"]).filter(|length| *length > 0)?,
            posts,
            remaining: posts.saturating_sub(number(&told["quota_usage"])?),
            resets_at: None,
            app_wide: false,
        })
    };
    Ok(reading())
}
