//! The one visible call: `POST /2/tweets` (networks.md, 1.3).

use posthaste_core::{
    Network,
    connector::{Ctx, Failure, Outcome, Published, Session},
    ports::{Request, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{api, error, media::Ready};
use crate::answer;

/// The id of a new or deleted post.
#[derive(Deserialize)]
struct Created {
    id: String,
}

/// Publishes `text` with the prepared media.
pub async fn publish(ctx: &Ctx, session: &Session, text: &str, ready: &Value) -> Outcome {
    let Ready { media_ids } = Ready::deserialize(ready).unwrap_or_default();
    // X wants the text even when it is empty (OpenAPI, CreatePostsRequest).
    let mut body = json!({"text": text});
    if !media_ids.is_empty() {
        body["media"] = json!({"media_ids": media_ids});
    }
    let request = Request::post(api::url(ctx, "/tweets"))
        .bearer(&session.access)
        .json(body);
    answer::send_once(ctx, Network::X, request, |response| {
        judge(ctx, session, response)
    })
    .await
}

fn judge(ctx: &Ctx, session: &Session, response: &Response) -> Outcome {
    if !response.is_success() {
        return error::judge_refusal(response);
    }
    match api::data::<Created>(response) {
        Ok(created) if !created.id.is_empty() => Outcome::Published(Published {
            permalink: Some(api::permalink(ctx, session, &created.id)),
            remote_id: created.id,
        }),
        _ => Outcome::Unknown {
            reason: format!(
                "X answered with HTTP {} but without the post's id.",
                response.status
            ),
        },
    }
}

/// Deletes a post; one that is gone is a success.
pub async fn delete(ctx: &Ctx, session: &Session, id: &str) -> Result<(), Failure> {
    let url = api::url(ctx, &format!("/tweets/{id}"));
    let request = Request::new(posthaste_core::ports::Method::Delete, url);
    match api::call(ctx, session, request).await {
        Err(failure) if failure.status != Some(404) => Err(failure),
        _ => Ok(()),
    }
}
