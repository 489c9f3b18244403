//! What `check` refuses, the network refuses, too: the two tables of limits agree.

use posthaste_core::{
    Network,
    connector::{Outcome, Rendition},
    media::MediaFormat,
    post::{ContentKind, Problem},
};

use crate::{cases, world::World};

on_every_network!(
    what_check_refuses_the_network_refuses,
    what_stands_at_a_limit_is_taken,
);

/// Longest video made for a test, in seconds.
const LONGEST: u64 = 1000;
/// Largest file made for a test, in bytes.
const LARGEST: u64 = 9 * 1024 * 1024;

async fn what_check_refuses_the_network_refuses(network: Network) {
    let world = World::start(network).await;
    for (name, rendition) in violations(&world).await {
        let problems = world.connector.check(&rendition);
        assert!(
            problems.iter().any(Problem::is_error),
            "{name}: check finds nothing"
        );
        match world.publish(&rendition).await {
            Err(_) | Ok((Outcome::Failed(_), _)) => {}
            Ok((outcome, _)) => panic!("{name}: the network takes it: {outcome:?}"),
        }
        assert_eq!(world.posts().await.len(), 0, "{name}");
    }
}

async fn what_stands_at_a_limit_is_taken(network: Network) {
    let world = World::start(network).await;
    for (name, rendition) in at_limits(&world).await {
        let problems = world.connector.check(&rendition);
        assert!(
            !problems.iter().any(Problem::is_error),
            "{name}: {problems:?}"
        );
        world.publish_well(&rendition).await;
    }
    world.assert_specified().await;
}

/// One post for each limit of the network, just within it.
async fn at_limits(world: &World) -> Vec<(&'static str, Rendition)> {
    let capabilities = world.connector.capabilities();
    let base = cases::simplest(world, "Bread").await;
    let mut picture = cases::picture(world).await;
    picture.alt_text = Some("ž".repeat(capabilities.max_alt_text));
    let mut pictures = Vec::new();
    for _ in 0..capabilities.max_pictures {
        pictures.push(cases::picture(world).await);
    }
    let mut found = vec![
        (
            "text",
            Rendition {
                text: "x".repeat(capabilities.max_text),
                ..base.clone()
            },
        ),
        (
            "alt text",
            Rendition {
                media: vec![picture],
                ..base.clone()
            },
        ),
        (
            "pictures",
            // X refuses the same text twice.
            Rendition {
                text: "Rolls".to_owned(),
                media: pictures,
                ..base.clone()
            },
        ),
    ];
    if capabilities.max_title > 0 {
        let title = Some("ž".repeat(capabilities.max_title));
        found.push((
            "title",
            Rendition {
                title,
                ..base.clone()
            },
        ));
    }
    if let Some(most) = capabilities.max_hashtags {
        found.push((
            "hashtags",
            Rendition {
                text: "#a ".repeat(most),
                ..base.clone()
            },
        ));
    }
    if let Some(most) = capabilities.max_mentions {
        found.push((
            "mentions",
            Rendition {
                text: "@a ".repeat(most),
                ..base.clone()
            },
        ));
    }
    found
}

/// One post for each limit of the network, just beyond it.
async fn violations(world: &World) -> Vec<(&'static str, Rendition)> {
    let capabilities = world.connector.capabilities();
    let base = cases::simplest(world, "Bread").await;
    let mut found = Vec::new();
    let long = Rendition {
        text: "x".repeat(capabilities.max_text + 1),
        ..base.clone()
    };
    found.push(("text", long));
    if capabilities.max_title > 0 {
        let title = Some("x".repeat(capabilities.max_title + 1));
        found.push((
            "title",
            Rendition {
                title,
                ..base.clone()
            },
        ));
    }
    if let Some(most) = capabilities.max_hashtags {
        found.push((
            "hashtags",
            Rendition {
                text: "#a ".repeat(most + 1),
                ..base.clone()
            },
        ));
    }
    if let Some(most) = capabilities.max_mentions {
        found.push((
            "mentions",
            Rendition {
                text: "@a ".repeat(most + 1),
                ..base.clone()
            },
        ));
    }
    if capabilities.destination_required {
        found.push((
            "destination",
            Rendition {
                destination: None,
                ..base.clone()
            },
        ));
    }
    found.extend(pictures(world, &base).await);
    found.extend(videos(world, &base).await);
    found
}

async fn pictures(world: &World, base: &Rendition) -> Vec<(&'static str, Rendition)> {
    let capabilities = world.connector.capabilities();
    let rule = &capabilities.picture;
    let with = |media| Rendition {
        media,
        ..base.clone()
    };
    let mut found = Vec::new();
    // Facebook's limits of alt texts and of pictures in a post are our own choice.
    if world.network != Network::Facebook {
        let mut picture = cases::picture(world).await;
        picture.alt_text = Some("x".repeat(capabilities.max_alt_text + 1));
        found.push(("alt text", with(vec![picture])));
        let mut many = Vec::new();
        for _ in 0..=capabilities.max_pictures {
            many.push(cases::picture(world).await);
        }
        found.push(("pictures", with(many)));
    }
    let formats = [MediaFormat::Png, MediaFormat::Gif, MediaFormat::Webp];
    let refused = formats
        .into_iter()
        .filter(|format| !rule.formats.contains(format));
    // What Pinterest takes by address is not documented; we send what it takes in other ways.
    for format in refused.filter(|_| world.network != Network::Pinterest) {
        let picture = world.files.picture(format, 800, 800).await;
        found.push(("format", with(vec![picture])));
    }
    if rule.max_bytes < LARGEST {
        let picture = cases::picture(world).await;
        let large = world.files.padded(&picture, rule.max_bytes as usize).await;
        found.push(("size", with(vec![large])));
    }
    if rule.max_aspect < 4.0 {
        let wide = world.files.picture(MediaFormat::Jpeg, 1400, 320).await;
        found.push(("wide", with(vec![wide])));
    }
    if rule.min_aspect > 0.3 {
        let high = world.files.picture(MediaFormat::Jpeg, 330, 1400).await;
        found.push(("high", with(vec![high])));
    }
    // A pin names either pictures or a video, so nobody can send it both.
    let can_mix = world.network != Network::Pinterest;
    if can_mix && !capabilities.mixed_media && capabilities.video.is_some() {
        let mixed = vec![cases::picture(world).await, cases::video(world).await];
        found.push(("mixed media", with(mixed)));
    }
    if capabilities.media_required {
        found.push(("no media", with(Vec::new())));
    }
    found
}

async fn videos(world: &World, base: &Rendition) -> Vec<(&'static str, Rendition)> {
    let capabilities = world.connector.capabilities();
    let rules = [
        (ContentKind::Feed, &capabilities.video),
        (ContentKind::Reel, &capabilities.reel),
        (ContentKind::Story, &capabilities.story_video),
    ];
    let mut found = Vec::new();
    for (kind, rule) in rules {
        // The limits of Facebook's videos and story videos are our own choice.
        let chosen = world.network == Network::Facebook && kind != ContentKind::Reel;
        let is_limited = capabilities.kinds.contains(&kind) && !chosen;
        let Some(rule) = rule.as_ref().filter(|_| is_limited) else {
            continue;
        };
        let with = |media| Rendition {
            kind,
            media: vec![media],
            ..base.clone()
        };
        if rule.min_ms > 1000 {
            found.push((
                "short video",
                with(world.files.video(540, 960, 1, 30).await),
            ));
        }
        let over = rule.max_ms / 1000 + 1;
        if over < LONGEST {
            let long = world.files.video(540, 960, over as u32, 30).await;
            found.push(("long video", with(long)));
        }
        if rule.max_width < 4000 {
            found.push((
                "broad video",
                with(world.files.video(4000, 4000, 5, 30).await),
            ));
        }
        if kind == ContentKind::Reel && world.network == Network::Facebook {
            found.push(("slow video", with(world.files.video(540, 960, 5, 10).await)));
            found.push((
                "narrow video",
                with(world.files.video(540, 1300, 5, 30).await),
            ));
        }
    }
    found
}
