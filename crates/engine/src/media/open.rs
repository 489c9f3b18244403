use std::ops::Range;

use posthaste_core::{Error, Result, media::MediaFacts, ports::ByteStream};
use posthaste_store::media as rows;

use super::{Address, ORIGINAL, blob_key, verify};
use crate::App;

/// A file behind a signed address, ready to be read.
#[derive(Clone, Debug)]
pub struct Opened {
    /// What the file is.
    pub facts: MediaFacts,
    /// The person's file name.
    pub file_name: String,
    /// Changes when the bytes do, which for one address is never.
    pub tag: String,
    key: String,
}

impl Opened {
    /// The bytes of a range, as a stream.
    pub async fn read(&self, app: &App, range: Range<u64>) -> Result<ByteStream> {
        app.blobs.read(&self.key, range).await
    }
}

/// Opens what a signed address names; `NOT_FOUND` when the address was not made by us, is over, or
/// the copy does not exist. Whoever has the address may read: networks carry no credential.
pub async fn open(app: &App, address: &Address) -> Result<Opened> {
    verify(app, address)?;
    let unknown = || Error::not_found("media");
    let mut conn = app.everywhere().db.get().await?;
    let row = rows::get_signed(&mut conn, address.media).await?;
    let facts = if address.recipe == ORIGINAL {
        row.facts.map(|facts| facts.0)
    } else {
        rows::rendition(&mut conn, row.id, &address.recipe).await?
    };
    Ok(Opened {
        facts: facts.ok_or_else(unknown)?,
        file_name: row.file_name,
        tag: format!("{}-{}", row.id, address.recipe),
        key: blob_key(row.workspace_id, row.id, &address.recipe),
    })
}
