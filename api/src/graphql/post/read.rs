//! Inputs on their way into the domain; what cannot be read is collected with its path.

use async_graphql::ID;
use posthaste_core::post::{self as core, PostBody};
use posthaste_engine::{
    Actor, App,
    post::{NewPost, NewTarget, Violations, When},
    session,
};

use super::{
    input::{
        CropInput, LinkTrackingInput, PostContentInput, PostMediaInput, PostTargetInput,
        PostVariantInput,
    },
    reader::Reader,
    schedule::ScheduleInput,
};

/// A new post, with what could not be read.
pub async fn post(
    app: &App,
    actor: &Actor,
    id: Option<ID>,
    content: PostContentInput,
    targets: Vec<PostTargetInput>,
    schedule: Option<ScheduleInput>,
) -> Result<NewPost, Violations> {
    let mut reader = Reader::default();
    let mut post = NewPost {
        id: id.and_then(|id| reader.id(&id, "id")),
        body: body(content, &mut reader),
        targets: self::targets(targets, &mut reader),
        schedule: match schedule {
            Some(schedule) => when(app, actor, schedule, &mut reader).await?,
            None => None,
        },
        unread: Violations::new(),
    };
    post.unread = reader.into_violations();
    Ok(post)
}

/// When; a local time without a zone is the workspace's.
pub async fn when(
    app: &App,
    actor: &Actor,
    schedule: ScheduleInput,
    reader: &mut Reader,
) -> Result<Option<When>, Violations> {
    let zone = if schedule.needs_zone() {
        session::workspace(app, actor)
            .await
            .map_err(|error| vec![error])?
            .time_zone
    } else {
        String::new()
    };
    Ok(reader.take(schedule.when(&zone)))
}

fn body(input: PostContentInput, reader: &mut Reader) -> PostBody {
    PostBody {
        content: core::Content {
            text: input.text.unwrap_or_default(),
            title: filled(input.title),
            link: filled(input.link),
            media: media(input.media.unwrap_or_default(), reader),
            kind: input.kind.map(Into::into).unwrap_or_default(),
        },
        variants: variants(input.variants.unwrap_or_default(), reader),
        link_tracking: input.link_tracking.map(link_tracking),
    }
}

/// The targets of a post.
pub fn targets(list: Vec<PostTargetInput>, reader: &mut Reader) -> Vec<NewTarget> {
    let one = |(index, input): (usize, PostTargetInput)| {
        reader.within(&[&"targets", &index], |reader| NewTarget {
            id: input.id.and_then(|id| reader.id(&id, "id")),
            connection: reader.id_or_nil(&input.connection_id, "connectionId"),
            settings: core::TargetSettings {
                board_id: filled(input.board_id),
            },
            misfire: input.misfire_policy.into(),
            if_absent: input.if_absent.into(),
        })
    };
    list.into_iter().enumerate().map(one).collect()
}

/// A text that says something.
pub(super) fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

/// The media of a post or variant.
pub(super) fn media(list: Vec<PostMediaInput>, reader: &mut Reader) -> Vec<core::MediaRef> {
    let one = |(index, input): (usize, PostMediaInput)| {
        let id = reader.within(&[&"media", &index], |reader| {
            reader.id_or_nil(&input.id, "id")
        });
        core::MediaRef {
            id,
            alt_text: input.alt_text,
            crop: input.crop.map(crop),
            fit: input.fit.into(),
        }
    };
    list.into_iter().enumerate().map(one).collect()
}

/// The variants of a post.
pub(super) fn variants(list: Vec<PostVariantInput>, reader: &mut Reader) -> Vec<core::Variant> {
    let one = |(index, input): (usize, PostVariantInput)| {
        reader.within(&[&"variants", &index], |reader| core::Variant {
            network: input.network.map(Into::into),
            connection: input
                .connection_id
                .map(|id| reader.id_or_nil(&id, "connectionId")),
            text: input.text,
            title: input.title,
            link: input.link,
            media: input.media.map(|list| media(list, reader)),
            kind: input.kind.map(Into::into),
        })
    };
    list.into_iter().enumerate().map(one).collect()
}

fn crop(input: CropInput) -> core::Crop {
    core::Crop {
        x: input.x,
        y: input.y,
        width: input.width,
        height: input.height,
    }
}

/// The parameters of a link.
pub(super) fn link_tracking(input: LinkTrackingInput) -> core::LinkTracking {
    core::LinkTracking {
        campaign: filled(input.campaign),
    }
}
