//! `POST rupload.facebook.com/ig-api-upload/{v}/{container}`.

use serde_json::json;

use super::super::{Graph, auth, route::At, transfer::Trouble};
use super::{Right, allowed, create, error::Problem};
use crate::networks::{answer::Answer, fetch::FetchError};

/// Takes bytes, or the URL of a hosted file.
pub async fn upload(at: &At<'_>) -> Graph {
    auth::instagram(&at.networks.state(), &at.bearer, at.account)?;
    allowed(at, Right::Publish)?;
    let media = if let Some(url) = at.call.header("file_url") {
        let fetched = at.networks.fetch(url, super::checks::MAX_REEL).await;
        fetched.map_err(|error| match error {
            FetchError::TooSlow => Problem::SlowDownload,
            _ => Problem::Unreachable,
        })
    } else {
        let taken = {
            let mut state = at.networks.state();
            let container = state.meta.instagram.containers.get_mut(at.id);
            let container = container.filter(|c| c.ready_at_ms.is_none());
            container
                .ok_or_else(|| at.no_object())?
                .transfer
                .take(at.call)
        };
        match taken {
            Ok(file) => Ok(at.networks.keep(&file)),
            Err(trouble) => return Ok(trouble.answer("Request processing failed")),
        }
    };
    let failed = media.is_err();
    create::arrive(at.networks, at.id, media);
    if failed {
        return Ok(Trouble::Processing.answer("The hosted file could not be fetched"));
    }
    Ok(Answer::json(
        200,
        &json!({ "success": true, "message": "Upload successful." }),
    ))
}
