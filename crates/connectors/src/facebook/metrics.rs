//! How posts of a page do (networks.md, 2.7): insights of the post.

use posthaste_core::{
    Network,
    connector::{Ctx, Failure, Session},
    metric::{LivePost, Metric, MetricRule, Metrics, Reading, USUAL_PLAN},
};

use crate::meta::{
    Graph,
    insights::{self, Insight},
    is_gone,
};

/// What Facebook tells. Stories have figures of another family, which is not in our sources.
pub const RULE: MetricRule = MetricRule {
    gives: &[
        Metric::Views,
        Metric::Reach,
        Metric::Likes,
        Metric::Comments,
        Metric::Shares,
        Metric::Clicks,
        Metric::VideoViews,
    ],
    scopes: &["pages_read_engagement", "read_insights"],
    batch: 1,
    plan: USUAL_PLAN,
    story_plan: &[],
};

/// Seen to work on Graph v25.0 in September 2026; figures of one name stand together.
const POST: &[Insight] = &[
    Insight::whole("post_media_view", Metric::Views),
    Insight::whole("post_total_media_view_unique", Metric::Reach),
    Insight::whole("post_reactions_by_type_total", Metric::Likes),
    Insight::part("post_activity_by_action_type", "comment", Metric::Comments),
    Insight::part("post_activity_by_action_type", "share", Metric::Shares),
    Insight::whole("post_clicks", Metric::Clicks),
];
const VIDEO: Insight = Insight::whole("post_video_views", Metric::VideoViews);

/// Reads one post after the other.
pub async fn metrics(
    ctx: &Ctx,
    session: &Session,
    posts: &[LivePost],
) -> Result<Vec<Reading>, Failure> {
    let graph = Graph::new(ctx, Network::Facebook, &session.access);
    let mut readings = Vec::with_capacity(posts.len());
    for post in posts {
        readings.push(read(&graph, session, post).await?);
    }
    Ok(readings)
}

async fn read(graph: &Graph<'_>, session: &Session, post: &LivePost) -> Result<Reading, Failure> {
    let id = match post_id(graph, session, &post.remote_id).await {
        Ok(Some(id)) => id,
        // The video is there, but no post shows it yet.
        Ok(None) => return Ok(Reading::Told(Metrics::default())),
        Err(failure) if is_gone(&failure) => return Ok(Reading::Gone),
        Err(failure) => return Err(failure),
    };
    let video = post.has_video.then_some(VIDEO);
    let wanted: Vec<Insight> = POST.iter().copied().chain(video).collect();
    insights::read(graph, &id, &wanted).await
}

/// Videos are known by an id of their own; insights hang on the post that shows them.
async fn post_id(
    graph: &Graph<'_>,
    session: &Session,
    id: &str,
) -> Result<Option<String>, Failure> {
    if id.contains('_') {
        return Ok(Some(id.to_owned()));
    }
    let video = graph.get(&format!("/{id}")).query("fields", "post_id");
    let body = graph.call(video).await?;
    let post = body["post_id"].as_str();
    Ok(post.map(|post| {
        if post.contains('_') {
            post.to_owned()
        } else {
            format!("{}_{post}", session.account_id)
        }
    }))
}

#[cfg(test)]
mod tests {
    use posthaste_core::ports::ScriptedHttp;
    use serde_json::json;

    use super::*;
    use crate::testing::{ctx, live, query, session};

    #[tokio::test]
    async fn a_video_is_read_by_the_post_that_shows_it() {
        let plays =
            json!({ "data": [{ "name": "post_video_views", "values": [{ "value": 300 }] }] });
        let (ctx, http) = ctx([
            ScriptedHttp::json(200, json!({ "id": "5", "post_id": "6" })),
            ScriptedHttp::json(200, plays),
        ]);
        let video = LivePost {
            has_video: true,
            ..live("5")
        };
        let told = metrics(&ctx, &session(), &[video]).await.unwrap();
        let expected = Metrics {
            video_views: Some(300),
            ..Metrics::default()
        };
        assert_eq!(told, [Reading::Told(expected)]);
        let asked = http.asked();
        assert!(asked[0].url.ends_with("/5") && asked[1].url.ends_with("/77_6/insights"));
        assert!(
            query(&asked[1], "metric")
                .unwrap()
                .contains("post_video_views")
        );
    }
}
