//! What a network can publish, by its capabilities.

use posthaste_core::{
    connector::{Capabilities, Rendition, RenditionMedia},
    media::MediaFormat,
    post::ContentKind,
};

use crate::world::World;

/// A link as the product writes it: with a parameter that makes it unique.
pub const LINK: &str = "https://harbor.example/bread?utm_source=posthaste&utm_content=p1";

/// A post with a name for messages.
pub struct Case {
    pub name: &'static str,
    pub rendition: Rendition,
}

/// The simplest post the network takes.
pub async fn simplest(world: &World, text: &str) -> Rendition {
    let mut rendition = Rendition {
        kind: ContentKind::Feed,
        text: text.to_owned(),
        title: None,
        link: None,
        media: Vec::new(),
        destination: world.board.clone(),
    };
    if world.connector.capabilities().media_required {
        rendition.media.push(picture(world).await);
    }
    rendition
}

/// A square picture that every network takes.
pub async fn picture(world: &World) -> RenditionMedia {
    world.files.picture(MediaFormat::Jpeg, 640, 640).await
}

/// An upright video that every network takes: Facebook wants 540 × 960 at least, X 1280 × 1024 at
/// most.
pub async fn video(world: &World) -> RenditionMedia {
    world.files.video(540, 960, 5, 30).await
}

/// Every kind of post the network takes.
pub async fn all(world: &World) -> Vec<Case> {
    let capabilities = world.connector.capabilities();
    let mut cases = Vec::new();
    for name in names(capabilities) {
        let rendition = make(world, name).await;
        cases.push(Case { name, rendition });
    }
    cases
}

fn names(capabilities: &Capabilities) -> Vec<&'static str> {
    let has = |kind| capabilities.kinds.contains(&kind);
    let several = capabilities.max_pictures > 1;
    let possible = [
        ("text", !capabilities.media_required),
        ("text and link", !capabilities.media_required),
        ("picture", true),
        ("picture, alt text and link", true),
        ("pictures", several),
        ("pictures and a video", several && capabilities.mixed_media),
        ("title", capabilities.max_title > 0),
        ("video", capabilities.video.is_some()),
        ("reel", has(ContentKind::Reel)),
        (
            "story picture",
            has(ContentKind::Story) && capabilities.story_picture.is_some(),
        ),
        (
            "story video",
            has(ContentKind::Story) && capabilities.story_video.is_some(),
        ),
    ];
    let wanted = possible.into_iter().filter(|(_, possible)| *possible);
    wanted.map(|(name, _)| name).collect()
}

async fn make(world: &World, name: &str) -> Rendition {
    let mut rendition = simplest(world, &format!("Fresh bread — {name} & more 🥐")).await;
    let most = world.connector.capabilities().max_pictures.min(4);
    match name {
        "text and link" => rendition.link = Some(LINK.to_owned()),
        "picture" => rendition.media = vec![picture(world).await],
        "picture, alt text and link" => {
            let mut picture = picture(world).await;
            picture.alt_text = Some("A loaf on a wooden board".to_owned());
            rendition.media = vec![picture];
            rendition.link = Some(LINK.to_owned());
        }
        "pictures" => {
            rendition.media.clear();
            for _ in 0..most {
                rendition.media.push(picture(world).await);
            }
        }
        "pictures and a video" => rendition.media = vec![picture(world).await, video(world).await],
        "title" => rendition.title = Some("Fresh bread".to_owned()),
        "video" => rendition.media = vec![video(world).await],
        "reel" => {
            rendition.kind = ContentKind::Reel;
            rendition.media = vec![video(world).await];
        }
        "story picture" => {
            rendition.kind = ContentKind::Story;
            rendition.text.clear();
            rendition.media = vec![world.files.picture(MediaFormat::Jpeg, 1080, 1920).await];
        }
        "story video" => {
            rendition.kind = ContentKind::Story;
            rendition.text.clear();
            rendition.media = vec![video(world).await];
        }
        _ => {}
    }
    rendition
}
