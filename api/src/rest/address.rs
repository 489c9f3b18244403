use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, Request},
    http::{HeaderMap, HeaderName, HeaderValue, header},
};
use posthaste_core::secret::Secret;
use posthaste_engine::session::Client;

use crate::tls::Peer;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Leaves in `X-Forwarded-For` the one address that is believed, so that handlers need not judge: the
/// peer's, or what the outermost of so many trusted proxies saw.
pub fn settle(request: &mut Request, trusted_proxies: usize) {
    let peer = request
        .extensions()
        .get::<ConnectInfo<Peer>>()
        .map(|ConnectInfo(Peer(peer))| peer.ip());
    let address = forwarded(request.headers(), trusted_proxies).or(peer);
    let headers = request.headers_mut();
    headers.remove(X_FORWARDED_FOR);
    if let Some(value) = address.and_then(|at| HeaderValue::from_str(&at.to_string()).ok()) {
        headers.insert(X_FORWARDED_FOR, value);
    }
}

/// Each proxy adds the address that it saw; what stands before the trusted ones' is the client's word.
fn forwarded(headers: &HeaderMap, trusted_proxies: usize) -> Option<IpAddr> {
    let seen: Vec<&str> = headers
        .get_all(X_FORWARDED_FOR)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    let place = seen.len().checked_sub(trusted_proxies.max(1))?;
    let text = seen.get(place).filter(|_| trusted_proxies > 0)?.trim();
    let socket = || text.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    text.parse().ok().or_else(socket)
}

/// Where a settled request comes from; nothing for a request without a connection (tests).
pub fn of(headers: &HeaderMap) -> Option<IpAddr> {
    headers.get(X_FORWARDED_FOR)?.to_str().ok()?.parse().ok()
}

/// The program that sends a settled request.
pub fn client(headers: &HeaderMap) -> Client {
    let user_agent = headers.get(header::USER_AGENT);
    Client {
        address: of(headers),
        user_agent: user_agent.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()),
        browser: cookie(headers),
    }
}

/// The cookie of a browser in which a sign-in by a provider was begun.
pub const BROWSER: &str = "__Host-posthaste-oidc";

/// Its value, 256 bits in base 64.
fn cookie(headers: &HeaderMap) -> Option<Secret> {
    let all = headers.get_all(header::COOKIE).iter();
    let pairs = all.filter_map(|value| value.to_str().ok());
    let mut pairs = pairs.flat_map(|value| value.split(';'));
    let value = pairs.find_map(|pair| pair.trim().strip_prefix(BROWSER)?.strip_prefix('='))?;
    let is_ours = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    (value.len() == 43 && value.bytes().all(is_ours)).then(|| Secret::new(value))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn settled(forwarded: &[&str], trusted_proxies: usize) -> Option<String> {
        let mut request = Request::new(Body::empty());
        let peer: SocketAddr = "192.0.2.9:4711".parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(Peer(peer)));
        for value in forwarded {
            let value = HeaderValue::from_str(value).unwrap();
            request.headers_mut().append(X_FORWARDED_FOR, value);
        }
        settle(&mut request, trusted_proxies);
        of(request.headers()).map(|address| address.to_string())
    }

    #[test]
    fn only_what_a_trusted_proxy_says_is_believed() {
        let peer = Some("192.0.2.9".to_owned());
        assert_eq!(settled(&["198.51.100.7"], 0), peer);
        assert_eq!(settled(&[], 1), peer);
        assert_eq!(settled(&["nonsense"], 1), peer);
        let seen = ["10.0.0.1, 198.51.100.7", "203.0.113.5"];
        assert_eq!(settled(&seen, 1), Some("203.0.113.5".to_owned()));
        assert_eq!(settled(&seen, 2), Some("198.51.100.7".to_owned()));
        assert_eq!(settled(&seen, 4), peer);
        let socket = settled(&["[2001:db8::7]:443"], 1);
        assert_eq!(socket, Some("2001:db8::7".to_owned()));
    }
}
