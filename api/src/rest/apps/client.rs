//! How an app says which one it is (RFC 6749, 2.3.1).

use axum::http::{HeaderMap, header};
use base64::{Engine, prelude::BASE64_STANDARD};
use posthaste_core::secret::Secret;
use posthaste_engine::oauth::Credentials;

use super::form::Form;

/// What an app shows: in `Authorization`, or in the body. None when it shows both, or something else in the header.
pub fn read(headers: &HeaderMap, form: &Form) -> Option<Credentials> {
    let in_body = Credentials {
        id: form.get("client_id").unwrap_or_default(),
        secret: form.get("client_secret").map(Secret::new),
    };
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        return Some(in_body);
    };
    let shown = basic(value.to_str().ok()?)?;
    let agrees = in_body.id.is_empty() || in_body.id == shown.id;
    (in_body.secret.is_none() && agrees).then_some(shown)
}

fn basic(value: &str) -> Option<Credentials> {
    let (scheme, text) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(BASE64_STANDARD.decode(text.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    // Both are encoded as in a form before (RFC 6749, 2.3.1).
    let plain = |text: &str| {
        let pair = format!("x={text}");
        Form::of_query(&pair).get("x").unwrap_or_default()
    };
    let secret = plain(secret);
    Some(Credentials {
        id: plain(id),
        secret: (!secret.is_empty()).then(|| Secret::new(secret)),
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn read(authorization: Option<&str>, body: &str) -> Option<(String, Option<String>)> {
        let mut headers = HeaderMap::new();
        if let Some(text) = authorization {
            let value = format!("Basic {}", BASE64_STANDARD.encode(text));
            headers.insert(
                header::AUTHORIZATION,
                HeaderValue::from_str(&value).unwrap(),
            );
        }
        let shown = super::read(&headers, &Form::of_query(body))?;
        let secret = shown.secret.map(|secret| secret.expose().to_owned());
        Some((shown.id, secret))
    }

    #[test]
    fn an_app_shows_itself_in_one_place() {
        let known =
            |id: &str, secret: Option<&str>| Some((id.to_owned(), secret.map(str::to_owned)));
        assert_eq!(read(Some("a:s"), ""), known("a", Some("s")));
        assert_eq!(read(Some("a%5F:s%2B+"), ""), known("a_", Some("s+ ")));
        assert_eq!(read(Some("a:s"), "client_id=a"), known("a", Some("s")));
        assert_eq!(read(Some("a:"), ""), known("a", None));
        assert_eq!(
            read(None, "client_id=a&client_secret=s"),
            known("a", Some("s"))
        );
        assert_eq!(read(None, "client_id=a"), known("a", None));
        assert_eq!(read(Some("a:s"), "client_secret=s"), None);
        assert_eq!(read(Some("a:s"), "client_id=b"), None);
        assert_eq!(read(Some("a"), ""), None);
    }
}
