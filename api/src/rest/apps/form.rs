//! What forms send.

use axum::http::{HeaderMap, header};
use posthaste_core::{Error, ErrorCode, Result};

/// The fields of a form, or of an address.
pub struct Form(Vec<(String, String)>);

impl Form {
    /// The fields of an address.
    pub fn of_query(query: &str) -> Self {
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        Self(pairs.into_owned().collect())
    }

    /// The fields of a body; `UNSUPPORTED_MEDIA_TYPE` for what is no form.
    pub fn of_body(headers: &HeaderMap, body: &str) -> Result<Self> {
        let kind = headers.get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            let message = "Send application/x-www-form-urlencoded.";
            return Err(Error::new(ErrorCode::UnsupportedMediaType, message));
        }
        Ok(Self::of_query(body))
    }

    /// The value of a field, if it has one (an empty one is none: OAuth 2.1, 3.2).
    pub fn get(&self, name: &str) -> Option<String> {
        self.all(name).next().map(str::to_owned)
    }

    /// The values of a field.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let fields = self.0.iter();
        let named = fields.filter(move |(field, value)| field == name && !value.is_empty());
        named.map(|(_, value)| value.as_str())
    }

    /// Whether one of these fields stands there twice.
    pub fn repeats(&self, names: &[&str]) -> bool {
        let times = |name: &str| self.0.iter().filter(|(field, _)| field == name).count();
        names.iter().any(|name| times(name) > 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_field_is_none_and_two_are_noticed() {
        let form = Form::of_query("a=1&b=&a=%202&c=3");
        assert_eq!(form.get("a"), Some("1".to_owned()));
        assert_eq!(form.all("a").collect::<Vec<_>>(), ["1", " 2"]);
        assert_eq!((form.get("b"), form.get("d")), (None, None));
        assert!(form.repeats(&["c", "a"]) && !form.repeats(&["b", "c", "d"]));
    }
}
