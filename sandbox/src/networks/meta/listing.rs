//! Lists of the Graph: what is asked for, cursors, the address of the next part.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{error::GraphError, params::Params, route::At};
use crate::networks::answer::Answer;

/// Parameters of every list.
const PARAMS: [&str; 5] = ["limit", "after", "before", "since", "until"];

/// A checked wish for a list.
pub struct Asked {
    /// Most items.
    pub limit: usize,
    /// Position of the last item before.
    pub after: Option<u64>,
    /// Nothing older.
    pub since: Option<DateTime<Utc>>,
    /// Nothing newer.
    pub until: Option<DateTime<Utc>>,
    /// `fields`.
    pub wanted: Option<String>,
    token: String,
}

impl Asked {
    /// Reads the parameters; `known` ones of the edge are accepted.
    pub fn read(at: &At<'_>, known: &[&str]) -> Result<Self, GraphError> {
        let params = Params::read(at.call)?;
        params.only(&[&PARAMS, known].concat())?;
        let limit = params.number("limit")?.unwrap_or(25);
        if limit > 100 {
            return Err(GraphError::param("Please reduce the limit: at most 100"));
        }
        Ok(Self {
            limit: limit.max(1) as usize,
            after: params
                .text("after")?
                .map(|cursor| read_cursor(&cursor))
                .transpose()?,
            since: params.time("since")?,
            until: params.time("until")?,
            wanted: params.text("fields")?,
            token: params.token(at.call).unwrap_or_default(),
        })
    }

    /// The answer with cursors; `cursors` are the positions of the first and last item.
    pub fn answer(
        &self,
        at: &At<'_>,
        host: &str,
        edge: &str,
        nodes: Vec<Value>,
        cursors: Option<(u64, u64)>,
        more: bool,
    ) -> Answer {
        let mut body = json!({ "data": nodes });
        if let Some((first, last)) = cursors {
            let (first, last) = (cursor(first), cursor(last));
            body["paging"] = json!({ "cursors": { "before": first, "after": last } });
            if more {
                body["paging"]["next"] = self.next(at, host, edge, &last).into();
            }
        }
        Answer::json(200, &body)
    }

    /// The same call behind the cursor, with the token as the Graph repeats it.
    fn next(&self, at: &At<'_>, host: &str, edge: &str, after: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let kept = |name: &str| name != "after" && name != "access_token";
        for (name, value) in at.call.query.iter().filter(|(name, _)| kept(name)) {
            query.append_pair(name, value);
        }
        query
            .append_pair("access_token", &self.token)
            .append_pair("after", after);
        let path = format!("v26.0/{}/{edge}?{}", at.id, query.finish());
        at.networks.url(host, &path)
    }
}

fn cursor(at: u64) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(at.to_string())
}

fn read_cursor(cursor: &str) -> Result<u64, GraphError> {
    BASE64_URL_SAFE_NO_PAD
        .decode(cursor)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| GraphError::param("Invalid cursors values"))
}
