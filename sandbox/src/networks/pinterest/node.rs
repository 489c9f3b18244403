//! Pins and boards as the API shows them.

use chrono::{DateTime, TimeZone, Utc};
use serde_json::{Value, json};

use super::super::{
    Networks,
    accounts::{Account, Board},
    log::Post as Logged,
    media::Media,
    state::State as Whole,
};
use super::state::{Image, Pin};

/// Names and greatest widths of the picture sizes.
const SIZES: [(&str, u32); 4] = [
    ("150x150", 150),
    ("400x300", 400),
    ("600x", 600),
    ("1200x", 1200),
];

/// The API's way to write times: whole seconds.
pub fn time(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

/// A pin; `reader` is the account that asks.
pub fn pin(state: &Whole, networks: &Networks, logged: &Logged, reader: &str) -> Option<Value> {
    let pin = state.pinterest.pins.get(&logged.id)?;
    Some(json!({
        "id": logged.id,
        "created_at": time(logged.accepted_at),
        "title": logged.title,
        "description": logged.text,
        "link": logged.link,
        "alt_text": pin.alt_text,
        "board_id": logged.board,
        "board_section_id": pin.section,
        "board_owner": { "username": logged.account.username },
        "dominant_color": pin.dominant_color,
        "parent_pin_id": pin.parent,
        "creative_type": pin.creative_type(),
        "has_been_promoted": false,
        "is_owner": logged.account.id == reader,
        "is_standard": true,
        "media": media(networks, pin),
        "pin_metrics": null,
    }))
}

/// A board.
pub fn board(state: &Whole, account: &Account, board: &Board, pins: usize) -> Value {
    let more = state.pinterest.boards.get(&board.id);
    let made = more.map_or_else(
        || {
            Utc.with_ymd_and_hms(2024, 3, 1, 9, 0, 0)
                .single()
                .unwrap_or_default()
        },
        |more| more.created_at,
    );
    json!({
        "id": board.id,
        "name": board.name,
        "description": more.and_then(|more| more.description.clone()).unwrap_or_default(),
        "privacy": more.map_or("PUBLIC", |more| more.privacy.as_str()),
        "owner": { "username": account.username },
        "created_at": time(made),
        "board_pins_modified_at": time(made),
        "pin_count": pins,
        "follower_count": 0,
        "collaborator_count": 0,
        "is_ads_only": false,
        "media": { "image_cover_url": null, "pin_thumbnail_urls": [] },
    })
}

fn media(networks: &Networks, pin: &Pin) -> Value {
    let url = |media: &Media| format!("{}/media/{}", networks.public_url(), media.sha256);
    if let Some(video) = &pin.video {
        let cover = pin.images.first();
        return json!({
            "media_type": "video",
            "cover_image_url": cover.map(|image| url(&image.media)),
            "images": cover.map(|image| images(&url(&image.media), &image.media)),
            "video_url": url(video),
            "duration": video.duration_ms,
            "width": video.width,
            "height": video.height,
        });
    }
    if let [only] = pin.images.as_slice() {
        return json!({ "media_type": "image", "images": images(&url(&only.media), &only.media) });
    }
    let item = |image: &Image| {
        json!({
            "item_type": "image",
            "link": image.link,
            "images": images(&url(&image.media), &image.media),
        })
    };
    json!({
        "media_type": "multiple_images",
        "items": pin.images.iter().map(item).collect::<Vec<_>>(),
    })
}

/// One file stands for all sizes.
fn images(url: &str, media: &Media) -> Value {
    let (width, height) = (media.width.unwrap_or(1), media.height.unwrap_or(1));
    SIZES
        .into_iter()
        .map(|(name, wide)| {
            let high = u64::from(height) * u64::from(wide) / u64::from(width.max(1));
            (
                name.to_owned(),
                json!({ "url": url, "width": wide, "height": high }),
            )
        })
        .collect::<serde_json::Map<_, _>>()
        .into()
}
