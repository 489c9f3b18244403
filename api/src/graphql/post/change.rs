//! A change of a post: what is left out stays, `null` clears.

use async_graphql::{ID, InputObject, MaybeUndefined};
use posthaste_core::{ids::PostId, post::PostBody};
use posthaste_engine::post::{Change, Violations};

use super::{
    input::{LinkTrackingInput, PostMediaInput, PostTargetInput, PostVariantInput},
    read,
    reader::Reader,
};
use crate::graphql::network::ContentKind;

/// A change of a post: fields left out stay as they are, `null` clears.
#[derive(Debug, InputObject)]
pub struct PostUpdateInput {
    /// The post.
    pub id: ID,
    /// The version you read; with another one there now, the answer is `VERSION_CONFLICT`.
    pub version: Option<i32>,
    /// The text.
    pub text: MaybeUndefined<String>,
    /// The title.
    pub title: MaybeUndefined<String>,
    /// The link.
    pub link: MaybeUndefined<String>,
    /// Where on the networks the post appears.
    pub kind: MaybeUndefined<ContentKind>,
    /// Pictures and videos in order.
    pub media: MaybeUndefined<Vec<PostMediaInput>>,
    /// What differs on single networks or connections.
    pub variants: MaybeUndefined<Vec<PostVariantInput>>,
    /// Parameters added to the link.
    pub link_tracking: MaybeUndefined<LinkTrackingInput>,
    /// The whole new list of connections: those missing are removed, new ones are added.
    pub targets: MaybeUndefined<Vec<PostTargetInput>>,
    /// Only check it and show what would come of it: nothing is written or sent.
    #[graphql(default)]
    pub dry_run: bool,
}

impl PostUpdateInput {
    /// The post and its change.
    pub fn change(self) -> Result<(PostId, Change), Violations> {
        let mut reader = Reader::default();
        let id = reader.id(&self.id, "id");
        let targets = given(self.targets).map(|list| read::targets(list, &mut reader));
        let media = given(self.media).map(|list| read::media(list, &mut reader));
        let variants = given(self.variants).map(|list| read::variants(list, &mut reader));
        let edit = move |body: &mut PostBody| {
            let content = &mut body.content;
            set(&mut content.text, given(self.text));
            set(&mut content.title, nullable(self.title).map(read::filled));
            set(&mut content.link, nullable(self.link).map(read::filled));
            set(
                &mut content.kind,
                nullable(self.kind).map(|kind| kind.map(Into::into).unwrap_or_default()),
            );
            set(&mut content.media, media);
            set(&mut body.variants, variants);
            set(
                &mut body.link_tracking,
                nullable(self.link_tracking).map(|wanted| wanted.map(read::link_tracking)),
            );
        };
        let violations = reader.into_violations();
        let Some(id) = id else {
            return Err(violations);
        };
        let change = Change {
            version: self.version,
            edit: Box::new(edit),
            targets,
            unread: violations,
        };
        Ok((id, change))
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

/// The new value of a field, if it changes; `null` empties it.
fn given<T: Default>(field: MaybeUndefined<T>) -> Option<T> {
    nullable(field).map(Option::unwrap_or_default)
}

/// The new value of a field that may be empty, if it changes.
#[expect(
    clippy::option_option,
    reason = "whether it changes, and to nothing or something"
)]
fn nullable<T>(field: MaybeUndefined<T>) -> Option<Option<T>> {
    match field {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(value) => Some(Some(value)),
    }
}
