use posthaste_core::ErrorCode;

use super::{NewPost, Violations, Written, create, get};
use crate::{Actor, App, idempotency::Once};

/// As [`create`], for a request that may have come this far in an earlier run: then the answer is the
/// post that was written there, as it is now.
pub async fn create_once(
    app: &App,
    actor: &Actor,
    mut new: NewPost,
    once: &Once,
) -> Result<Written, Violations> {
    let id = *new.id.get_or_insert_with(|| once.id());
    if once.is_repeat() {
        match get(app, actor, id).await {
            Ok(post) if once.made(actor, &post.provenance, post.created_at) => {
                return Ok(Written {
                    post,
                    warnings: Vec::new(),
                    trial: None,
                });
            }
            Err(error) if error.code != ErrorCode::NotFound => return Err(vec![error]),
            _ => {}
        }
    }
    create(app, actor, new).await
}
