//! Bulk jobs over HTTP: the file on its way in (tus 1.0.0), the results on their way out.

use axum::{
    body::Body,
    extract::Path,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::TryStreamExt;
use posthaste_core::{Error, Result, error::docs_path, ids::JobId, post::Problem as LineProblem};
use posthaste_engine::{App, bulk};
use posthaste_store::job::JobResult;
use serde_json::{Value, json};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    ApiState, Problem, Refusal, RequestId,
    request::{Sender, body},
    tus::{TUS_RESUMABLE, VERSION, Version, part, standing, taken},
};

/// The routes of bulk jobs.
pub fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(offset, append, terminate))
        .routes(routes!(results))
}

/// How many bytes of a job's file have arrived.
#[utoipa::path(
    head,
    path = "/bulk/{id}",
    tag = "bulk",
    params(("id" = String, Path, description = "The job (`job_…`).")),
    responses(
        (status = 200, description = "Upload-Offset tells where to go on, Upload-Length the whole."),
        (status = 404, description = "NOT_FOUND.", body = Problem),
        (status = 410, description = "UPLOAD_EXPIRED.", body = Problem),
    ),
)]
async fn offset(
    _: Version,
    Sender(app, actor): Sender,
    request: RequestId,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let stands = async { bulk::offset(&app, &actor, parse(&id)?).await };
    let (arrived, job) = stands
        .await
        .map_err(|error| Refusal::new(&app, &request, error))?;
    Ok(standing(arrived, job.bytes, job.expires_at))
}

/// Takes bytes of a job's file. With the last ones the job is QUEUED and runs by itself.
#[utoipa::path(
    patch,
    path = "/bulk/{id}",
    tag = "bulk",
    params(
        ("id" = String, Path, description = "The job (`job_…`)."),
        ("Upload-Offset" = u64, Header, description = "Where the part starts."),
    ),
    request_body(content_type = "application/offset+octet-stream", description = "The part."),
    responses(
        (status = 204, description = "Upload-Offset tells where to go on."),
        (status = 409, description = "UPLOAD_OFFSET_MISMATCH.", body = Problem),
        (status = 410, description = "UPLOAD_EXPIRED.", body = Problem),
        (status = 413, description = "MEDIA_TOO_LARGE: more bytes than announced.", body = Problem),
        (status = 415, description = "UNSUPPORTED_MEDIA_TYPE.", body = Problem),
    ),
)]
async fn append(
    _: Version,
    Sender(app, actor): Sender,
    request: RequestId,
    Path(id): Path<String>,
    headers: HeaderMap,
    bytes: Body,
) -> Result<Response, Refusal> {
    let app = &app;
    let outcome = async {
        let start = part(&headers)?;
        let id = parse(&id)?;
        let end = bulk::append(app, &actor, id, start, body(bytes)).await?;
        let job = bulk::get(app, &actor, id).await?;
        Ok(taken(end, job.expires_at))
    };
    outcome
        .await
        .map_err(|error| Refusal::new(app, &request, error))
}

/// Stops a job, also one whose file is still on its way.
#[utoipa::path(
    delete,
    path = "/bulk/{id}",
    tag = "bulk",
    params(("id" = String, Path, description = "The job (`job_…`).")),
    responses(
        (status = 204, description = "It is CANCELLED."),
        (status = 404, description = "NOT_FOUND.", body = Problem),
        (status = 409, description = "INVALID_STATE: it is over already.", body = Problem),
    ),
)]
async fn terminate(
    _: Version,
    Sender(app, actor): Sender,
    request: RequestId,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let stopped = async { bulk::cancel(&app, &actor, parse(&id)?).await };
    stopped
        .await
        .map_err(|error| Refusal::new(&app, &request, error))?;
    Ok((StatusCode::NO_CONTENT, [(TUS_RESUMABLE, VERSION)]).into_response())
}

/// The results of a job so far as JSONL: one object for each line that is done, in their order.
///
/// `{"line":2,"outcome":"INVALID","key":"spring-2","postId":null,"errors":[…],"warnings":[]}`; errors and
/// warnings carry code, message, advice, path and docsUrl.
#[utoipa::path(
    get,
    path = "/bulk/{id}/results",
    tag = "bulk",
    params(("id" = String, Path, description = "The job (`job_…`).")),
    responses(
        (status = 200, description = "The results.", content_type = "application/jsonl"),
        (status = 404, description = "NOT_FOUND.", body = Problem),
    ),
)]
async fn results(
    Sender(app, actor): Sender,
    request: RequestId,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let rows = async {
        let id = parse(&id)?;
        Ok((id, bulk::all_results(&app, &actor, id).await?))
    };
    let (id, rows) = rows
        .await
        .map_err(|error| Refusal::new(&app, &request, error))?;
    let lines = rows.map_ok(move |row| Bytes::from(format!("{}\n", line(&app, &row))));
    let headers = [
        (header::CONTENT_TYPE, "application/jsonl".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{id}.results.jsonl\""),
        ),
    ];
    Ok((headers, Body::from_stream(lines)).into_response())
}

fn line(app: &App, row: &JobResult) -> Value {
    let told = |errors: bool| -> Vec<Value> {
        let problems = row.problems.iter();
        problems
            .filter(|problem| problem.is_error() == errors)
            .map(|problem| shown(app, problem))
            .collect()
    };
    json!({
        "line": row.line,
        "outcome": row.outcome.as_str(),
        "key": row.key,
        "postId": row.post_id,
        "errors": told(true),
        "warnings": told(false),
    })
}

fn shown(app: &App, problem: &LineProblem) -> Value {
    json!({
        "code": problem.code,
        "message": problem.message,
        "advice": problem.code.advice(),
        "path": problem.path,
        "docsUrl": format!("{}{}", app.public_url, docs_path(problem.code)),
    })
}

fn parse(id: &str) -> Result<JobId> {
    id.parse().map_err(|error: Error| error.at(["id"]))
}
