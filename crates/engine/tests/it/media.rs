mod library;
mod public;
mod upload;

use std::io::Cursor;

use bytes::Bytes;
use futures::{StreamExt, stream};
use image::{DynamicImage, ImageFormat};
use posthaste_core::{Error, ErrorCode, access::Role, ids::MediaId, ports::ByteStream};
use posthaste_engine::media::{self, NewUpload};
use posthaste_store::media::Media;

use crate::world::World;

/// A JPEG of this size in pixels.
fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    DynamicImage::new_rgb8(width, height)
        .write_to(&mut file, ImageFormat::Jpeg)
        .unwrap();
    file.into_inner()
}

fn bytes(all: &[u8]) -> ByteStream {
    stream::iter([Ok(Bytes::copy_from_slice(all))]).boxed()
}

/// Bytes after which the connection is lost.
fn cut(all: &[u8]) -> ByteStream {
    let lost = stream::iter([Err(Error::new(ErrorCode::BadRequest, "connection lost"))]);
    bytes(all).chain(lost).boxed()
}

fn new(size: usize) -> NewUpload {
    NewUpload {
        id: None,
        file_name: "cat.jpg".into(),
        bytes: size as u64,
        alt_text: Some("A cat".into()),
    }
}

/// Begins an upload of this many bytes.
async fn begun(world: &World, size: usize) -> MediaId {
    media::begin(&world.app, &world.actor(Role::Editor), new(size))
        .await
        .unwrap()
        .id
}

/// Uploads a file in one go.
async fn uploaded(world: &World, file: &[u8]) -> Media {
    let editor = world.actor(Role::Editor);
    let id = begun(world, file.len()).await;
    media::append(&world.app, &editor, id, 0, bytes(file))
        .await
        .unwrap();
    media::get(&world.app, &editor, id).await.unwrap()
}
