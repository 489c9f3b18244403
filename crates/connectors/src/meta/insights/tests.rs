use posthaste_core::{
    Network,
    ports::{Response, ScriptedHttp, TransportError},
};

use super::*;
use crate::testing::{ctx, query, session};

const WANTED: &[Insight] = &[
    Insight::whole("post_media_view", Metric::Views),
    Insight::whole("post_reactions_by_type_total", Metric::Likes),
    Insight::part("post_activity_by_action_type", "comment", Metric::Comments),
    Insight::part("post_activity_by_action_type", "share", Metric::Shares),
];

type Answer = Result<Response, TransportError>;

fn told(rows: Value) -> Answer {
    ScriptedHttp::json(200, json!({ "data": rows }))
}

fn refused(code: i64, message: &str) -> Answer {
    let error = json!({ "error": { "code": code, "message": message, "type": "OAuthException" } });
    ScriptedHttp::json(400, error)
}

/// What is read from these answers, and which figures were asked for each time.
async fn reading(
    answers: impl IntoIterator<Item = Answer>,
) -> (Result<Reading, Failure>, Vec<String>) {
    let (ctx, http) = ctx(answers);
    let session = session();
    let graph = Graph::new(&ctx, Network::Facebook, &session.access);
    let read = read(&graph, "77_1", WANTED).await;
    let asked = http.asked();
    assert!(asked[0].url.ends_with("/77_1/insights"), "{}", asked[0].url);
    let names = asked
        .iter()
        .map(|request| query(request, "metric").unwrap());
    (read, names.map(str::to_owned).collect())
}

#[tokio::test]
async fn figures_are_numbers_sums_and_parts() {
    let rows = json!([
        { "name": "post_media_view", "values": [{ "value": 340 }] },
        { "name": "post_reactions_by_type_total", "values": [{ "value": { "like": 3, "love": 2 } }] },
        { "name": "post_activity_by_action_type", "total_value": { "value": { "share": 6, "like": 5 } } },
    ]);
    let (read, asked) = reading([told(rows)]).await;
    let metrics = Metrics {
        views: Some(340),
        likes: Some(5),
        comments: Some(0),
        shares: Some(6),
        ..Metrics::default()
    };
    assert_eq!(read, Ok(Reading::Told(metrics)));
    assert_eq!(
        asked,
        [r#"["post_media_view","post_reactions_by_type_total","post_activity_by_action_type"]"#]
    );
}

#[tokio::test]
async fn what_has_no_data_yet_is_empty() {
    let (read, _) = reading([told(json!([]))]).await;
    assert_eq!(read, Ok(Reading::Told(Metrics::default())));
    let early = "(#10) Not enough viewers for the media to show insights";
    let (read, _) = reading([refused(10, early)]).await;
    assert_eq!(read, Ok(Reading::Told(Metrics::default())));
}

#[tokio::test]
async fn one_figure_that_is_not_given_does_not_cost_the_others() {
    let views = json!([{ "name": "post_media_view", "values": [{ "value": 9 }] }]);
    let activity = json!([{ "name": "post_activity_by_action_type", "values": [{ "value": { "comment": 1 } }] }]);
    let invalid = || refused(100, "(#100) The value must be a valid insights metric");
    let answers = [invalid(), told(views), invalid(), told(activity)];
    let (read, asked) = reading(answers).await;
    let metrics = Metrics {
        views: Some(9),
        comments: Some(1),
        shares: Some(0),
        ..Metrics::default()
    };
    assert_eq!(read, Ok(Reading::Told(metrics)));
    assert_eq!(asked.len(), 4);
    assert_eq!(asked[3], r#"["post_activity_by_action_type"]"#);
}

#[tokio::test]
async fn what_is_never_given_is_a_refusal_with_the_reason() {
    let not_yours = || refused(200, "(#200) Provide valid app ID");
    let answers = std::iter::repeat_with(not_yours).take(4);
    let (read, asked) = reading(answers).await;
    assert_eq!(read.unwrap_err().class, FailureClass::Permission);
    assert_eq!(asked.len(), 4);
}

#[tokio::test]
async fn a_limit_among_single_figures_ends_the_reading() {
    let answers = [
        refused(100, "(#100) No."),
        refused(4, "(#4) Too many calls"),
    ];
    let (read, asked) = reading(answers).await;
    let failure = read.unwrap_err();
    assert!(matches!(
        failure.class,
        FailureClass::RateLimited { app_wide: true, .. }
    ));
    assert_eq!(asked.len(), 2);
}

#[tokio::test]
async fn a_post_that_is_gone_is_told() {
    let gone = json!({ "error": { "code": 100, "error_subcode": 33, "message": "Unsupported get request." } });
    let (read, _) = reading([ScriptedHttp::json(400, gone)]).await;
    assert_eq!(read, Ok(Reading::Gone));
}
