use posthaste_core::{
    Error, ErrorCode, Result,
    connector::{Capabilities, MediaSource, RenditionMedia},
    media::{MediaFacts, PictureRule},
    post::{ContentKind, Fit, MediaRef},
};
use posthaste_media::{Action, Plan};
use posthaste_store::media::{self as rows, Media, Status};
use sha2::{Digest, Sha256};

use super::{ORIGINAL, blob_key, signed_url};
use crate::App;

/// One file as a network will get it.
#[derive(Clone)]
pub struct Shown {
    /// What the connector sees.
    pub media: RenditionMedia,
    /// What is changed about the file, in words.
    pub notes: Vec<String>,
    /// The copy's name.
    pub recipe: String,
    plan: Plan,
}

/// What a network will get, without making it: planned facts, for checks and previews.
pub(crate) fn show(
    app: &App,
    row: &Media,
    wanted: &MediaRef,
    capabilities: &Capabilities,
    kind: ContentKind,
) -> Result<Shown> {
    let facts = usable(row)?;
    let plan = match picture_rule(facts, capabilities, kind) {
        Some(rule) if wanted.fit == Fit::Auto => posthaste_media::plan(facts, rule, wanted.crop),
        _ => Plan {
            action: Action::AsIs,
            notes: Vec::new(),
        },
    };
    let (recipe, planned) = match &plan.action {
        Action::AsIs => (ORIGINAL.to_owned(), facts.clone()),
        Action::Make(recipe) => (
            recipe_name(&plan),
            MediaFacts {
                format: recipe.format,
                bytes: facts.bytes.min(recipe.rule.max_bytes),
                width: recipe.width,
                height: recipe.height,
                animated: false,
                ..facts.clone()
            },
        ),
    };
    Ok(Shown {
        media: RenditionMedia {
            url: signed_url(app, row.id, &recipe, planned.format),
            source: MediaSource {
                blobs: app.blobs.clone(),
                key: blob_key(row.workspace_id, row.id, &recipe),
            },
            alt_text: wanted.alt_text.clone().or_else(|| row.alt_text.clone()),
            facts: planned,
        },
        notes: plan.notes.clone(),
        recipe,
        plan,
    })
}

/// Makes the copy unless it was made before; the shown facts become the real ones.
pub(crate) async fn make(app: &App, row: &Media, shown: &mut Shown) -> Result<()> {
    if shown.plan.is_as_is() {
        return Ok(());
    }
    let known = rows::rendition(&mut *app.db.get().await?, row.id, &shown.recipe).await?;
    shown.media.facts = match known {
        Some(facts) => facts,
        None => render(app, row, shown).await?,
    };
    Ok(())
}

async fn render(app: &App, row: &Media, shown: &Shown) -> Result<MediaFacts> {
    let source = blob_key(row.workspace_id, row.id, ORIGINAL);
    let facts = posthaste_media::render(
        &*app.blobs,
        &source,
        usable(row)?,
        &shown.plan,
        &shown.media.source.key,
    )
    .await?;
    rows::insert_rendition(
        &mut *app.db.get().await?,
        row.id,
        &shown.recipe,
        &facts,
        app.now(),
    )
    .await?;
    Ok(facts)
}

fn usable(row: &Media) -> Result<&MediaFacts> {
    match (&row.facts, row.status) {
        (Some(facts), Status::Ready) => Ok(facts),
        (_, Status::Failed) => Err(Error::new(
            ErrorCode::MediaUnreadable,
            format!(
                "'{}' cannot be used: {}",
                row.file_name,
                row.error_message.as_deref().unwrap_or_default()
            ),
        )),
        _ => Err(Error::new(
            ErrorCode::MediaNotReady,
            format!("'{}' is not uploaded completely yet.", row.file_name),
        )),
    }
}

fn picture_rule<'c>(
    facts: &MediaFacts,
    capabilities: &'c Capabilities,
    kind: ContentKind,
) -> Option<&'c PictureRule> {
    if facts.format.is_video() {
        return None;
    }
    match (kind, &capabilities.story_picture) {
        (ContentKind::Story, Some(rule)) => Some(rule),
        _ => Some(&capabilities.picture),
    }
}

/// The same work always has the same name, so that it is done once.
fn recipe_name(plan: &Plan) -> String {
    let hash = Sha256::digest(format!("{:?}", plan.action));
    posthaste_core::hex::encode(&hash[..8])
}
