//! Texts, links and media that networks do not take.

use posthaste_core::Network;
use serde_json::{Value, json};

use super::{Case, change, fixture::Fixture};

/// A post to one network, to be published now.
fn now(f: &Fixture, network: Network, mut content: Value) -> Value {
    content["targets"] = json!([{ "connectionId": f.on(network) }]);
    content["schedule"] = json!({ "now": true });
    content
}

pub fn cases(f: &Fixture) -> Vec<Case> {
    let mut all = texts(f);
    all.extend(links(f));
    all.extend(media(f));
    all
}

fn texts(f: &Fixture) -> Vec<Case> {
    let picture = json!([{ "id": f.jpegs[0] }]);
    let marks = |mark: &str, count: usize| {
        let words: Vec<_> = (0..count).map(|n| format!("{mark}word{n}")).collect();
        words.join(" ")
    };
    let x = |name, content, code, path| {
        change(name, "postCreate", now(f, Network::X, content), code, path)
    };
    let instagram = |name, text: String, code, path| {
        change(
            name,
            "postCreate",
            now(
                f,
                Network::Instagram,
                json!({ "text": text, "media": picture }),
            ),
            code,
            path,
        )
    };
    vec![
        x(
            "281 weighted characters for X",
            json!({ "text": "a".repeat(281) }),
            "TEXT_TOO_LONG",
            "text",
        ),
        x(
            "141 characters of double weight for X",
            json!({ "text": "字".repeat(141) }),
            "TEXT_TOO_LONG",
            "text",
        ),
        x(
            "281 in the variant for X",
            json!({ "text": "a", "variants": [{ "network": "X", "text": "b".repeat(281) }] }),
            "TEXT_TOO_LONG",
            "variants.0.text",
        ),
        x(
            "nothing to say",
            json!({ "text": " " }),
            "TEXT_REQUIRED",
            "text",
        ),
        instagram(
            "2201 characters for Instagram",
            "a".repeat(2201),
            "TEXT_TOO_LONG",
            "text",
        ),
        instagram(
            "31 hashtags for Instagram",
            marks("#", 31),
            "TOO_MANY_HASHTAGS",
            "text",
        ),
        instagram(
            "21 mentions for Instagram",
            marks("@", 21),
            "TOO_MANY_MENTIONS",
            "text",
        ),
        change(
            "101 characters of title for Pinterest",
            "postCreate",
            json!({
                "text": "a", "title": "t".repeat(101), "media": picture, "schedule": { "now": true },
                "targets": [{ "connectionId": f.on(Network::Pinterest), "boardId": "12" }],
            }),
            "TITLE_TOO_LONG",
            "title",
        ),
        change(
            "no board for Pinterest",
            "postCreate",
            now(
                f,
                Network::Pinterest,
                json!({ "text": "a", "media": picture }),
            ),
            "DESTINATION_REQUIRED",
            "targets.0.boardId",
        ),
        change(
            "a hundred thousand bytes and one",
            "postCreate",
            json!({ "text": "a".repeat(100_001) }),
            "PAYLOAD_TOO_LARGE",
            "text",
        ),
        change(
            "a variant for nobody",
            "postCreate",
            json!({ "text": "a", "variants": [{ "text": "b" }] }),
            "INVALID_INPUT",
            "variants.0.network",
        ),
        change(
            "two variants for X",
            "postCreate",
            json!({ "text": "a", "variants": [{ "network": "X", "text": "b" }, { "network": "X", "text": "c" }] }),
            "INVALID_INPUT",
            "variants.1.network",
        ),
    ]
}

fn links(f: &Fixture) -> Vec<Case> {
    let case = |name, link: String| {
        let input = now(f, Network::X, json!({ "text": "a", "link": link }));
        change(name, "postCreate", input, "LINK_INVALID", "link")
    };
    vec![
        case("a link that is none", "nonsense".into()),
        case("a link to a file server", "ftp://example.com/a".into()),
        case(
            "a link with a password",
            "https://me:secret@example.com/".into(),
        ),
        case(
            "a link of 2049 characters",
            format!("https://example.com/{}", "a".repeat(2029)),
        ),
    ]
}

fn media(f: &Fixture) -> Vec<Case> {
    let list: Vec<_> = f.jpegs.iter().map(|id| json!({ "id": id })).collect();
    let first = &f.jpegs[0];
    let instagram = |name, content, code, path| {
        change(
            name,
            "postCreate",
            now(f, Network::Instagram, content),
            code,
            path,
        )
    };
    let draft = |name, media, code, path| {
        change(
            name,
            "postCreate",
            json!({ "text": "a", "media": media }),
            code,
            path,
        )
    };
    vec![
        instagram(
            "11 carousel items",
            json!({ "text": "a", "media": list }),
            "MEDIA_TOO_MANY",
            "media",
        ),
        instagram(
            "no picture for Instagram",
            json!({ "text": "a" }),
            "MEDIA_REQUIRED",
            "media",
        ),
        instagram(
            "a story with a text only",
            json!({ "text": "a", "kind": "STORY" }),
            "MEDIA_REQUIRED",
            "media",
        ),
        instagram(
            "a reel without a video",
            json!({ "kind": "REEL", "media": [{ "id": first }] }),
            "MEDIA_REQUIRED",
            "media",
        ),
        instagram(
            "a PNG for Instagram as it is",
            json!({ "media": [{ "id": f.png, "fit": "NONE" }] }),
            "MEDIA_TYPE_UNSUPPORTED",
            "media.0",
        ),
        instagram(
            "an alt text of 1001 characters",
            json!({ "media": [{ "id": first, "altText": "a".repeat(1001) }] }),
            "ALT_TEXT_TOO_LONG",
            "media.0.altText",
        ),
        instagram(
            "an upload that is not finished",
            json!({ "media": [{ "id": f.unfinished }] }),
            "MEDIA_NOT_READY",
            "media.0.id",
        ),
        instagram(
            "a damaged file",
            json!({ "media": [{ "id": f.damaged }] }),
            "MEDIA_UNREADABLE",
            "media.0.id",
        ),
        change(
            "a story for X",
            "postCreate",
            now(
                f,
                Network::X,
                json!({ "kind": "STORY", "media": [{ "id": first }] }),
            ),
            "INVALID_INPUT",
            "kind",
        ),
        change(
            "five pictures for X",
            "postCreate",
            now(f, Network::X, json!({ "text": "a", "media": list[..5] })),
            "MEDIA_TOO_MANY",
            "media",
        ),
        draft(
            "the same picture twice",
            json!([{ "id": first }, { "id": first }]),
            "INVALID_INPUT",
            "media.1.id",
        ),
        draft(
            "a crop outside the picture",
            json!([{ "id": first, "crop": { "x": 0.6, "y": 0, "width": 0.5, "height": 1 } }]),
            "INVALID_INPUT",
            "media.0.crop",
        ),
    ]
}
