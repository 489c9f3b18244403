use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use posthaste_core::{
    error::{Error, Result},
    media::MediaFacts,
    ports::Blobs,
};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{Plan, make};
use crate::{limits, probe};

/// Pictures decoded at the same time in this process.
const SLOTS: u32 = 2;
/// A picture with more pixels takes all slots.
const LARGE_PIXELS: u64 = 25_000_000;

static FREE: Semaphore = Semaphore::const_new(SLOTS as usize);

/// Carries a plan out on the blob `source_key`, writes the result as `target_key` and returns what
/// it is like. With nothing to make, the blob is copied.
///
/// Waits for its turn, so that memory stays bounded, and computes off the async threads.
/// Errors: those of [`make`] and of the store.
pub async fn render(
    blobs: &dyn Blobs,
    source_key: &str,
    facts: &MediaFacts,
    plan: &Plan,
    target_key: &str,
) -> Result<MediaFacts> {
    if plan.is_as_is() {
        let bytes = blobs.read(source_key, 0..facts.bytes).await?;
        blobs.put(target_key, bytes).await?;
        return Ok(facts.clone());
    }
    limits::check_picture_bytes(facts.bytes)?;
    let turn = turn(facts).await?;
    let original = read(blobs, source_key, facts.bytes).await?;
    let copy = make_aside(original, plan.clone(), turn).await?;
    let size = copy.len() as u64;
    let bytes = stream::iter([Ok(Bytes::from(copy))]).boxed();
    blobs.put(target_key, bytes).await?;
    probe(blobs, target_key, size).await
}

async fn turn(facts: &MediaFacts) -> Result<SemaphorePermit<'static>> {
    let pixels = u64::from(facts.width) * u64::from(facts.height);
    let slots = if pixels > LARGE_PIXELS { SLOTS } else { 1 };
    FREE.acquire_many(slots).await.map_err(Error::internal)
}

async fn read(blobs: &dyn Blobs, key: &str, size: u64) -> Result<Vec<u8>> {
    let mut whole = Vec::with_capacity(size as usize);
    let mut parts = blobs.read(key, 0..size).await?;
    while let Some(part) = parts.try_next().await? {
        whole.extend_from_slice(&part);
    }
    Ok(whole)
}

/// Computes on a blocking thread. The turn goes along: when the caller gives up, the computing
/// goes on and still needs the memory.
async fn make_aside(
    original: Vec<u8>,
    plan: Plan,
    turn: SemaphorePermit<'static>,
) -> Result<Vec<u8>> {
    let work = tokio::task::spawn_blocking(move || {
        let made = make(original, &plan);
        drop(turn);
        made
    });
    work.await.map_err(|error| {
        // A decoder that panics has met a file it cannot read; a repeat would not help.
        probe::unreadable("a picture", "its pixels are damaged").caused_by(error)
    })?
}
