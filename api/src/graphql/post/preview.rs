//! What each connection would get.

use async_graphql::{Context, Object, Result, SimpleObject};
use posthaste_core::{ErrorCode, connector::RenditionMedia, post as core};
use posthaste_engine::post as engine;

use super::enums::Severity;
use crate::graphql::{
    connection::Connection,
    context::app,
    payload::{MutationError, Warning},
    scalars::Named,
};

/// What each connection would get, and what is wrong with the input itself.
#[derive(SimpleObject)]
pub struct PostPreview {
    /// What each connection would get, in the order of the input; none while an id is wrong.
    pub targets: Vec<TargetPreview>,
    /// What is wrong with the input, whatever the network.
    pub violations: Vec<MutationError>,
}

/// What a check told.
#[derive(SimpleObject)]
pub struct PostValidation {
    /// Whether it could be scheduled like this.
    pub valid: bool,
    /// What forbids it, by the order of the input's fields.
    pub errors: Vec<MutationError>,
    /// What a person should know.
    pub warnings: Vec<Warning>,
}

/// What one connection would get.
pub struct TargetPreview(pub engine::Preview);

/// What one connection would get.
#[Object]
impl TargetPreview {
    /// The connection.
    async fn connection(&self) -> Connection {
        Connection(self.0.connection.clone())
    }

    /// The text exactly as it would be sent, with the link where the network has no field for it.
    async fn text(&self) -> &str {
        &self.0.text
    }

    /// The title.
    async fn title(&self) -> Option<&str> {
        self.0.title.as_deref()
    }

    /// The link, with its parameters.
    async fn link(&self) -> Option<&str> {
        self.0.link.as_deref()
    }

    /// The text's length by the network's own rule.
    async fn length(&self) -> usize {
        self.0.length
    }

    /// The longest text the network takes.
    async fn max_length(&self) -> usize {
        self.0.max_length
    }

    /// What is counted: "characters", "weighted characters".
    async fn unit(&self, ctx: &Context<'_>) -> Result<&'static str> {
        Ok(app(ctx)?
            .connector(self.0.connection.network)
            .capabilities()
            .text_unit)
    }

    /// What is left of the length; below zero when the text is too long.
    async fn remaining(&self) -> i64 {
        self.0.max_length as i64 - self.0.length as i64
    }

    /// The files as the network would get them.
    async fn media(&self) -> Vec<PreviewMedia<'_>> {
        self.0.media.iter().map(PreviewMedia).collect()
    }

    /// What the network would refuse, and what a person should know.
    async fn problems(&self) -> Vec<Problem<'_>> {
        self.0.problems.iter().map(Problem).collect()
    }
}

/// A file as a network would get it.
pub struct PreviewMedia<'a>(&'a RenditionMedia);

/// A file as a network would get it.
#[Object]
impl PreviewMedia<'_> {
    /// A signed address where it can be seen for two days; a copy is made when the post goes out.
    async fn url(&self) -> &str {
        &self.0.url
    }

    /// The media type.
    async fn content_type(&self) -> &'static str {
        self.0.facts.format.mime()
    }

    /// Width in pixels.
    async fn width(&self) -> u32 {
        self.0.facts.width
    }

    /// Height in pixels.
    async fn height(&self) -> u32 {
        self.0.facts.height
    }

    /// Size in bytes; for a copy that is not made yet, the most it will have.
    async fn bytes(&self) -> u64 {
        self.0.facts.bytes
    }

    /// Description for people who cannot see it.
    async fn alt_text(&self) -> Option<&str> {
        self.0.alt_text.as_deref()
    }
}

/// Something a network would refuse, or a person should know.
pub struct Problem<'a>(&'a core::Problem);

impl<'a> Problem<'a> {
    /// The problem as people read it.
    pub fn of(problem: &'a core::Problem) -> Self {
        Self(problem)
    }
}

/// Something a network would refuse, or a person should know.
#[Object]
impl Problem<'_> {
    /// How bad it is.
    async fn severity(&self) -> Severity {
        self.0.severity.into()
    }

    /// The stable code.
    async fn code(&self) -> Named<ErrorCode> {
        Named(self.0.code)
    }

    /// What is wrong, for a person.
    async fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do.
    async fn advice(&self) -> &'static str {
        self.0.code.advice()
    }

    /// The input field, outermost first; list positions as numbers.
    async fn path(&self) -> &[String] {
        &self.0.path
    }
}
