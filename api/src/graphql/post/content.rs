//! What a post says, as people read it.

use async_graphql::{Context, Object, Result, SimpleObject};
use posthaste_core::{Error, post as core};

use super::enums::Fit;
use crate::graphql::{
    connection::Connection, context::loader, media::Media, network::ContentKind, scalars::Network,
};

/// The part of a picture to show, in fractions of its width and height.
#[derive(SimpleObject)]
pub struct Crop {
    /// Left edge.
    x: f64,
    /// Upper edge.
    y: f64,
    /// Width.
    width: f64,
    /// Height.
    height: f64,
}

/// A picture or video in a post.
pub struct PostMedia(core::MediaRef);

/// A picture or video in a post.
#[Object]
impl PostMedia {
    /// The uploaded file.
    async fn media(&self, ctx: &Context<'_>) -> Result<Media> {
        let row = loader(ctx)?.load_one(self.0.id).await?;
        Ok(row.map(Media).ok_or_else(|| Error::not_found("media"))?)
    }

    /// The part to show, if one was chosen.
    async fn crop(&self) -> Option<Crop> {
        self.0.crop.map(
            |core::Crop {
                 x,
                 y,
                 width,
                 height,
             }| Crop {
                x,
                y,
                width,
                height,
            },
        )
    }

    /// What to do when the file does not fit a network.
    async fn fit(&self) -> Fit {
        self.0.fit.into()
    }

    /// Description in this post; empty when the media's own is used.
    async fn alt_text(&self) -> Option<&str> {
        self.0.alt_text.as_deref()
    }
}

fn media(list: &[core::MediaRef]) -> Vec<PostMedia> {
    list.iter().cloned().map(PostMedia).collect()
}

/// What all networks get, unless a variant says otherwise.
pub struct PostContent(pub core::Content);

/// What all networks get, unless a variant says otherwise.
#[Object]
impl PostContent {
    /// The text (caption, description).
    async fn text(&self) -> &str {
        &self.0.text
    }

    /// The title, for networks that have one.
    async fn title(&self) -> Option<&str> {
        self.0.title.as_deref()
    }

    /// The link, as it was written.
    async fn link(&self) -> Option<&str> {
        self.0.link.as_deref()
    }

    /// Where on the networks the post appears.
    async fn kind(&self) -> ContentKind {
        self.0.kind.into()
    }

    /// Pictures and videos in order.
    async fn media(&self) -> Vec<PostMedia> {
        media(&self.0.media)
    }
}

/// What differs on one network or connection; empty fields are inherited.
pub struct PostVariant(pub core::Variant);

/// What differs on one network or connection; empty fields are inherited.
#[Object]
impl PostVariant {
    /// The network, when the variant is for all its connections.
    async fn network(&self) -> Option<Network> {
        self.0.network.map(Into::into)
    }

    /// The connection, when the variant is for it alone.
    async fn connection(&self, ctx: &Context<'_>) -> Result<Option<Connection>> {
        match self.0.connection {
            Some(id) => Ok(loader(ctx)?.load_one(id).await?.map(Connection)),
            None => Ok(None),
        }
    }

    /// Another text.
    async fn text(&self) -> Option<&str> {
        self.0.text.as_deref()
    }

    /// Another title; an empty one removes it.
    async fn title(&self) -> Option<&str> {
        self.0.title.as_deref()
    }

    /// Another link; an empty one removes it.
    async fn link(&self) -> Option<&str> {
        self.0.link.as_deref()
    }

    /// Other pictures and videos.
    async fn media(&self) -> Option<Vec<PostMedia>> {
        self.0.media.as_deref().map(media)
    }

    /// Another place.
    async fn kind(&self) -> Option<ContentKind> {
        self.0.kind.map(Into::into)
    }
}

/// Parameters added to the post's link.
#[derive(SimpleObject)]
pub struct LinkTracking {
    /// `utm_campaign`.
    pub campaign: Option<String>,
}
