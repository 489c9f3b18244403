//! How pins do (networks.md, 4.6): analytics of a pin. Those of many at once are a closed beta.

use chrono::TimeDelta;
use posthaste_core::{
    connector::{Ctx, Failure, Session},
    metric::{LivePost, Metric, MetricRule, Metrics, Reading},
    ports::Request,
};
use serde_json::Value;

use super::api;

/// What Pinterest tells; it counts by days.
pub const RULE: MetricRule = MetricRule {
    gives: &[
        Metric::Views,
        Metric::Likes,
        Metric::Comments,
        Metric::Saves,
        Metric::Clicks,
        Metric::VideoViews,
    ],
    scopes: &["boards:read", "pins:read"],
    batch: 1,
    plan: &[
        TimeDelta::hours(6),
        TimeDelta::days(1),
        TimeDelta::days(2),
        TimeDelta::days(3),
        TimeDelta::days(7),
        TimeDelta::days(14),
        TimeDelta::days(28),
    ],
    story_plan: &[],
};

const PIN: &[(&str, Metric)] = &[
    ("IMPRESSION", Metric::Views),
    ("OUTBOUND_CLICK", Metric::Clicks),
    ("SAVE", Metric::Saves),
    ("TOTAL_COMMENTS", Metric::Comments),
    ("TOTAL_REACTIONS", Metric::Likes),
];
const VIDEO: (&str, Metric) = ("VIDEO_MRC_VIEW", Metric::VideoViews);

/// Reads one pin after the other.
pub async fn metrics(
    ctx: &Ctx,
    session: &Session,
    posts: &[LivePost],
) -> Result<Vec<Reading>, Failure> {
    let mut readings = Vec::with_capacity(posts.len());
    for post in posts {
        readings.push(read(ctx, session, post).await?);
    }
    Ok(readings)
}

async fn read(ctx: &Ctx, session: &Session, post: &LivePost) -> Result<Reading, Failure> {
    let video = post.has_video.then_some(&VIDEO);
    let wanted: Vec<_> = PIN.iter().chain(video).collect();
    let names: Vec<_> = wanted.iter().map(|(name, _)| *name).collect();
    let day = |time: chrono::DateTime<chrono::Utc>| time.format("%Y-%m-%d").to_string();
    let url = api::url(ctx, &format!("/pins/{}/analytics", post.remote_id));
    let request = Request::get(url)
        .query("start_date", day(post.published_at))
        .query("end_date", day(ctx.clock.now()))
        .query("metric_types", names.join(","));
    let answer = match api::call(ctx, session, request).await {
        Ok(answer) => answer,
        Err(failure) if failure.status == Some(404) => return Ok(Reading::Gone),
        Err(failure) => return Err(failure),
    };
    let body: Value = api::read(&answer)?;
    let mut metrics = Metrics::default();
    for (name, metric) in wanted {
        if let Some(count) = count(&body["all"], name) {
            metrics.add(*metric, count);
        }
    }
    Ok(Reading::Told(metrics))
}

/// A figure since the pin was made; the sum of days that are not counted yet says nothing.
fn count(all: &Value, name: &str) -> Option<i64> {
    let whole = |value: &Value| value.as_f64().map(|count| count as i64);
    let lifetime = whole(&all["lifetime_metrics"][name]);
    let counted = all["daily_metrics"].as_array().is_none_or(|days| {
        let ready = |day: &Value| matches!(day["data_status"].as_str(), Some("READY" | "ESTIMATE"));
        days.iter().any(ready)
    });
    lifetime.or_else(|| whole(&all["summary_metrics"][name]).filter(|_| counted))
}

#[cfg(test)]
mod tests {
    use posthaste_core::ports::ScriptedHttp;
    use serde_json::json;

    use super::*;
    use crate::testing::{ctx, live, query, session};

    async fn read(body: Value, post: LivePost) -> (Metrics, String) {
        let (ctx, http) = ctx([ScriptedHttp::json(200, body)]);
        let told = metrics(&ctx, &session(), &[post]).await.unwrap();
        let Reading::Told(metrics) = told[0].clone() else {
            panic!("{told:?}")
        };
        let asked = http.asked();
        let names = ["start_date", "end_date", "metric_types"].map(|name| query(&asked[0], name));
        (metrics, names.map(Option::unwrap).join(" "))
    }

    #[tokio::test]
    async fn the_days_since_the_pin_was_made_are_summed_up() {
        let body = json!({ "all": {
            "daily_metrics": [{ "date": "2026-11-20", "data_status": "READY", "metrics": {} },
                { "date": "2026-11-22", "data_status": "PROCESSING", "metrics": {} }],
            "lifetime_metrics": { "TOTAL_COMMENTS": 2, "TOTAL_REACTIONS": 7 },
            "summary_metrics": { "IMPRESSION": 240.0, "OUTBOUND_CLICK": 20, "SAVE": 0, "VIDEO_MRC_VIEW": 5 },
        } });
        let video = LivePost {
            has_video: true,
            ..live("9")
        };
        let (metrics, asked) = read(body, video).await;
        let expected = Metrics {
            views: Some(240),
            clicks: Some(20),
            saves: Some(0),
            comments: Some(2),
            likes: Some(7),
            video_views: Some(5),
            ..Metrics::default()
        };
        assert_eq!(metrics, expected);
        assert_eq!(
            asked,
            "2026-11-20 2026-11-22 IMPRESSION,OUTBOUND_CLICK,SAVE,TOTAL_COMMENTS,TOTAL_REACTIONS,VIDEO_MRC_VIEW"
        );
    }

    #[tokio::test]
    async fn days_that_are_not_counted_yet_are_no_zero() {
        let body = json!({ "all": {
            "daily_metrics": [{ "date": "2026-11-22", "data_status": "PROCESSING", "metrics": {} }],
            "lifetime_metrics": {},
            "summary_metrics": { "IMPRESSION": 0, "SAVE": 0 },
        } });
        assert_eq!(read(body, live("9")).await.0, Metrics::default());
    }
}
