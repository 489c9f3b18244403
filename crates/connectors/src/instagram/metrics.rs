//! How media do (networks.md, 3.6): insights of the media, by what it is.

use chrono::TimeDelta;
use posthaste_core::{
    Network,
    connector::{Ctx, Failure, Session},
    metric::{LivePost, Metric, MetricRule, Reading, USUAL_PLAN},
    post::ContentKind,
};

use super::CONTAINER_PREFIX;
use crate::meta::{
    Graph,
    insights::{self, Insight},
};

/// What Instagram tells. Figures may be two days late; those of stories end with the story's day.
pub const RULE: MetricRule = MetricRule {
    gives: &[
        Metric::Views,
        Metric::Reach,
        Metric::Likes,
        Metric::Comments,
        Metric::Shares,
        Metric::Saves,
    ],
    scopes: &["instagram_basic", "instagram_manage_insights"],
    batch: 1,
    plan: USUAL_PLAN,
    story_plan: &[
        TimeDelta::minutes(15),
        TimeDelta::hours(1),
        TimeDelta::hours(6),
        TimeDelta::hours(12),
        TimeDelta::hours(23),
    ],
};

/// Of the feed and of reels.
const MEDIA: &[Insight] = &[
    Insight::whole("views", Metric::Views),
    Insight::whole("reach", Metric::Reach),
    Insight::whole("likes", Metric::Likes),
    Insight::whole("comments", Metric::Comments),
    Insight::whole("shares", Metric::Shares),
    Insight::whole("saved", Metric::Saves),
];
const STORY: &[Insight] = &[
    Insight::whole("views", Metric::Views),
    Insight::whole("reach", Metric::Reach),
    Insight::whole("replies", Metric::Comments),
    Insight::whole("shares", Metric::Shares),
];

/// Reads one media after the other.
pub async fn metrics(
    ctx: &Ctx,
    session: &Session,
    posts: &[LivePost],
) -> Result<Vec<Reading>, Failure> {
    let graph = Graph::new(ctx, Network::Instagram, &session.access);
    let mut readings = Vec::with_capacity(posts.len());
    for post in posts {
        readings.push(read(&graph, post).await?);
    }
    Ok(readings)
}

async fn read(graph: &Graph<'_>, post: &LivePost) -> Result<Reading, Failure> {
    if post.remote_id.starts_with(CONTAINER_PREFIX) {
        let reason = "Instagram did not tell the id of this post; its figures cannot be read.";
        return Ok(Reading::Unreadable { reason });
    }
    let wanted = match post.kind {
        ContentKind::Story => STORY,
        _ => MEDIA,
    };
    insights::read(graph, &post.remote_id, wanted).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ctx, live, session};

    #[tokio::test]
    async fn a_post_without_an_id_of_its_own_is_not_asked_for() {
        let (ctx, http) = ctx([]);
        let told = metrics(&ctx, &session(), &[live("container:17")])
            .await
            .unwrap();
        assert!(matches!(told[0], Reading::Unreadable { .. }));
        assert!(http.asked().is_empty());
    }
}
