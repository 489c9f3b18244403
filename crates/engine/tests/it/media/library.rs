use posthaste_core::{
    ErrorCode,
    access::Role,
    event::EventType,
    media::{MediaFacts, MediaFormat},
};
use posthaste_engine::{
    Actor,
    media::{self, ORIGINAL, blob_key},
};
use posthaste_store::{
    PageRequest,
    media::{self as rows, Status},
};

use super::{begun, bytes, jpeg, new, uploaded};
use crate::world::World;

/// The codes of everything an actor may try with another's media.
async fn refusals(world: &World, actor: &Actor) -> Vec<(&'static str, Option<ErrorCode>)> {
    let app = &world.app;
    let id = begun(world, 10).await;
    vec![
        (
            "append",
            media::append(app, actor, id, 0, bytes(b"x"))
                .await
                .err()
                .map(|error| error.code),
        ),
        (
            "offset",
            media::offset(app, actor, id)
                .await
                .err()
                .map(|error| error.code),
        ),
        (
            "set_alt_text",
            media::set_alt_text(app, actor, id, None)
                .await
                .err()
                .map(|error| error.code),
        ),
        (
            "delete",
            media::delete(app, actor, id)
                .await
                .err()
                .map(|error| error.code),
        ),
        (
            "get",
            media::get(app, actor, id)
                .await
                .err()
                .map(|error| error.code),
        ),
    ]
}

#[tokio::test]
async fn another_workspace_finds_nothing() {
    let world = World::new().await;
    let stranger = world.stranger().await;
    for (what, code) in refusals(&world, &stranger).await {
        assert_eq!(code, Some(ErrorCode::NotFound), "{what}");
    }
    assert_eq!(media::count(&world.app, &stranger, None).await.unwrap(), 0);
    assert_eq!(
        media::count(&world.app, &world.actor(Role::Viewer), None)
            .await
            .unwrap(),
        1
    );
}

#[tokio::test]
async fn a_viewer_reads_and_changes_nothing() {
    let world = World::new().await;
    let viewer = world.actor(Role::Viewer);
    for (what, code) in refusals(&world, &viewer).await {
        let expected = (what != "get").then_some(ErrorCode::Forbidden);
        assert_eq!(code, expected, "{what}");
    }
    let errors = media::begin(&world.app, &viewer, new(1)).await.unwrap_err();
    assert_eq!(errors[0].code, ErrorCode::Forbidden);
}

#[tokio::test]
async fn alt_text_is_set_and_removed() {
    let world = World::new().await;
    let editor = world.actor(Role::Editor);
    let id = begun(&world, 10).await;
    for (text, kept) in [
        (Some(" A dog "), Some("A dog")),
        (Some("  "), None),
        (Some("x"), Some("x")),
        (None, None),
    ] {
        let row = media::set_alt_text(&world.app, &editor, id, text)
            .await
            .unwrap();
        assert_eq!(row.alt_text.as_deref(), kept);
    }
    let error = media::set_alt_text(&world.app, &editor, id, Some(&"x".repeat(2001)))
        .await
        .unwrap_err();
    assert_eq!(
        (error.code, error.path_text()),
        (ErrorCode::AltTextTooLong, "altText".into())
    );
}

#[tokio::test]
async fn deleting_takes_the_bytes_of_all_copies() {
    let world = World::new().await;
    let editor = world.actor(Role::Editor);
    let row = uploaded(&world, &jpeg(64, 64)).await;
    let copy = blob_key(world.workspace, row.id, "small");
    world.app.blobs.put(&copy, bytes(b"copy")).await.unwrap();
    let facts = MediaFacts {
        format: MediaFormat::Jpeg,
        ..row.facts.unwrap().0
    };
    rows::insert_rendition(
        &mut world.db().get().await.unwrap(),
        row.id,
        "small",
        &facts,
        world.app.now(),
    )
    .await
    .unwrap();

    media::delete(&world.app, &editor, row.id).await.unwrap();
    for recipe in [ORIGINAL, "small"] {
        let size = world
            .app
            .blobs
            .size(&blob_key(world.workspace, row.id, recipe))
            .await
            .unwrap();
        assert_eq!(size, None, "{recipe}");
    }
    assert_eq!(
        media::get(&world.app, &editor, row.id)
            .await
            .unwrap_err()
            .code,
        ErrorCode::NotFound
    );
    assert_eq!(
        media::delete(&world.app, &editor, row.id)
            .await
            .unwrap_err()
            .code,
        ErrorCode::NotFound
    );
    assert_eq!(
        world.events().await.last().unwrap().kind,
        EventType::MediaDeleted.as_str()
    );
}

#[tokio::test]
async fn an_unfinished_upload_can_be_thrown_away() {
    let world = World::new().await;
    let editor = world.actor(Role::Editor);
    let id = begun(&world, 10).await;
    media::append(&world.app, &editor, id, 0, bytes(b"half"))
        .await
        .unwrap();
    media::delete(&world.app, &editor, id).await.unwrap();
    assert_eq!(world.app.staging.offset(&id.to_string()).await.unwrap(), 0);
}

#[tokio::test]
async fn lists_are_in_the_order_of_creation_and_filter_by_status() {
    let world = World::new().await;
    let viewer = world.actor(Role::Viewer);
    let ready = uploaded(&world, &jpeg(8, 8)).await.id;
    world.clock.advance(chrono::TimeDelta::seconds(1));
    let unfinished = begun(&world, 10).await;
    let page = PageRequest {
        limit: 10,
        after: None,
        before: None,
        from_end: false,
    };
    let ids = |statuses: Option<&'static [Status]>| {
        let (app, viewer, page) = (&world.app, &viewer, &page);
        async move {
            let rows = media::list(app, viewer, statuses, page).await.unwrap().rows;
            assert_eq!(
                media::count(app, viewer, statuses).await.unwrap(),
                rows.len() as i64
            );
            rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
        }
    };
    assert_eq!(ids(None).await, [ready, unfinished]);
    assert_eq!(ids(Some(&[Status::Ready])).await, [ready]);
    assert_eq!(
        ids(Some(&[Status::Uploading, Status::Failed])).await,
        [unfinished]
    );
}
