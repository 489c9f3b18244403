use bytes::Bytes;
use chrono::TimeDelta;
use futures::{StreamExt, stream};
use posthaste_core::{ErrorCode, access::Role, event::EventType, media::MediaFormat};
use posthaste_engine::media::{self, NewUpload, ORIGINAL, blob_key};
use posthaste_store::media::Status;
use sha2::{Digest, Sha256};

use super::{begun, bytes, cut, jpeg, new};
use crate::world::World;

#[tokio::test]
async fn a_file_in_three_pieces_becomes_ready() {
    let world = World::new().await;
    let editor = world.actor(Role::Editor);
    let file = jpeg(320, 200);
    let row = media::begin(&world.app, &editor, new(file.len()))
        .await
        .unwrap();
    assert_eq!(
        (row.status, row.expires_at),
        (
            Status::Uploading,
            Some(world.app.now() + TimeDelta::hours(24))
        )
    );

    for (from, to) in [(0, 100), (100, 101), (101, file.len())] {
        let end = media::append(
            &world.app,
            &editor,
            row.id,
            from as u64,
            bytes(&file[from..to]),
        )
        .await
        .unwrap();
        assert_eq!(end, to as u64);
    }

    let row = media::get(&world.app, &editor, row.id).await.unwrap();
    let facts = row.facts.unwrap().0;
    assert_eq!(row.status, Status::Ready);
    assert_eq!(
        (facts.format, facts.width, facts.height),
        (MediaFormat::Jpeg, 320, 200)
    );
    assert_eq!(facts.bytes, file.len() as u64);
    assert_eq!(row.sha256.unwrap(), Sha256::digest(&file).to_vec());
    assert_eq!(row.expires_at, None);
    let key = blob_key(world.workspace, row.id, ORIGINAL);
    assert_eq!(
        world.app.blobs.size(&key).await.unwrap(),
        Some(file.len() as u64)
    );
    assert_eq!(
        world.app.staging.offset(&row.id.to_string()).await.unwrap(),
        0
    );
    let events = world.events().await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].kind, EventType::MediaReady.as_str());
    assert_eq!(events[0].media_id, Some(row.id.uuid()));
    assert_eq!(events[0].provenance.0, editor.provenance);
}

#[tokio::test]
async fn an_upload_goes_on_after_a_cut() {
    let world = World::new().await;
    let editor = world.actor(Role::Editor);
    let file = jpeg(64, 64);
    let id = begun(&world, file.len()).await;
    let lost = media::append(&world.app, &editor, id, 0, cut(&file[..50]))
        .await
        .unwrap_err();
    assert_eq!(lost.code, ErrorCode::BadRequest);

    let (arrived, row) = media::offset(&world.app, &editor, id).await.unwrap();
    assert_eq!((arrived, row.status), (50, Status::Uploading));
    media::append(&world.app, &editor, id, 50, bytes(&file[50..]))
        .await
        .unwrap();
    let (arrived, row) = media::offset(&world.app, &editor, id).await.unwrap();
    assert_eq!((arrived, row.status), (file.len() as u64, Status::Ready));
}

#[tokio::test]
async fn a_part_at_another_place_is_refused() {
    let world = World::new().await;
    let editor = world.actor(Role::Editor);
    let file = jpeg(64, 64);
    let id = begun(&world, file.len()).await;
    media::append(&world.app, &editor, id, 0, bytes(&file[..50]))
        .await
        .unwrap();
    for wrong in [0, 49, 51] {
        let error = media::append(&world.app, &editor, id, wrong, bytes(&file[50..]))
            .await
            .unwrap_err();
        assert_eq!(error.code, ErrorCode::UploadOffsetMismatch);
        assert!(error.message.contains("byte 50"), "{}", error.message);
    }
    media::append(&world.app, &editor, id, 50, bytes(&file[50..]))
        .await
        .unwrap();
    let error = media::append(&world.app, &editor, id, 50, bytes(b"more"))
        .await
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::UploadOffsetMismatch);
    // Repeating the last request when its answer was lost does no harm.
    let end = media::append(&world.app, &editor, id, file.len() as u64, bytes(b""))
        .await
        .unwrap();
    assert_eq!(end, file.len() as u64);
    assert_eq!(world.events().await.len(), 1);
}

#[tokio::test]
async fn more_than_announced_is_refused_and_the_upload_can_go_on() {
    let world = World::new().await;
    let editor = world.actor(Role::Editor);
    let file = jpeg(64, 64);
    let id = begun(&world, file.len()).await;
    let longer = [&file[..], b"x"].concat();
    let error = media::append(&world.app, &editor, id, 0, bytes(&longer))
        .await
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::MediaTooLarge);
    assert_eq!(media::offset(&world.app, &editor, id).await.unwrap().0, 0);
    media::append(&world.app, &editor, id, 0, bytes(&file))
        .await
        .unwrap();
    assert_eq!(
        media::get(&world.app, &editor, id).await.unwrap().status,
        Status::Ready
    );
}

#[tokio::test]
async fn all_violations_are_named_at_once() {
    let world = World::new().await;
    let editor = world.actor(Role::Editor);
    let refused = |file_name: String, bytes: u64, alt_text: Option<String>| {
        let upload = NewUpload {
            id: None,
            file_name,
            bytes,
            alt_text,
        };
        async {
            let errors = media::begin(&world.app, &editor, upload).await.unwrap_err();
            errors
                .iter()
                .map(|error| (error.path_text(), error.code))
                .collect::<Vec<_>>()
        }
    };
    let field = |path: &str, code| (path.to_owned(), code);
    assert_eq!(
        refused(" ".into(), 0, Some("x".repeat(2001))).await,
        [
            field("fileName", ErrorCode::InvalidInput),
            field("bytes", ErrorCode::InvalidInput),
            field("altText", ErrorCode::AltTextTooLong),
        ],
    );
    assert_eq!(
        refused("é".repeat(256), media::MAX_BYTES + 1, Some("a\0b".into())).await,
        [
            field("fileName", ErrorCode::InvalidInput),
            field("bytes", ErrorCode::MediaTooLarge),
            field("altText", ErrorCode::InvalidInput),
        ],
    );
    assert_eq!(
        refused("a\nb.jpg".into(), 1, None).await,
        [field("fileName", ErrorCode::InvalidInput)]
    );
    let largest = NewUpload {
        id: None,
        file_name: "é".repeat(255),
        bytes: media::MAX_BYTES,
        alt_text: None,
    };
    assert_eq!(
        media::begin(&world.app, &editor, largest)
            .await
            .unwrap()
            .bytes,
        2_147_483_647
    );
}

#[tokio::test]
async fn a_chosen_id_serves_once() {
    let world = World::new().await;
    let editor = world.actor(Role::Editor);
    let id = begun(&world, 10).await;
    let again = NewUpload {
        id: Some(id),
        ..new(11)
    };
    let errors = media::begin(&world.app, &editor, again).await.unwrap_err();
    assert_eq!(
        (errors[0].code, errors[0].path_text()),
        (ErrorCode::AlreadyExists, "id".into())
    );
}

#[tokio::test]
async fn an_upload_is_over_after_a_day() {
    let world = World::new().await;
    let editor = world.actor(Role::Editor);
    let id = begun(&world, 10).await;
    media::append(&world.app, &editor, id, 0, bytes(b"half"))
        .await
        .unwrap();
    world
        .clock
        .advance(TimeDelta::hours(24) - TimeDelta::seconds(1));
    assert_eq!(media::sweep(&world.app).await.unwrap(), 0);
    assert_eq!(media::offset(&world.app, &editor, id).await.unwrap().0, 4);

    world.clock.advance(TimeDelta::seconds(1));
    let error = media::append(&world.app, &editor, id, 4, bytes(b"x"))
        .await
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::UploadExpired);
    assert_eq!(
        media::offset(&world.app, &editor, id)
            .await
            .unwrap_err()
            .code,
        ErrorCode::UploadExpired
    );
    assert_eq!(media::sweep(&world.app).await.unwrap(), 1);
    assert_eq!(
        media::get(&world.app, &editor, id).await.unwrap_err().code,
        ErrorCode::NotFound
    );
    assert_eq!(world.app.staging.offset(&id.to_string()).await.unwrap(), 0);
}

#[tokio::test]
async fn a_crash_while_the_file_is_looked_at_loses_nothing() {
    let world = World::new().await;
    let editor = world.actor(Role::Editor);
    let file = jpeg(64, 64);
    // Cut before the status was changed, after it, and after the bytes were moved; found by the
    // client's next request, or by the sweep ten minutes later.
    for (step, by_client) in [(0, true), (1, true), (2, true), (1, false), (2, false)] {
        let id = begun(&world, file.len()).await;
        let key = id.to_string();
        world
            .app
            .staging
            .append(&key, 0, bytes(&file), file.len() as u64)
            .await
            .unwrap();
        if step > 0 {
            let mut conn = world.db().get().await.unwrap();
            posthaste_store::media::begin_processing(
                &mut conn,
                id,
                world.app.now() + TimeDelta::minutes(10),
            )
            .await
            .unwrap();
        }
        if step > 1 {
            let blob = blob_key(world.workspace, id, ORIGINAL);
            world
                .app
                .staging
                .into_blob(&key, &*world.app.blobs, &blob)
                .await
                .unwrap();
        }
        if by_client {
            let (arrived, row) = media::offset(&world.app, &editor, id).await.unwrap();
            assert_eq!((arrived, row.status), (file.len() as u64, Status::Ready));
        } else {
            // Not while somebody may still be looking at it.
            media::sweep(&world.app).await.unwrap();
            assert_eq!(
                media::get(&world.app, &editor, id).await.unwrap().status,
                Status::Processing
            );
            world.clock.advance(TimeDelta::minutes(10));
            assert_eq!(media::sweep(&world.app).await.unwrap(), 0);
            assert_eq!(
                media::get(&world.app, &editor, id).await.unwrap().status,
                Status::Ready
            );
        }
    }
    assert_eq!(world.events().await.len(), 5);
}

#[tokio::test]
async fn the_outcome_is_written_once_when_several_ask_at_once() {
    let world = World::new().await;
    let editor = world.actor(Role::Editor);
    let file = jpeg(64, 64);
    let id = begun(&world, file.len()).await;
    world
        .app
        .staging
        .append(&id.to_string(), 0, bytes(&file), file.len() as u64)
        .await
        .unwrap();
    let asked = (0..4).map(|_| media::offset(&world.app, &editor, id));
    for answer in futures::future::join_all(asked).await {
        assert_eq!(answer.unwrap().1.status, Status::Ready);
    }
    assert_eq!(world.events().await.len(), 1);
}

#[tokio::test]
async fn a_damaged_file_says_why_and_is_cleared_away_after_a_day() {
    let world = World::new().await;
    let editor = world.actor(Role::Editor);
    for (file, code) in [
        (jpeg(64, 64)[..40].to_vec(), "MEDIA_UNREADABLE"),
        (b"%PDF-1.7 is no picture".to_vec(), "MEDIA_TYPE_UNSUPPORTED"),
    ] {
        let row = super::uploaded(&world, &file).await;
        assert_eq!(
            (row.status, row.error_code.as_deref()),
            (Status::Failed, Some(code))
        );
        assert!(!row.error_message.unwrap().is_empty());
        let events = world.events().await;
        let event = events.last().unwrap();
        assert_eq!(
            (event.kind.as_str(), &event.data.0["code"]),
            ("media.failed", &code.into())
        );
        world.clock.advance(TimeDelta::hours(24));
        assert_eq!(media::sweep(&world.app).await.unwrap(), 1);
        assert_eq!(
            media::get(&world.app, &editor, row.id)
                .await
                .unwrap_err()
                .code,
            ErrorCode::NotFound
        );
        let blob = blob_key(world.workspace, row.id, ORIGINAL);
        assert_eq!(world.app.blobs.size(&blob).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_large_upload_never_lies_in_memory_as_a_whole() {
    const PIECE: usize = 256 * 1024;
    const PIECES: usize = 1024;
    let world = World::new().await;
    let editor = world.actor(Role::Editor);
    let id = begun(&world, PIECE * PIECES + 1).await;
    // Each piece is made when asked for, so only those held back anywhere take memory.
    let pieces =
        stream::iter((0..PIECES).map(|index| Ok(Bytes::from(vec![index as u8; PIECE])))).boxed();
    let before = peak_kilobytes();
    let end = media::append(&world.app, &editor, id, 0, pieces)
        .await
        .unwrap();
    assert_eq!(end, 256 * 1024 * 1024);
    assert_eq!(
        world.app.staging.offset(&id.to_string()).await.unwrap(),
        256 * 1024 * 1024
    );
    assert!(
        peak_kilobytes() - before < 32 * 1024,
        "{before} → {} kB",
        peak_kilobytes()
    );
}

/// The most memory this process has had so far (Linux).
fn peak_kilobytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test]
async fn a_file_of_unknown_length_is_taken_in_one_go() {
    let world = World::new().await;
    let editor = world.actor(Role::Editor);
    let file = jpeg(64, 64);
    let received = media::receive(&world.app, &editor, bytes(&file))
        .await
        .unwrap();
    let row = media::keep(&world.app, &editor, received, " cat.jpg ", Some("A cat"))
        .await
        .unwrap();
    assert_eq!(
        (row.status, row.bytes, row.file_name.as_str()),
        (Status::Ready, file.len() as i64, "cat.jpg")
    );
    assert_eq!(row.alt_text.as_deref(), Some("A cat"));
    assert_eq!(world.events().await.len(), 1);
}

#[tokio::test]
async fn nothing_stays_of_a_file_that_was_cut_or_refused() {
    let world = World::new().await;
    let editor = world.actor(Role::Editor);
    let lost = media::receive(&world.app, &editor, cut(b"half"))
        .await
        .unwrap_err();
    assert_eq!(lost.code, ErrorCode::BadRequest);
    let received = media::receive(&world.app, &editor, bytes(b""))
        .await
        .unwrap();
    let errors = media::keep(&world.app, &editor, received, "", None)
        .await
        .unwrap_err();
    let paths: Vec<_> = errors
        .iter()
        .map(posthaste_core::Error::path_text)
        .collect();
    assert_eq!(paths, ["fileName", "bytes"]);
    let viewer = world.actor(Role::Viewer);
    let refused = media::receive(&world.app, &viewer, bytes(b"x"))
        .await
        .unwrap_err();
    assert_eq!(refused.code, ErrorCode::Forbidden);
    assert_eq!(
        std::fs::read_dir(world.dir.path().join("staging"))
            .unwrap()
            .count(),
        0
    );
    assert_eq!(media::count(&world.app, &editor, None).await.unwrap(), 0);
}
