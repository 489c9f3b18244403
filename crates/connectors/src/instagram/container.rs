//! Containers: what Instagram builds before a post becomes visible (networks.md, 3.2).

use posthaste_core::{
    Network,
    connector::{Ctx, Failure, FailureClass, RenditionMedia, Session},
    post::ContentKind,
};

use crate::meta::{self, Graph};

/// Where a container stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Being fetched and processed.
    InProgress,
    /// Can be published.
    Finished,
    /// Live.
    Published,
    /// Older than 24 hours.
    Expired,
    /// The media was refused.
    Error,
}

/// The containers of an account.
pub struct Containers<'a> {
    graph: Graph<'a>,
    session: &'a Session,
}

type Fields = Vec<(&'static str, String)>;

impl<'a> Containers<'a> {
    /// Containers with the account's token.
    pub fn new(ctx: &'a Ctx, session: &'a Session) -> Self {
        let graph = Graph::new(ctx, Network::Instagram, &session.access);
        Self { graph, session }
    }

    /// A container for one picture or video.
    pub async fn single(
        &self,
        kind: ContentKind,
        media: &RenditionMedia,
        caption: &str,
    ) -> Result<String, Failure> {
        let mut fields = source(media);
        let video = media.facts.format.is_video();
        match kind {
            ContentKind::Story => fields.push(("media_type", "STORIES".to_owned())),
            ContentKind::Reel | ContentKind::Feed if video => {
                fields.push(("media_type", "REELS".to_owned()));
                fields.push(("share_to_feed", "true".to_owned()));
            }
            _ => {}
        }
        if kind != ContentKind::Story {
            fields.push(("caption", caption.to_owned()));
            fields.extend(alt_text(media));
        }
        self.create(fields).await
    }

    /// A container for one part of a carousel.
    pub async fn part(&self, media: &RenditionMedia) -> Result<String, Failure> {
        let mut fields = source(media);
        if media.facts.format.is_video() {
            fields.push(("media_type", "VIDEO".to_owned()));
        }
        fields.push(("is_carousel_item", "true".to_owned()));
        fields.extend(alt_text(media));
        self.create(fields).await
    }

    /// The container of a carousel.
    pub async fn carousel(&self, parts: &[String], caption: &str) -> Result<String, Failure> {
        self.create(vec![
            ("media_type", "CAROUSEL".to_owned()),
            ("children", parts.join(",")),
            ("caption", caption.to_owned()),
        ])
        .await
    }

    /// Where a container stands, with Instagram's words about it.
    pub async fn status(&self, id: &str) -> Result<(Status, String), Failure> {
        let request = self
            .graph
            .get(&format!("/{id}"))
            .query("fields", "status_code,status");
        let body = self.graph.call(request).await.map_err(spurious)?;
        let words = body["status"].as_str().unwrap_or_default().to_owned();
        let status = match body["status_code"].as_str() {
            Some("IN_PROGRESS") => Status::InProgress,
            Some("FINISHED") => Status::Finished,
            Some("PUBLISHED") => Status::Published,
            Some("EXPIRED") => Status::Expired,
            Some("ERROR") => Status::Error,
            other => {
                let code = other.unwrap_or("nothing");
                let message = format!("Instagram answered {code} as a container's status.");
                return Err(Failure::new(FailureClass::Retry, message));
            }
        };
        Ok((status, words))
    }

    async fn create(&self, fields: Fields) -> Result<String, Failure> {
        let given = fields.into_iter().filter(|(_, value)| !value.is_empty());
        let path = format!("/{}/media", self.session.account_id);
        self.graph.created(self.graph.post(&path).form(given)).await
    }
}

/// 100/33 on a container that exists was seen and passes (networks.md, 2.5): not a lost permission.
fn spurious(failure: Failure) -> Failure {
    if meta::is_gone(&failure) {
        Failure {
            class: FailureClass::Retry,
            ..failure
        }
    } else {
        failure
    }
}

/// Instagram fetches media from a public address.
fn source(media: &RenditionMedia) -> Fields {
    let name = if media.facts.format.is_video() {
        "video_url"
    } else {
        "image_url"
    };
    vec![(name, media.url.clone())]
}

/// Pictures take alt text, alone and in a carousel; reels and stories do not.
fn alt_text(media: &RenditionMedia) -> Option<(&'static str, String)> {
    let text = media.alt_text.clone();
    text.filter(|_| !media.facts.format.is_video())
        .map(|text| ("alt_text", text))
}
