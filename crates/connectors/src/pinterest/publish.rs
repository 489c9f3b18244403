//! The one visible call: `POST /v5/pins` (networks.md, 4.2).

use posthaste_core::{
    Network,
    connector::{Ctx, Failure, Outcome, Published, Rendition, Session},
    ports::{Method, Request, Response},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{api, error, media::Ready};
use crate::answer;

/// The second whose frame stands for a video; the first one is often black.
const COVER_SECOND: u32 = 1;

/// The id of a new pin.
#[derive(Deserialize)]
struct Created {
    id: String,
}

/// Publishes a pin with this description and the prepared media.
pub async fn publish(
    ctx: &Ctx,
    session: &Session,
    rendition: &Rendition,
    description: &str,
    ready: &Value,
) -> Outcome {
    let request = Request::post(api::url(ctx, "/pins"))
        .bearer(&session.access)
        .json(pin(rendition, description, ready));
    answer::send_once(ctx, Network::Pinterest, request, |response| {
        judge(ctx, response)
    })
    .await
}

fn pin(rendition: &Rendition, description: &str, ready: &Value) -> Value {
    let alt_text = rendition
        .media
        .first()
        .and_then(|media| media.alt_text.as_deref());
    let fields = [
        ("board_id", rendition.destination.as_deref()),
        ("title", rendition.title.as_deref()),
        ("description", Some(description)),
        ("link", rendition.link.as_deref()),
        ("alt_text", alt_text),
    ];
    let mut pin = Map::new();
    for (name, value) in fields {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            pin.insert(name.to_owned(), json!(value));
        }
    }
    pin.insert("media_source".to_owned(), media_source(rendition, ready));
    Value::Object(pin)
}

fn media_source(rendition: &Rendition, ready: &Value) -> Value {
    let Ready { media_id } = Ready::deserialize(ready).unwrap_or_default();
    if let Some(media_id) = media_id {
        return json!({
            "source_type": "video_id",
            "media_id": media_id,
            "cover_image_key_frame_time": COVER_SECOND,
        });
    }
    match rendition.media.as_slice() {
        [picture] => json!({"source_type": "image_url", "url": picture.url}),
        pictures => {
            let items: Vec<_> = pictures
                .iter()
                .map(|picture| json!({"url": picture.url}))
                .collect();
            json!({"source_type": "multiple_image_urls", "items": items, "index": 0})
        }
    }
}

fn judge(ctx: &Ctx, response: &Response) -> Outcome {
    if !response.is_success() {
        return error::judge_refusal(response, ctx.clock.now());
    }
    match api::read::<Created>(response) {
        Ok(created) if !created.id.is_empty() => Outcome::Published(Published {
            permalink: Some(api::permalink(ctx, &created.id)),
            remote_id: created.id,
        }),
        _ => Outcome::Unknown {
            reason: format!(
                "Pinterest answered with HTTP {} but without the pin's id.",
                response.status
            ),
        },
    }
}

/// Deletes a pin; one that is gone is a success.
pub async fn delete(ctx: &Ctx, session: &Session, id: &str) -> Result<(), Failure> {
    let request = Request::new(Method::Delete, api::url(ctx, &format!("/pins/{id}")));
    match api::call(ctx, session, request).await {
        Err(failure) if failure.status != Some(404) => Err(failure),
        _ => Ok(()),
    }
}
