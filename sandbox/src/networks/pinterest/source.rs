//! The `media_source` of a pin: pictures by URL or as base64, or an uploaded video with a cover.

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use serde::Deserialize;

use super::super::{fetch::FetchError, media::Media};
use super::{
    auth::{At, check_id},
    body::check_link,
    problem::Problem,
    state::Image,
};

/// Largest picture in bytes.
const MAX_BYTES: u64 = 20 * 1024 * 1024;
/// Types of pictures.
const TYPES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];

/// As the body says it.
#[derive(Deserialize)]
#[serde(tag = "source_type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Source {
    /// One picture by URL.
    ImageUrl {
        /// Fetched at once.
        url: String,
        /// Taken, without effect.
        #[serde(rename = "is_standard")]
        _is_standard: Option<bool>,
    },
    /// One picture as it is.
    ImageBase64 {
        /// JPEG or PNG.
        content_type: String,
        /// Base64.
        data: String,
        /// Taken, without effect.
        #[serde(rename = "is_standard")]
        _is_standard: Option<bool>,
    },
    /// Two to five pictures by URL.
    MultipleImageUrls {
        /// The pictures.
        items: Vec<UrlItem>,
        /// The one to show first.
        index: Option<usize>,
    },
    /// Two to five pictures as they are.
    MultipleImageBase64 {
        /// The pictures.
        items: Vec<Base64Item>,
        /// The one to show first.
        index: Option<usize>,
    },
    /// An uploaded video.
    VideoId {
        /// The upload.
        media_id: String,
        /// Cover by URL.
        cover_image_url: Option<String>,
        /// Type of the cover as it is.
        cover_image_content_type: Option<String>,
        /// Cover as base64.
        cover_image_data: Option<String>,
        /// Second of the video that is the cover.
        cover_image_key_frame_time: Option<u64>,
        /// Taken, without effect.
        #[serde(rename = "is_standard")]
        _is_standard: Option<bool>,
    },
}

/// A picture of several, by URL.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UrlItem {
    url: String,
    link: Option<String>,
    #[serde(rename = "title")]
    _title: Option<String>,
    #[serde(rename = "description")]
    _description: Option<String>,
}

/// A picture of several, as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Base64Item {
    content_type: String,
    data: String,
    link: Option<String>,
    #[serde(rename = "title")]
    _title: Option<String>,
    #[serde(rename = "description")]
    _description: Option<String>,
}

/// What a pin shows.
#[derive(Default)]
pub struct Content {
    /// Pictures; of a video its cover.
    pub images: Vec<Image>,
    /// The video.
    pub video: Option<Media>,
}

impl Content {
    /// The log's name for it.
    pub fn kind(&self) -> &'static str {
        match (&self.video, self.images.len()) {
            (Some(_), _) => "video_pin",
            (None, 1) => "pin",
            (None, _) => "carousel_pin",
        }
    }
}

impl Source {
    /// Fetches and checks everything.
    pub async fn content(&self, at: &At<'_>) -> Result<Content, Problem> {
        let mut images = Vec::new();
        match self {
            Self::ImageUrl { url, .. } => images.push((fetched(at, url).await?, None)),
            Self::ImageBase64 {
                content_type, data, ..
            } => images.push((decoded(at, content_type, data)?, None)),
            Self::MultipleImageUrls { items, index } => {
                check_items(items.len(), *index)?;
                for item in items {
                    check_link("link", item.link.as_ref())?;
                    images.push((fetched(at, &item.url).await?, item.link.clone()));
                }
            }
            Self::MultipleImageBase64 { items, index } => {
                check_items(items.len(), *index)?;
                for item in items {
                    check_link("link", item.link.as_ref())?;
                    let media = decoded(at, &item.content_type, &item.data)?;
                    images.push((media, item.link.clone()));
                }
            }
            Self::VideoId { media_id, .. } => {
                let video = video(at, media_id)?;
                let cover = self.cover(at).await?;
                return Ok(Content {
                    images: cover
                        .into_iter()
                        .map(|media| Image { media, link: None })
                        .collect(),
                    video: Some(video),
                });
            }
        }
        same_size(&images)?;
        let images = images
            .into_iter()
            .map(|(media, link)| Image { media, link })
            .collect();
        Ok(Content {
            images,
            video: None,
        })
    }

    /// The cover of a video: a picture, or none when a moment of the video is named.
    async fn cover(&self, at: &At<'_>) -> Result<Option<Media>, Problem> {
        let Self::VideoId {
            cover_image_url: url,
            cover_image_content_type: content_type,
            cover_image_data: data,
            cover_image_key_frame_time: moment,
            ..
        } = self
        else {
            return Ok(None);
        };
        match (url, content_type, data, moment) {
            (Some(url), None, None, None) => fetched(at, url).await.map(Some),
            (None, Some(kind), Some(data), None) => decoded(at, kind, data).map(Some),
            (None, None, None, Some(_)) => Ok(None),
            _ => Err(Problem::invalid(
                "give exactly one cover: cover_image_url, cover_image_content_type with \
                 cover_image_data, or cover_image_key_frame_time",
            )),
        }
    }
}

fn check_items(count: usize, index: Option<usize>) -> Result<(), Problem> {
    if count < 2 {
        return Err(Problem::invalid("items: constraint: minItems=2"));
    }
    if count > 5 {
        return Err(Problem::invalid("items: constraint: maxItems=5"));
    }
    if index.is_some_and(|index| index >= count) {
        return Err(Problem::invalid("index is beyond the items"));
    }
    Ok(())
}

/// Pictures of one pin have one size.
fn same_size(images: &[(Media, Option<String>)]) -> Result<(), Problem> {
    let size = |media: &Media| (media.width, media.height);
    let same = images
        .windows(2)
        .all(|pair| size(&pair[0].0) == size(&pair[1].0));
    if same {
        Ok(())
    } else {
        Err(Problem::invalid("the images must have the same size"))
    }
}

async fn fetched(at: &At<'_>, url: &str) -> Result<Media, Problem> {
    let media = at
        .networks
        .fetch(url, MAX_BYTES)
        .await
        .map_err(|error| match error {
            FetchError::TooLarge => too_large(),
            FetchError::BadUrl | FetchError::Unreachable(_) | FetchError::TooSlow => {
                Problem::unreachable()
            }
        })?;
    picture(media, &TYPES)
}

fn decoded(at: &At<'_>, content_type: &str, data: &str) -> Result<Media, Problem> {
    if !matches!(content_type, "image/jpeg" | "image/png") {
        let text = format!("'{content_type}' is not one of ['image/jpeg', 'image/png']");
        return Err(Problem::invalid(text));
    }
    let bytes = BASE64_STANDARD.decode(data);
    let bytes = bytes.map_err(|_| Problem::invalid("data does not match '^[a-zA-Z0-9+/=]+$'"))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(too_large());
    }
    picture(at.networks.keep(&Bytes::from(bytes)), &[content_type])
}

fn too_large() -> Problem {
    Problem::invalid("the image is larger than 20 MB")
}

fn picture(media: Media, types: &[&str]) -> Result<Media, Problem> {
    if media.readable && types.contains(&media.content_type.as_str()) {
        return Ok(media);
    }
    Err(Problem::invalid(format!(
        "the image cannot be read as one of {types:?}"
    )))
}

/// An upload of the caller that went through.
fn video(at: &At<'_>, id: &str) -> Result<Media, Problem> {
    check_id(id)?;
    let state = at.networks.state();
    let upload = state.pinterest.uploads.get(id);
    let upload = upload.filter(|upload| upload.account == at.account.id);
    let upload = upload.ok_or_else(Problem::no_media)?;
    match (upload.status(), &upload.media) {
        ("succeeded", Some(media)) => Ok(media.clone()),
        (status, _) => Err(Problem::invalid(format!("the media {id} is {status}"))),
    }
}
