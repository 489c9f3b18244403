//! How posts do (networks.md, 1.8): the public metrics of up to a hundred posts in one call.

use std::collections::{HashMap, HashSet};

use chrono::TimeDelta;
use posthaste_core::{
    Network,
    connector::{Ctx, Failure, Session},
    metric::{LivePost, Metric, MetricRule, Metrics, Reading},
    ports::Request,
};
use serde_json::Value;

use super::api;
use crate::answer;

/// What X tells. Each post read costs money, so that it is read less often.
pub const RULE: MetricRule = MetricRule {
    gives: &[
        Metric::Views,
        Metric::Likes,
        Metric::Comments,
        Metric::Shares,
        Metric::Saves,
    ],
    scopes: &["tweet.read", "users.read"],
    batch: 100,
    plan: &[
        TimeDelta::hours(1),
        TimeDelta::days(1),
        TimeDelta::days(7),
        TimeDelta::days(28),
    ],
    story_plan: &[],
};

/// OpenAPI 2.167, PostPublicMetrics; before, reposts were called retweets.
const COUNTS: &[(&[&str], Metric)] = &[
    (&["impression_count"], Metric::Views),
    (&["like_count"], Metric::Likes),
    (&["reply_count"], Metric::Comments),
    (&["repost_count", "retweet_count"], Metric::Shares),
    (&["quote_count"], Metric::Shares),
    (&["bookmark_count"], Metric::Saves),
];
const NOT_FOUND: &str = "https://api.x.com/2/problems/resource-not-found";

/// Reads all posts at once.
pub async fn metrics(
    ctx: &Ctx,
    session: &Session,
    posts: &[LivePost],
) -> Result<Vec<Reading>, Failure> {
    let ids: Vec<&str> = posts
        .iter()
        .map(|post| post.remote_id.as_str())
        .filter(|id| is_id(id))
        .collect();
    let told = if ids.is_empty() {
        Told::default()
    } else {
        ask(ctx, session, &ids).await?
    };
    let readings = posts.iter().map(|post| told.of(&post.remote_id));
    Ok(readings.collect())
}

async fn ask(ctx: &Ctx, session: &Session, ids: &[&str]) -> Result<Told, Failure> {
    let request = Request::get(api::url(ctx, "/tweets"))
        .query("ids", ids.join(","))
        .query("post.fields", "public_metrics");
    let body: Value = answer::read(Network::X, &api::call(ctx, session, request).await?)?;
    let mut told = Told::default();
    for post in body["data"].as_array().into_iter().flatten() {
        if let Some(id) = post["id"].as_str() {
            let counts = counts(&post["public_metrics"]);
            told.metrics.insert(id.to_owned(), counts);
        }
    }
    for problem in body["errors"].as_array().into_iter().flatten() {
        let id = problem["resource_id"].as_str();
        let id = id.or_else(|| problem["value"].as_str());
        if let Some(id) = id.filter(|_| problem["type"] == NOT_FOUND) {
            told.gone.insert(id.to_owned());
        }
    }
    Ok(told)
}

/// What an answer told, by post.
#[derive(Default)]
struct Told {
    metrics: HashMap<String, Metrics>,
    gone: HashSet<String>,
}

impl Told {
    /// A post that the answer does not speak of has no figures now.
    fn of(&self, id: &str) -> Reading {
        if !is_id(id) {
            let reason = "This is no id of a post on X; its figures cannot be read.";
            return Reading::Unreadable { reason };
        }
        match self.metrics.get(id) {
            None if self.gone.contains(id) => Reading::Gone,
            metrics => Reading::Told(metrics.copied().unwrap_or_default()),
        }
    }
}

fn counts(given: &Value) -> Metrics {
    let mut metrics = Metrics::default();
    for (names, metric) in COUNTS {
        if let Some(count) = names.iter().find_map(|name| given[*name].as_i64()) {
            metrics.add(*metric, count);
        }
    }
    metrics
}

/// One that is none fails the call for all (OpenAPI 2.167, PostId).
fn is_id(text: &str) -> bool {
    (1..=19).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use posthaste_core::ports::ScriptedHttp;
    use serde_json::json;

    use super::*;
    use crate::testing::{ctx, live, query, session};

    #[tokio::test]
    async fn many_posts_are_read_at_once_each_with_its_own_fate() {
        let body = json!({
            "data": [
                { "id": "3", "public_metrics": { "impression_count": 90, "like_count": 4, "reply_count": 0,
                    "repost_count": 2, "retweet_count": 2, "quote_count": 1, "bookmark_count": 3 } },
                { "id": "1", "public_metrics": { "retweet_count": 5 } },
            ],
            "errors": [
                { "type": NOT_FOUND, "resource_id": "2", "value": "2", "title": "Not Found Error" },
                { "type": "https://api.x.com/2/problems/not-authorized-for-resource", "resource_id": "4" },
            ],
        });
        let (ctx, http) = ctx([ScriptedHttp::json(200, body)]);
        let posts = ["1", "2", "3", "4", "pasted by hand"].map(live);
        let told = metrics(&ctx, &session(), &posts).await.unwrap();
        let shares = Metrics {
            shares: Some(5),
            ..Metrics::default()
        };
        let all = Metrics {
            views: Some(90),
            likes: Some(4),
            comments: Some(0),
            shares: Some(3),
            saves: Some(3),
            ..Metrics::default()
        };
        assert_eq!(
            told,
            [
                Reading::Told(shares),
                Reading::Gone,
                Reading::Told(all),
                Reading::Told(Metrics::default()),
                Reading::Unreadable {
                    reason: "This is no id of a post on X; its figures cannot be read."
                },
            ]
        );
        let asked = http.asked();
        assert_eq!(query(&asked[0], "ids"), Some("1,2,3,4"));
        assert_eq!(query(&asked[0], "post.fields"), Some("public_metrics"));
    }

    #[tokio::test]
    async fn nobody_is_asked_for_nothing() {
        let (ctx, http) = ctx([]);
        let told = metrics(&ctx, &session(), &[live("-")]).await.unwrap();
        assert!(matches!(told[0], Reading::Unreadable { .. }));
        assert!(http.asked().is_empty());
    }
}
