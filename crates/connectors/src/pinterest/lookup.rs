//! Reads back what became of a pin (networks.md, 4.5): by title, description and link.

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    connector::{Ctx, Failure, Intent, Lookup, Published, Rendition, Session},
    ports::Request,
};

use super::api::{self, Page, Pin};
use crate::wire::same_text;

/// Clocks may differ by so much.
const SKEW: TimeDelta = TimeDelta::minutes(5);
/// At most so many pages of 250 pins.
const MAX_PAGES: usize = 10;

/// Looks for the pin that `intent` may have made on the rendition's board.
pub async fn lookup(
    ctx: &Ctx,
    session: &Session,
    rendition: &Rendition,
    description: &str,
    intent: &Intent,
) -> Result<Lookup, Failure> {
    let Some(board) = rendition.destination.as_deref() else {
        return Ok(Lookup::CannotTell {
            reason: "The post names no board.".to_owned(),
        });
    };
    let Some(pins) = recent(ctx, session, board, intent.at - SKEW).await? else {
        return Ok(Lookup::CannotTell {
            reason: format!("The board has more than {} pins.", MAX_PAGES * 250),
        });
    };
    let found: Vec<_> = pins
        .iter()
        .filter(|pin| !intent.known_ids.contains(&pin.id))
        .filter(|pin| is_same(pin, rendition, description))
        .collect();
    let nameless = [rendition.title.as_deref(), rendition.link.as_deref()];
    if !found.is_empty()
        && intent.ready.is_null()
        && description.is_empty()
        && nameless == [None; 2]
    {
        return Ok(Lookup::CannotTell {
            reason: "A pin of that time has no text to tell it by.".to_owned(),
        });
    }
    Ok(match found.as_slice() {
        [] => Lookup::Absent { proved: false },
        [pin] => Lookup::Found(Published {
            remote_id: pin.id.clone(),
            permalink: Some(api::permalink(ctx, &pin.id)),
        }),
        several => Lookup::CannotTell {
            reason: format!(
                "{} recent pins on the board have this content.",
                several.len()
            ),
        },
    })
}

/// The board's pins since an instant; `None` when there are too many to read.
///
/// The order of the list is not documented, so an old pin ends the reading only as long as every
/// pin so far was older than the one before.
async fn recent(
    ctx: &Ctx,
    session: &Session,
    board: &str,
    since: DateTime<Utc>,
) -> Result<Option<Vec<Pin>>, Failure> {
    let first =
        Request::get(api::url(ctx, &format!("/boards/{board}/pins"))).query("page_size", "250");
    let mut pins = Vec::new();
    let mut request = first.clone();
    let mut last = DateTime::<Utc>::MAX_UTC;
    let mut newest_first = true;
    for _ in 0..MAX_PAGES {
        let page: Page<Pin> = api::read(&api::call(ctx, session, request).await?)?;
        let next = page
            .next()
            .map(|bookmark| first.clone().query("bookmark", bookmark));
        for pin in page.items {
            let created = pin.created().unwrap_or(DateTime::<Utc>::MAX_UTC);
            newest_first &= created <= last;
            last = created;
            if created >= since {
                pins.push(pin);
            }
        }
        match next {
            Some(next) if !(newest_first && last < since) => request = next,
            _ => return Ok(Some(pins)),
        }
    }
    Ok(None)
}

fn is_same(pin: &Pin, rendition: &Rendition, description: &str) -> bool {
    let same = |one: Option<&str>, other: Option<&str>| {
        same_text(one.unwrap_or_default(), other.unwrap_or_default())
    };
    let link = |link: Option<&str>| link.unwrap_or_default().trim_end_matches('/').to_owned();
    same(pin.title.as_deref(), rendition.title.as_deref())
        && same(pin.description.as_deref(), Some(description))
        && link(pin.link.as_deref()) == link(rendition.link.as_deref())
}
