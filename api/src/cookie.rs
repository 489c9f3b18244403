//! The cookie with which a browser says who asks.

use axum::http::{HeaderMap, HeaderValue, header};
use chrono::{DateTime, Utc};
use posthaste_core::{Error, Result, secret::Secret};
use posthaste_engine::session::browser::{Entered, PREFIX};

/// Browsers take a cookie of such a name from this host by TLS only, for all of its paths, and from no host beside it.
pub const NAME: &str = "__Host-posthaste";

/// Beside the name: no script reads it, and pages of other sites have it sent only by whoever follows a link.
const KEPT: &str = "Path=/; Secure; HttpOnly; SameSite=Lax";

/// What the cookie of a request says; none where there is no such cookie, or nothing of ours in it.
pub fn read(headers: &HeaderMap) -> Option<Secret> {
    let token = named(headers, NAME)?;
    token.starts_with(PREFIX).then(|| Secret::new(token))
}

/// What a cookie of a name says; none where there are two of it: then somebody slipped one in.
pub fn named<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).into_iter();
    let pairs = all.filter_map(|value| value.to_str().ok());
    let mut named = pairs
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(known, _)| *known == name);
    let (_, value) = named.next()?;
    named.next().is_none().then_some(value)
}

/// Has a browser keep the token until its session is over at the latest.
pub fn set(entered: &Entered, now: DateTime<Utc>) -> Result<HeaderValue> {
    let seconds = (entered.ends - now).num_seconds().max(0);
    let token = entered.token.expose();
    let text = format!("{NAME}={token}; Max-Age={seconds}; {KEPT}");
    let mut value = HeaderValue::from_str(&text).map_err(Error::internal)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Has a browser forget it.
pub fn forget() -> HeaderValue {
    let text = format!("{NAME}=; Max-Age=0; {KEPT}");
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(cookies: &[&'static str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(header::COOKIE, HeaderValue::from_static(cookie));
        }
        read(&headers).map(|token| token.expose().to_owned())
    }

    #[test]
    fn only_the_one_cookie_with_a_browsers_token_is_read() {
        let ours = Some("phb_abc".to_owned());
        assert_eq!(found(&["__Host-posthaste=phb_abc"]), ours);
        assert_eq!(found(&["a=b; __Host-posthaste=phb_abc; c=d"]), ours);
        assert_eq!(found(&["a=b", "__Host-posthaste=phb_abc"]), ours);
        for other in [
            "posthaste=phb_abc",
            "__host-posthaste=phb_abc",
            "__Host-posthaste=phs_abc",
            "__Host-posthaste=phk_live_abc",
            "__Host-posthaste=",
            "__Host-posthaste=phb_abc; __Host-posthaste=phb_def",
        ] {
            assert_eq!(found(&[other]), None, "{other}");
        }
    }
}
