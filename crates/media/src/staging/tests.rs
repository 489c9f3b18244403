use std::time::Duration;

use bytes::Bytes;
use futures::{channel::mpsc, stream};
use posthaste_core::ports::MemoryBlobs;

use super::*;

const MAX: u64 = 1_000_000;

fn bytes(text: &'static str) -> ByteStream {
    stream::iter([Ok(Bytes::from(text))]).boxed()
}

fn setup() -> (tempfile::TempDir, Staging, BlobStore) {
    let dir = tempfile::tempdir().unwrap();
    let blobs = BlobStore::local(dir.path().join("blobs")).unwrap();
    let staging = Staging::local(dir.path().join("uploads")).unwrap();
    (dir, staging, blobs)
}

async fn text(blobs: &dyn Blobs, key: &str) -> String {
    let parts = blobs.read(key, 0..1000).await.unwrap();
    let parts: Vec<Bytes> = parts.try_collect().await.unwrap();
    String::from_utf8(parts.concat()).unwrap()
}

#[tokio::test]
async fn parts_are_appended_and_hashed() {
    let (_dir, staging, _) = setup();
    assert_eq!(staging.offset("u").await.unwrap(), 0);
    assert_eq!(staging.append("u", 0, bytes("ab"), MAX).await.unwrap(), 2);
    assert_eq!(staging.append("u", 2, bytes("c"), MAX).await.unwrap(), 3);
    assert_eq!(staging.offset("u").await.unwrap(), 3);
    let finished = staging.finish("u").await.unwrap();
    assert_eq!(finished.bytes, 3);
    let hex = finished.sha256.map(|byte| format!("{byte:02x}")).concat();
    // FIPS 180-2, appendix B.1
    assert_eq!(
        hex,
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
}

#[tokio::test]
async fn a_wrong_offset_is_refused_and_changes_nothing() {
    let (_dir, staging, _) = setup();
    let error = staging.append("u", 5, bytes("x"), MAX).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::UploadOffsetMismatch);
    assert_eq!(
        error.message,
        "The part starts at byte 5, but the upload stands at byte 0. Go on from byte 0."
    );
    staging.append("u", 0, bytes("abc"), MAX).await.unwrap();
    for offset in [0, 2, 4] {
        let error = staging
            .append("u", offset, bytes("x"), MAX)
            .await
            .unwrap_err();
        assert_eq!(error.code, ErrorCode::UploadOffsetMismatch);
        assert!(
            error.message.contains("stands at byte 3"),
            "{}",
            error.message
        );
    }
    assert_eq!(staging.offset("u").await.unwrap(), 3);
}

#[tokio::test]
async fn too_much_is_refused_and_what_fits_is_kept() {
    let (_dir, staging, _) = setup();
    assert_eq!(staging.append("u", 0, bytes("abcd"), 4).await.unwrap(), 4);
    let error = staging.append("u", 4, bytes("e"), 4).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::MediaTooLarge);
    assert_eq!(staging.offset("u").await.unwrap(), 4);
}

#[tokio::test]
async fn a_cut_connection_keeps_what_arrived() {
    let (_dir, staging, _) = setup();
    let cut = stream::iter([Err(Error::new(ErrorCode::BadRequest, "cut"))]);
    let error = staging
        .append("u", 0, bytes("abc").chain(cut).boxed(), MAX)
        .await
        .unwrap_err();
    assert_eq!(error.message, "cut");
    assert_eq!(staging.append("u", 3, bytes("d"), MAX).await.unwrap(), 4);
}

#[tokio::test]
async fn a_second_writer_is_refused_until_the_first_is_done() {
    let (_dir, staging, _) = setup();
    let (mut sender, receiver) = mpsc::channel(1);
    let first = tokio::spawn({
        let staging = staging.clone();
        async move { staging.append("u", 0, receiver.boxed(), MAX).await }
    });
    sender.try_send(Ok(Bytes::from("ab"))).unwrap();
    while staging.offset("u").await.unwrap() < 2 {
        tokio::task::yield_now().await;
    }
    let error = staging.append("u", 2, bytes("x"), MAX).await.unwrap_err();
    assert_eq!(
        (error.code, error.retry_after),
        (ErrorCode::UploadOffsetMismatch, Some(1))
    );
    assert_eq!(staging.sweep(DateTime::<Utc>::MAX_UTC).await.unwrap(), 0);
    drop(sender);
    assert_eq!(first.await.unwrap().unwrap(), 2);
    assert_eq!(staging.append("u", 2, bytes("c"), MAX).await.unwrap(), 3);
}

#[tokio::test]
async fn a_large_stream_passes_through() {
    let (_dir, staging, blobs) = setup();
    let staging = staging.moving_into(&blobs);
    let part = Bytes::from(vec![7; 1 << 16]);
    let stream = stream::iter((0..1024).map(move |_| Ok(part.clone()))).boxed();
    assert_eq!(
        staging.append("u", 0, stream, u64::MAX).await.unwrap(),
        64 << 20
    );
    assert_eq!(staging.finish("u").await.unwrap().bytes, 64 << 20);
    assert_eq!(
        staging.into_blob("u", &blobs, "big").await.unwrap(),
        64 << 20
    );
    assert_eq!(blobs.size("big").await.unwrap(), Some(64 << 20));
}

#[tokio::test]
async fn a_finished_upload_becomes_a_blob_by_rename_or_copy() {
    let (_dir, staging, local) = setup();
    let memory = MemoryBlobs::default();
    let moving = staging.clone().moving_into(&local);
    let cases: [(&Staging, &dyn Blobs); 3] =
        [(&moving, &local), (&staging, &local), (&staging, &memory)];
    for (index, (staging, blobs)) in cases.into_iter().enumerate() {
        let blob_key = format!("media/{index}");
        staging.append("u", 0, bytes("abc"), MAX).await.unwrap();
        assert_eq!(staging.into_blob("u", blobs, &blob_key).await.unwrap(), 3);
        assert_eq!(text(blobs, &blob_key).await, "abc");
        assert_eq!(staging.offset("u").await.unwrap(), 0, "the upload is gone");
        assert_eq!(
            staging.into_blob("u", blobs, &blob_key).await.unwrap(),
            3,
            "again"
        );
    }
}

#[tokio::test]
async fn nothing_cannot_be_finished() {
    let (_dir, staging, blobs) = setup();
    let error = staging.finish("u").await.unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidState);
    let error = staging.into_blob("u", &blobs, "b").await.unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidState);
}

#[tokio::test]
async fn old_uploads_are_swept_and_aborted_ones_are_gone() {
    let (dir, staging, _) = setup();
    for upload in ["old", "new", "aborted"] {
        staging.append(upload, 0, bytes("abc"), MAX).await.unwrap();
    }
    staging.abort("aborted").await.unwrap();
    staging.abort("aborted").await.unwrap();
    let path = dir.path().join("uploads/old.part");
    let file = OpenOptions::new().write(true).open(path).unwrap();
    let new = file.metadata().unwrap().modified().unwrap();
    file.set_modified(new - Duration::from_hours(2)).unwrap();
    let hour_ago = DateTime::<Utc>::from(new - Duration::from_hours(1));
    assert_eq!(staging.sweep(hour_ago).await.unwrap(), 1);
    let left = ["old", "new", "aborted"].map(|upload| staging.offset(upload));
    assert_eq!(
        futures::future::try_join_all(left).await.unwrap(),
        [0, 3, 0]
    );
}

#[tokio::test]
async fn upload_keys_are_checked() {
    let (_dir, staging, _) = setup();
    for key in ["", "..", "../u", "a/b", ".u"] {
        assert!(staging.append(key, 0, bytes("x"), MAX).await.is_err());
        assert!(staging.abort(key).await.is_err());
    }
}
