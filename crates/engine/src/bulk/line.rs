//! From a line to a post: the fields of the API's `PostCreateInput`, and `key`.

use std::str::FromStr;

use posthaste_core::{
    Error, ErrorCode, Network, Result,
    bulk::{Fields, Header, MAX_KEY, MOST_ERRORS, Record},
    post::{
        Content, ContentKind, Crop, Fit, LinkTracking, MediaRef, PostBody, TargetSettings, Variant,
    },
    schedule::{parse_instant, parse_local},
    target::MisfirePolicy,
};
use posthaste_store::target::IfAbsent;
use serde_json::Value;
use uuid::Uuid;

use super::names::Named;
use crate::post::{NewPost, NewTarget, Violations, When};

const KINDS: [(&str, ContentKind); 3] = [
    ("FEED", ContentKind::Feed),
    ("STORY", ContentKind::Story),
    ("REEL", ContentKind::Reel),
];
const FITS: [(&str, Fit); 2] = [("AUTO", Fit::Auto), ("NONE", Fit::None)];
const NETWORKS: [(&str, Network); 4] = [
    ("FACEBOOK", Network::Facebook),
    ("INSTAGRAM", Network::Instagram),
    ("PINTEREST", Network::Pinterest),
    ("X", Network::X),
];
const MISFIRES: [(&str, MisfirePolicy); 3] = [
    ("PUBLISH_LATE", MisfirePolicy::PublishLate),
    ("SKIP", MisfirePolicy::Skip),
    ("ASK", MisfirePolicy::Ask),
];
const IF_ABSENT: [(&str, IfAbsent); 2] = [("RESEND", IfAbsent::Resend), ("HOLD", IfAbsent::Hold)];

/// A line that could be read, as far as it could.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// Names the line, so that it makes one post only.
    pub key: Option<String>,
    /// What it says, with what could not be read.
    pub post: NewPost,
    /// Accounts that are named otherwise than by their ids.
    pub named: Vec<Named>,
}

impl Line {
    /// Reads a line of JSONL, or a row of CSV when there is a header. A local time without a zone is
    /// in `zone`.
    pub fn read(
        record: Record,
        header: Option<&Header>,
        zone: &str,
    ) -> std::result::Result<Self, Violations> {
        let cells = record.cells.map_err(|error| vec![error])?;
        let value = match header {
            Some(header) => header.object(cells)?,
            None => json(&cells.concat()).map_err(|error| vec![error])?,
        };
        let mut fields = Fields::of(value).map_err(|error| vec![error])?;
        let mut line = Self {
            key: fields.form("key", key),
            ..Self::default()
        };
        let by_name = header.is_some();
        line.post = NewPost {
            id: fields.id("id"),
            body: body(&mut fields),
            targets: line.targets(&mut fields, by_name),
            schedule: schedule(&mut fields, zone),
            unread: Violations::new(),
        };
        line.post.unread = fields.finish();
        if line.post.unread.len() > MOST_ERRORS {
            // Not all is known that is wrong, so the rest cannot be judged.
            return Err(line.post.unread);
        }
        Ok(line)
    }

    fn targets(&mut self, fields: &mut Fields, by_name: bool) -> Vec<NewTarget> {
        let mut position = 0;
        let one = |fields: &mut Fields| {
            let connection = fields.form("connectionId", |text| {
                match Named::read(position, text).filter(|_| by_name) {
                    Some(named) => {
                        self.named.push(named?);
                        Ok(Uuid::nil().into())
                    }
                    None => text.parse(),
                }
            });
            position += 1;
            NewTarget {
                id: fields.id("id"),
                connection: fields
                    .required("connectionId", connection)
                    .unwrap_or(Uuid::nil().into()),
                settings: TargetSettings {
                    board_id: filled(fields.text("boardId")),
                },
                misfire: fields
                    .one_of("misfirePolicy", &MISFIRES)
                    .unwrap_or_default(),
                if_absent: fields.one_of("ifAbsent", &IF_ABSENT).unwrap_or_default(),
            }
        };
        fields.list("targets", one).unwrap_or_default()
    }
}

fn json(text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|error| {
        let message = format!("The line is not valid JSON: {error}.");
        Error::new(ErrorCode::BadRequest, message)
    })
}

fn key(text: &str) -> Result<String> {
    let count = text.chars().count();
    if text.trim().is_empty() || count > MAX_KEY || text.chars().any(char::is_control) {
        let message = format!(
            "The key has {count} characters; it must have 1 to {MAX_KEY}, none of them a control character."
        );
        return Err(Error::new(ErrorCode::InvalidInput, message));
    }
    Ok(text.to_owned())
}

fn body(fields: &mut Fields) -> PostBody {
    PostBody {
        content: Content {
            text: fields.text("text").unwrap_or_default(),
            title: filled(fields.text("title")),
            link: filled(fields.text("link")),
            media: media(fields).unwrap_or_default(),
            kind: fields.one_of("kind", &KINDS).unwrap_or_default(),
        },
        variants: fields.list("variants", variant).unwrap_or_default(),
        link_tracking: fields.object("linkTracking", |fields| LinkTracking {
            campaign: filled(fields.text("campaign")),
        }),
    }
}

fn media(fields: &mut Fields) -> Option<Vec<MediaRef>> {
    fields.list("media", |fields| MediaRef {
        id: id(fields, "id"),
        alt_text: fields.text("altText"),
        crop: fields.object("crop", crop),
        fit: fields.one_of("fit", &FITS).unwrap_or_default(),
    })
}

fn crop(fields: &mut Fields) -> Crop {
    let mut side = |name| {
        let value = fields.number(name);
        fields.required(name, value).unwrap_or_default()
    };
    Crop {
        x: side("x"),
        y: side("y"),
        width: side("width"),
        height: side("height"),
    }
}

fn variant(fields: &mut Fields) -> Variant {
    Variant {
        network: fields.one_of("network", &NETWORKS),
        connection: fields.id("connectionId"),
        text: fields.text("text"),
        title: fields.text("title"),
        link: fields.text("link"),
        media: media(fields),
        kind: fields.one_of("kind", &KINDS),
    }
}

fn schedule(fields: &mut Fields, zone: &str) -> Option<When> {
    let chosen = fields.object("schedule", |fields| {
        let at = fields.form("at", |text| {
            parse_instant(text).ok_or_else(|| unlike(text, "an instant", "2027-03-28T07:00:00Z"))
        });
        let local = fields.form("localTime", |text| {
            parse_local(text).ok_or_else(|| unlike(text, "a local time", "2027-03-28T09:00"))
        });
        let own_zone = fields.text("timeZone");
        let now = fields.flag("now").unwrap_or_default();
        (!fields.is_refused()).then(|| When::one_of(at, local, own_zone, now, zone))
    });
    match chosen?? {
        Ok(when) => Some(when),
        Err(error) => {
            fields.refuse(error);
            None
        }
    }
}

fn unlike(text: &str, what: &str, example: &str) -> Error {
    let text: String = text.chars().take(40).collect();
    let message = format!("'{text}' is not {what}; one looks like {example}.");
    Error::new(ErrorCode::InvalidInput, message)
}

/// An id that must be there; one that is not becomes one that nothing has, so that the rest is looked
/// at all the same.
fn id<T: FromStr<Err = Error> + From<Uuid>>(fields: &mut Fields, name: &'static str) -> T {
    let id = fields.id(name);
    fields
        .required(name, id)
        .unwrap_or_else(|| Uuid::nil().into())
}

/// A text that says something.
fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}
