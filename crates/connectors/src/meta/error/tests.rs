use serde_json::json;

use super::*;

fn answer(status: u16, code: i64, subcode: Option<i64>) -> Response {
    let body = json!({"error": {"message": "No.", "code": code, "error_subcode": subcode, "fbtrace_id": "T"}});
    Response {
        status,
        headers: Vec::new(),
        body: body.to_string().into(),
    }
}

fn error(response: &Response) -> GraphError {
    GraphError::read(Network::Facebook, response, DateTime::UNIX_EPOCH, &[])
}

/// The rows of the error catalogue: status, code, subcode, what the visible call comes to.
#[test]
fn every_known_code_of_a_publish_has_its_outcome() {
    let limited = |app_wide| FailureClass::RateLimited {
        until: None,
        app_wide,
    };
    let quota = FailureClass::RateLimited {
        until: Some(DateTime::UNIX_EPOCH + QUOTA_WAIT),
        app_wide: false,
    };
    let unknown = None;
    let cases = [
        (400, 190, None, Some(FailureClass::Reauthorize)),
        (401, 190, Some(458), Some(FailureClass::Reauthorize)),
        (400, 190, Some(463), Some(FailureClass::Reauthorize)),
        (400, 190, Some(492), Some(FailureClass::Reauthorize)),
        (400, 190, Some(2_069_032), Some(FailureClass::Operator)),
        (400, 102, None, Some(FailureClass::Reauthorize)),
        (403, 10, None, Some(FailureClass::Permission)),
        (403, 200, None, Some(FailureClass::Permission)),
        (403, 299, None, Some(FailureClass::Permission)),
        (400, 3, None, Some(FailureClass::Permission)),
        (400, 100, Some(33), Some(FailureClass::Permission)),
        (500, 1, None, unknown.clone()),
        (500, 2, None, unknown.clone()),
        (400, 2, None, unknown.clone()),
        (400, 368, None, unknown.clone()),
        (400, 4, None, Some(limited(true))),
        (400, 341, None, Some(limited(true))),
        (400, 17, None, Some(limited(false))),
        (400, 32, None, Some(limited(false))),
        (400, 613, Some(1996), Some(limited(false))),
        (400, 80_001, None, Some(limited(false))),
        (400, 80_002, None, Some(limited(false))),
        (400, 100, Some(1_390_008), Some(limited(false))),
        (400, 100, None, Some(FailureClass::Rejected)),
        (400, 1_609_005, None, Some(FailureClass::Rejected)),
        (400, 1_363_128, None, Some(FailureClass::Rejected)),
        (400, 100, Some(1_404_078), Some(FailureClass::Operator)),
        (400, -1, Some(2_207_001), unknown.clone()),
        (400, 4, Some(2_207_051), unknown.clone()),
        (400, 24, Some(2_207_006), unknown.clone()),
        (400, 24, Some(2_207_008), unknown.clone()),
        (400, -2, Some(2_207_003), Some(FailureClass::Retry)),
        (400, 9007, Some(2_207_027), Some(FailureClass::Retry)),
        (400, 9, Some(2_207_042), Some(quota)),
        (400, 25, Some(2_207_050), Some(FailureClass::Operator)),
        (400, 1, Some(2_207_057), Some(FailureClass::Rejected)),
        (400, 352, Some(2_207_026), Some(FailureClass::Rejected)),
        (400, 36_003, Some(2_207_009), Some(FailureClass::Rejected)),
        (503, 99_999, None, unknown.clone()),
        (500, 36_003, Some(2_207_009), unknown),
    ];
    for (status, code, subcode, expected) in cases {
        let outcome = error(&answer(status, code, subcode)).into_outcome();
        let class = match outcome {
            Outcome::Failed(failure) => Some(failure.class),
            Outcome::Unknown { .. } => None,
            Outcome::Duplicate { .. } => panic!("{code} is no repetition"),
            Outcome::Published(_) => panic!("{code} is no success"),
        };
        assert_eq!(class, expected, "{status} {code}/{subcode:?}");
    }
}

#[test]
fn a_repetition_is_told_as_such() {
    for (code, subcode) in [(506, Some(1_455_006)), (506, None), (100, Some(1_366_051))] {
        let outcome = error(&answer(400, code, subcode)).into_outcome();
        assert!(matches!(outcome, Outcome::Duplicate { .. }), "{code}");
    }
}

#[test]
fn an_answer_that_is_not_the_graphs_is_doubtful() {
    for status in [400, 404, 502] {
        let response = Response {
            status,
            headers: Vec::new(),
            body: "<html>".into(),
        };
        let outcome = error(&response).into_outcome();
        assert!(matches!(outcome, Outcome::Unknown { .. }), "{status}");
    }
}

#[test]
fn the_limit_ends_when_the_longest_use_case_does() {
    let usage = json!({"1": [{"type": "pages", "estimated_time_to_regain_access": 4}],
        "2": [{"type": "instagram", "estimated_time_to_regain_access": 19}]});
    let mut response = answer(400, 80_001, None);
    let header = ("x-business-use-case-usage".to_owned(), usage.to_string());
    response.headers.push(header);
    assert_eq!(
        error(&response).into_failure().class,
        FailureClass::RateLimited {
            until: Some(DateTime::UNIX_EPOCH + TimeDelta::minutes(19)),
            app_wide: false
        }
    );
}

#[test]
fn the_message_keeps_code_and_trace_but_no_token() {
    let body = json!({"error": {"message": "Malformed access token EAAB123", "code": 190,
        "error_subcode": 467, "fbtrace_id": "T"}});
    let response = Response {
        status: 400,
        headers: Vec::new(),
        body: body.to_string().into(),
    };
    let token = Secret::new("EAAB123");
    let failure = GraphError::read(
        Network::Instagram,
        &response,
        DateTime::UNIX_EPOCH,
        &[&token],
    )
    .into_failure();
    assert_eq!(
        failure,
        Failure {
            class: FailureClass::Reauthorize,
            message: "Instagram says: Malformed access token …. Reconnect the account.".into(),
            status: Some(400),
            remote_code: Some("190/467".into()),
            request_id: Some("T".into()),
        }
    );
}
