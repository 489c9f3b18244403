use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, ErrorCode},
    ids::{ConnectionId, MediaId},
    network::Network,
};

/// Largest text of a post in bytes, far above what any network takes.
const MAX_TEXT_BYTES: usize = 100_000;
/// Longest link in characters (Pinterest's limit, the strictest).
const MAX_LINK_CHARS: usize = 2048;
/// Most media in one post, above what any network takes.
const MAX_MEDIA: usize = 40;

/// Where on the network a post appears.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ContentKind {
    /// An ordinary post (a pin, a tweet).
    #[default]
    Feed,
    /// A story that goes away after a day.
    Story,
    /// A short vertical video.
    Reel,
}

impl ContentKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Feed, Self::Story, Self::Reel];

    /// The name as the API and the database write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Feed => "FEED",
            Self::Story => "STORY",
            Self::Reel => "REEL",
        }
    }

    /// The kind behind a name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// What to do with media that does not fit the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Fit {
    /// Convert, scale and crop as needed, and say so in a warning.
    #[default]
    Auto,
    /// Send the file as it is; what does not fit is an error.
    None,
}

/// A part of a picture, in fractions of its width and height.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Crop {
    /// Left edge, `0.0..1.0`.
    pub x: f64,
    /// Top edge, `0.0..1.0`.
    pub y: f64,
    /// Width, `0.0..=1.0`.
    pub width: f64,
    /// Height, `0.0..=1.0`.
    pub height: f64,
}

impl Crop {
    /// Whether the part lies inside the picture.
    pub fn is_valid(&self) -> bool {
        let inside =
            |start: f64, length: f64| start >= 0.0 && length > 0.0 && start + length <= 1.0 + 1e-9;
        inside(self.x, self.width) && inside(self.y, self.height)
    }
}

/// One picture or video in a post.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MediaRef {
    /// The uploaded file.
    pub id: MediaId,
    /// Description for people who cannot see it; overrides the media's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alt_text: Option<String>,
    /// The part to show; overrides the automatic crop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crop: Option<Crop>,
    /// What to do when it does not fit.
    #[serde(default)]
    pub fit: Fit,
}

/// Parameters added to the link (networks.md, section 6): only where absent, stable over retries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LinkTracking {
    /// `utm_campaign`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
}

/// What is published.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Content {
    /// The text (caption, description).
    #[serde(default)]
    pub text: String,
    /// A title, for networks that have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Pictures and videos in order.
    #[serde(default)]
    pub media: Vec<MediaRef>,
    /// Where it appears.
    #[serde(default)]
    pub kind: ContentKind,
}

/// What differs on one network or one connection; what is absent is inherited.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Variant {
    /// For all connections of this network …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
    /// … or for this connection alone, which wins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<ConnectionId>,
    /// Another text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Another title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Another link; an empty one removes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Other media.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<Vec<MediaRef>>,
    /// Another place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ContentKind>,
}

/// Settings of one target that are no content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TargetSettings {
    /// The board (Pinterest); else the connection's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub board_id: Option<String>,
}

/// All a post says: the base content and its variants.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PostBody {
    /// What all networks get.
    pub content: Content,
    /// What differs.
    #[serde(default)]
    pub variants: Vec<Variant>,
    /// Parameters added to the link; none by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_tracking: Option<LinkTracking>,
}

impl PostBody {
    /// The content one connection gets: its own variant beats its network's, which beats the base.
    pub fn content_for(&self, network: Network, connection: ConnectionId) -> Content {
        let for_network = self
            .variants
            .iter()
            .filter(|v| v.connection.is_none() && v.network == Some(network));
        let for_connection = self
            .variants
            .iter()
            .filter(|v| v.connection == Some(connection));
        for_network
            .chain(for_connection)
            .fold(self.content.clone(), Content::with)
    }

    /// Every media the post or one of its variants uses, each once.
    pub fn media_ids(&self) -> Vec<MediaId> {
        let variants = self
            .variants
            .iter()
            .filter_map(|variant| variant.media.as_ref());
        let mut ids: Vec<_> = std::iter::once(&self.content.media)
            .chain(variants)
            .flatten()
            .map(|media| media.id)
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Every violation of the rules that hold on all networks, with its path.
    pub fn violations(&self) -> Vec<Error> {
        let mut found = content_violations(
            &self.content.text,
            self.content.link.as_deref(),
            &self.content.media,
        );
        for (index, variant) in self.variants.iter().enumerate() {
            let at = |error: Error| error.within(["variants".to_owned(), index.to_string()]);
            if variant.network.is_some() == variant.connection.is_some() {
                found.push(at(Error::new(
                    ErrorCode::InvalidInput,
                    "A variant is for either a network or a connection: give exactly one.",
                )
                .at(["network"])));
            }
            let repeated = self.variants[..index].iter().any(|other| {
                (other.network, other.connection) == (variant.network, variant.connection)
            });
            if repeated {
                found.push(at(Error::new(
                    ErrorCode::InvalidInput,
                    "Two variants are for the same network or connection; merge them.",
                )
                .at(["network"])));
            }
            let link = variant.link.as_deref().filter(|link| !link.is_empty());
            let text = variant.text.as_deref().unwrap_or_default();
            let media = variant.media.as_deref().unwrap_or_default();
            found.extend(content_violations(text, link, media).into_iter().map(at));
        }
        found
    }
}

impl Content {
    fn with(mut self, variant: &Variant) -> Self {
        if let Some(text) = &variant.text {
            self.text.clone_from(text);
        }
        if let Some(title) = &variant.title {
            self.title = Some(title.clone()).filter(|title| !title.is_empty());
        }
        if let Some(link) = &variant.link {
            self.link = Some(link.clone()).filter(|link| !link.is_empty());
        }
        if let Some(media) = &variant.media {
            self.media.clone_from(media);
        }
        if let Some(kind) = variant.kind {
            self.kind = kind;
        }
        self
    }
}

fn content_violations(text: &str, link: Option<&str>, media: &[MediaRef]) -> Vec<Error> {
    let mut found = Vec::new();
    if text.len() > MAX_TEXT_BYTES {
        found.push(
            Error::new(
                ErrorCode::PayloadTooLarge,
                format!(
                    "The text has {} bytes; at most {MAX_TEXT_BYTES} are allowed.",
                    text.len()
                ),
            )
            .at(["text"]),
        );
    }
    if text.contains('\0') {
        found.push(
            Error::new(
                ErrorCode::InvalidInput,
                "The text contains a NUL character.",
            )
            .at(["text"]),
        );
    }
    if let Some(link) = link
        && let Err(reason) = check_link(link)
    {
        found.push(Error::new(ErrorCode::LinkInvalid, reason).at(["link"]));
    }
    if media.len() > MAX_MEDIA {
        found.push(
            Error::new(
                ErrorCode::MediaTooMany,
                format!(
                    "There are {} files; at most {MAX_MEDIA} are allowed in a post.",
                    media.len()
                ),
            )
            .at(["media"]),
        );
    }
    for (index, item) in media.iter().enumerate() {
        let at = |error: Error| error.within(["media".to_owned(), index.to_string()]);
        if media[..index].iter().any(|other| other.id == item.id) {
            found.push(at(Error::new(
                ErrorCode::InvalidInput,
                "The same media stands twice in the post.",
            )
            .at(["id"])));
        }
        if item.crop.is_some_and(|crop| !crop.is_valid()) {
            found.push(at(Error::new(
                ErrorCode::InvalidInput,
                "The crop must lie inside the picture: x, y, width and height are fractions from 0 to 1.",
            )
            .at(["crop"])));
        }
    }
    found
}

fn check_link(link: &str) -> Result<(), String> {
    if link.chars().count() > MAX_LINK_CHARS {
        return Err(format!(
            "The link is longer than {MAX_LINK_CHARS} characters."
        ));
    }
    let url =
        url::Url::parse(link).map_err(|error| format!("The link cannot be read: {error}."))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err("The link must start with http:// or https:// and name a host.".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("The link must not contain a user name or password.".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn codes(body: &PostBody) -> Vec<(String, String)> {
        body.violations()
            .into_iter()
            .map(|e| (e.code.to_string(), e.path_text()))
            .collect()
    }

    #[test]
    fn a_connection_variant_beats_the_network_variant_which_beats_the_base() {
        let connection = ConnectionId::from(Uuid::from_u128(1));
        let body = PostBody {
            content: Content {
                text: "base".into(),
                link: Some("https://example.com/".into()),
                ..Content::default()
            },
            variants: vec![
                Variant {
                    connection: Some(connection),
                    text: Some("mine".into()),
                    ..Variant::default()
                },
                Variant {
                    network: Some(Network::X),
                    text: Some("x".into()),
                    link: Some(String::new()),
                    ..Variant::default()
                },
            ],
            link_tracking: None,
        };
        let mine = body.content_for(Network::X, connection);
        assert_eq!((mine.text.as_str(), mine.link), ("mine", None));
        let other = body.content_for(Network::X, ConnectionId::from(Uuid::from_u128(2)));
        assert_eq!(other.text, "x");
        assert_eq!(
            body.content_for(Network::Facebook, ConnectionId::from(Uuid::from_u128(2)))
                .text,
            "base"
        );
    }

    #[test]
    fn all_violations_are_told_at_once_with_their_paths() {
        let media = MediaRef {
            id: MediaId::from(Uuid::from_u128(7)),
            alt_text: None,
            crop: None,
            fit: Fit::Auto,
        };
        let body = PostBody {
            content: Content {
                text: "a\0b".into(),
                link: Some("ftp://example.com".into()),
                media: vec![
                    media.clone(),
                    MediaRef {
                        crop: Some(Crop {
                            x: 0.5,
                            y: 0.0,
                            width: 0.6,
                            height: 1.0,
                        }),
                        ..media
                    },
                ],
                ..Content::default()
            },
            variants: vec![Variant {
                link: Some("nonsense".into()),
                ..Variant::default()
            }],
            link_tracking: None,
        };
        let expected = [
            ("INVALID_INPUT", "text"),
            ("LINK_INVALID", "link"),
            ("INVALID_INPUT", "media.1.id"),
            ("INVALID_INPUT", "media.1.crop"),
            ("INVALID_INPUT", "variants.0.network"),
            ("LINK_INVALID", "variants.0.link"),
        ];
        assert_eq!(
            codes(&body),
            expected.map(|(code, path)| (code.to_owned(), path.to_owned()))
        );
    }
}
