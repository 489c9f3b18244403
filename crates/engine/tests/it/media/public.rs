use chrono::TimeDelta;
use futures::TryStreamExt;
use posthaste_core::{ErrorCode, media::MediaFormat};
use posthaste_engine::media::{self, Address, ORIGINAL};
use posthaste_store::media::Media;

use super::{begun, jpeg, uploaded};
use crate::world::World;

/// The address a network would be given, in its parts.
fn address(world: &World, row: &Media, recipe: &str) -> Address {
    let url = media::signed_url(&world.app, row.id, recipe, MediaFormat::Jpeg);
    let parts: Vec<&str> = url
        .strip_prefix("https://posthaste.test/media/")
        .unwrap()
        .split('/')
        .collect();
    Address {
        media: parts[0].parse().unwrap(),
        recipe: parts[1].into(),
        seal: parts[2].into(),
    }
}

async fn refusal(world: &World, address: &Address) -> Option<ErrorCode> {
    media::open(&world.app, address)
        .await
        .err()
        .map(|error| error.code)
}

#[tokio::test]
async fn a_signed_address_opens_the_file_for_two_days() {
    let world = World::new().await;
    let file = jpeg(64, 48);
    let row = uploaded(&world, &file).await;
    let address = address(&world, &row, ORIGINAL);

    let opened = media::open(&world.app, &address).await.unwrap();
    assert_eq!(
        (opened.facts.format, opened.facts.bytes),
        (MediaFormat::Jpeg, file.len() as u64)
    );
    let part = opened.read(&world.app, 10..20).await.unwrap();
    let part: Vec<_> = part.try_collect().await.unwrap();
    assert_eq!(part.concat(), file[10..20]);

    world.clock.advance(TimeDelta::days(2));
    assert_eq!(refusal(&world, &address).await, None);
    world.clock.advance(TimeDelta::seconds(1));
    assert_eq!(refusal(&world, &address).await, Some(ErrorCode::NotFound));
}

#[tokio::test]
async fn no_other_address_opens_anything() {
    let world = World::new().await;
    let row = uploaded(&world, &jpeg(64, 48)).await;
    let other = uploaded(&world, &jpeg(48, 64)).await;
    let good = address(&world, &row, ORIGINAL);
    let (expires, rest) = good.seal.split_once('-').unwrap();
    let later: i64 = expires.parse::<i64>().unwrap() + 1;
    let last = if rest.starts_with('0') { '1' } else { '0' };
    let forged = [
        Address {
            media: other.id,
            ..good.clone()
        },
        Address {
            recipe: "small".into(),
            ..good.clone()
        },
        Address {
            seal: format!("{later}-{rest}"),
            ..good.clone()
        },
        Address {
            seal: format!("{expires}-{last}{}", &rest[1..]),
            ..good.clone()
        },
        Address {
            seal: format!("{expires}-"),
            ..good.clone()
        },
        Address {
            seal: String::new(),
            ..good.clone()
        },
        Address {
            seal: "9223372036854775807-00.jpg".into(),
            ..good.clone()
        },
    ];
    for address in forged {
        assert_eq!(
            refusal(&world, &address).await,
            Some(ErrorCode::NotFound),
            "{address:?}"
        );
    }
    assert_eq!(refusal(&world, &good).await, None);
}

#[tokio::test]
async fn what_is_not_there_is_not_found_behind_a_good_seal() {
    let world = World::new().await;
    let row = uploaded(&world, &jpeg(64, 48)).await;
    assert_eq!(
        refusal(&world, &address(&world, &row, "never-made")).await,
        Some(ErrorCode::NotFound)
    );
    let unfinished = Media {
        id: begun(&world, 10).await,
        ..row
    };
    assert_eq!(
        refusal(&world, &address(&world, &unfinished, ORIGINAL)).await,
        Some(ErrorCode::NotFound)
    );
}
