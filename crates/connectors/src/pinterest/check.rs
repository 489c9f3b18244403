//! What Pinterest refuses or drops beyond the common checks.

use posthaste_core::{ErrorCode, connector::Rendition, post::Problem};

use super::capabilities::{CAPABILITIES, MAX_LINK};
use crate::check::common;

/// Every problem of a rendition whose description is `description`.
pub fn check(rendition: &Rendition, description: &str) -> Vec<Problem> {
    let mut found = common(&CAPABILITIES, rendition, description.chars().count());
    found.extend(link(rendition));
    found.extend(board(rendition));
    found.extend(different_sizes(rendition));
    found.extend(dropped_alt_texts(rendition));
    found
}

fn link(rendition: &Rendition) -> Option<Problem> {
    let length = rendition.link.as_ref()?.chars().count();
    (length > MAX_LINK).then(|| {
        Problem::error(
            ErrorCode::LinkInvalid,
            format!("The link has {length} characters; Pinterest takes at most {MAX_LINK}."),
            ["link"],
        )
    })
}

/// Board ids are numbers (OpenAPI 5.23.0, PinCreate).
fn board(rendition: &Rendition) -> Option<Problem> {
    let board = rendition
        .destination
        .as_deref()
        .filter(|board| !board.is_empty())?;
    (!board.bytes().all(|byte| byte.is_ascii_digit())).then(|| {
        Problem::error(
            ErrorCode::DestinationRequired,
            format!("'{board}' is no board id of Pinterest; choose one of the account's boards."),
            ["destination"],
        )
    })
}

fn different_sizes(rendition: &Rendition) -> Option<Problem> {
    let size = |index: usize| {
        let facts = &rendition.media.get(index)?.facts;
        Some((facts.width, facts.height))
    };
    let first = size(0)?;
    let index = (1..rendition.media.len()).find(|index| size(*index) != Some(first))?;
    let (width, height) = size(index)?;
    Some(Problem::warning(
        ErrorCode::MediaDimensions,
        format!(
            "It is {width} × {height} pixels and the first picture {} × {}; \
             Pinterest shows pictures of one pin in one size and may cut them.",
            first.0, first.1
        ),
        ["media".to_owned(), index.to_string()],
    ))
}

fn dropped_alt_texts(rendition: &Rendition) -> Vec<Problem> {
    let others = rendition.media.iter().enumerate().skip(1);
    let described =
        others.filter(|(_, media)| media.alt_text.as_ref().is_some_and(|text| !text.is_empty()));
    described
        .map(|(index, _)| {
            Problem::warning(
                ErrorCode::InvalidInput,
                "Pinterest keeps one alt text for a pin: that of the first picture.",
                ["media".to_owned(), index.to_string(), "altText".to_owned()],
            )
        })
        .collect()
}
