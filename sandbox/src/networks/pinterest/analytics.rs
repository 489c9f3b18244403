//! How pins do: `GET /v5/pins/{id}/analytics`.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::super::{answer::Answer, growth::Growth, kinds::Network, log::Post, state::State};
use super::{
    Reply,
    auth::{At, check_id},
    problem::Problem,
};

const READ: [&str; 2] = ["boards:read", "pins:read"];
const STANDARD: [&str; 9] = [
    "IMPRESSION",
    "OUTBOUND_CLICK",
    "PIN_CLICK",
    "SAVE",
    "SAVE_RATE",
    "TOTAL_COMMENTS",
    "TOTAL_REACTIONS",
    "USER_FOLLOW",
    "PROFILE_VISIT",
];
const VIDEO: [&str; 6] = [
    "VIDEO_MRC_VIEW",
    "VIDEO_10S_VIEW",
    "QUARTILE_95_PERCENT_VIEW",
    "VIDEO_V50_WATCH_TIME",
    "VIDEO_START",
    "VIDEO_AVG_WATCH_TIME",
];
/// These count from the pin's first day on, whatever the days asked for.
const LIFETIME: [&str; 2] = ["TOTAL_COMMENTS", "TOTAL_REACTIONS"];
/// How far back days are told.
const DAYS: i64 = 90;

/// `GET /v5/pins/{id}/analytics`.
pub fn read(at: &At<'_>, id: &str) -> Reply {
    at.needs(&READ)?;
    at.only(&[
        "start_date",
        "end_date",
        "app_types",
        "metric_types",
        "split_field",
        "ad_account_id",
    ])?;
    check_id(id)?;
    let now = at.networks.now();
    let (start, end) = days(at, now)?;
    let state = at.networks.state();
    let post = state
        .readable(Network::Pinterest, id, at.call)
        .ok_or_else(Problem::no_pin)?;
    if post.account.id != at.account.id {
        return Err(Problem::forbidden());
    }
    let names = metric_types(at, post)?;
    let days = start.iter_days().take_while(|day| *day <= end);
    let daily: Vec<_> = days
        .map(|day| daily(&state, post, &names, day, now))
        .collect();
    let whole = |part: bool| -> Map<String, Value> {
        let chosen = names
            .iter()
            .filter(|name| LIFETIME.contains(&name.as_str()) == part);
        chosen
            .map(|name| (name.clone(), between(&state, post, name, start, end, now)))
            .collect()
    };
    let body = json!({ "all": {
        "daily_metrics": daily,
        "lifetime_metrics": whole(true),
        "summary_metrics": whole(false),
    } });
    Ok(Answer::json(200, &body))
}

fn days(at: &At<'_>, now: DateTime<Utc>) -> Result<(NaiveDate, NaiveDate), Problem> {
    let day = |name: &str| {
        let text = at.call.query(name).unwrap_or_default();
        let wrong = |_| Problem::invalid(format!("{name} '{text}' is not a date"));
        NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(wrong)
    };
    let (start, end, today) = (day("start_date")?, day("end_date")?, now.date_naive());
    if start > end {
        return Err(Problem::invalid("start_date is after end_date"));
    }
    if start < today - TimeDelta::days(DAYS) {
        return Err(Problem::invalid("start_date is more than 90 days ago"));
    }
    Ok((start, end))
}

/// Those of videos only for videos.
fn metric_types(at: &At<'_>, post: &Post) -> Result<Vec<String>, Problem> {
    let text = at.call.query("metric_types").unwrap_or_default();
    let names: Vec<String> = text.split(',').map(str::to_owned).collect();
    let has_video = post.media.iter().any(|media| media.kind == "video");
    let known = |name: &&String| {
        STANDARD.contains(&name.as_str()) || has_video && VIDEO.contains(&name.as_str())
    };
    match names.iter().find(|name| !known(name)) {
        Some(name) => Err(Problem::invalid(format!("'{name}' is not a metric type"))),
        None => Ok(names),
    }
}

fn daily(
    state: &State,
    post: &Post,
    names: &[String],
    day: NaiveDate,
    now: DateTime<Utc>,
) -> Value {
    let status = if day < post.accepted_at.date_naive() {
        "BEFORE_PIN_CREATED"
    } else if day >= now.date_naive() {
        "ESTIMATE"
    } else {
        "READY"
    };
    let counted = names
        .iter()
        .filter(|name| !LIFETIME.contains(&name.as_str()));
    let metrics: Map<String, Value> = counted
        .map(|name| (name.clone(), between(state, post, name, day, day, now)))
        .collect();
    json!({ "date": day.to_string(), "data_status": status, "metrics": metrics })
}

/// What happened from the first moment of `start` to the last of `end`.
fn between(
    state: &State,
    post: &Post,
    name: &str,
    start: NaiveDate,
    end: NaiveDate,
    now: DateTime<Utc>,
) -> Value {
    let begin = |day: NaiveDate| day.and_time(chrono::NaiveTime::MIN).and_utc();
    let at = |time: DateTime<Utc>| figure(&Growth::of(state, post, time.min(now)), name);
    let until = at(begin(end) + TimeDelta::days(1));
    let before = if LIFETIME.contains(&name) {
        0
    } else {
        at(begin(start))
    };
    if name == "SAVE_RATE" {
        let growth = Growth::of(state, post, now);
        return json!(growth.saves as f64 / growth.views.max(1) as f64);
    }
    json!(until - before)
}

fn figure(growth: &Growth, name: &str) -> u64 {
    match name {
        "IMPRESSION" => growth.views,
        "OUTBOUND_CLICK" => growth.clicks,
        "PIN_CLICK" => growth.clicks * 2,
        "SAVE" => growth.saves,
        "TOTAL_COMMENTS" => growth.comments,
        "TOTAL_REACTIONS" => growth.likes,
        "VIDEO_MRC_VIEW" | "VIDEO_START" => growth.plays,
        "VIDEO_10S_VIEW" => growth.plays / 2,
        "QUARTILE_95_PERCENT_VIEW" => growth.plays / 4,
        _ => 0,
    }
}
