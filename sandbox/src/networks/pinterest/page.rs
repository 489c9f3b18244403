//! Pages of lists: `page_size` and an opaque `bookmark`.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::super::answer::Answer;
use super::{auth::At, problem::Problem};

/// Which page is asked for.
pub struct Page {
    /// Most items of it.
    pub size: usize,
    /// Position after which it starts, as the page before gave it.
    pub after: Option<u64>,
}

impl Page {
    /// Reads the two parameters.
    pub fn read(at: &At<'_>) -> Result<Self, Problem> {
        let size = match at.call.query("page_size") {
            None => 25,
            Some(text) => text
                .parse()
                .ok()
                .filter(|size| (1..=250).contains(size))
                .ok_or_else(|| {
                    Problem::invalid(format!("'{text}' is not a page_size of 1 to 250"))
                })?,
        };
        let after = at.call.query("bookmark").filter(|text| !text.is_empty());
        let after = after.map(position).transpose()?;
        Ok(Self { size, after })
    }

    /// The answer from up to `size + 1` items with their positions.
    pub fn answer(&self, mut items: Vec<(u64, Value)>) -> Answer {
        let more = items.len() > self.size;
        items.truncate(self.size);
        let last = items.last().filter(|_| more);
        let bookmark = last.map(|(at, _)| BASE64_URL_SAFE_NO_PAD.encode(format!("after {at}")));
        let items: Vec<Value> = items.into_iter().map(|(_, item)| item).collect();
        Answer::json(200, &json!({ "items": items, "bookmark": bookmark }))
    }
}

fn position(bookmark: &str) -> Result<u64, Problem> {
    BASE64_URL_SAFE_NO_PAD
        .decode(bookmark)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| text.strip_prefix("after ")?.parse().ok())
        .ok_or_else(|| Problem::invalid("the bookmark is not valid"))
}
