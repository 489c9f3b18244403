//! Requests that must not reach this machine or its network, whatever a name resolves to.

use std::net::IpAddr;

use posthaste_core::{ports::TransportError, webhook::is_public};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Looks names up and hands on nothing but public addresses. The client connects to exactly these, so
/// that a name that answers differently a moment later changes nothing.
pub(super) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<_> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let public: Vec<_> = found
                .into_iter()
                .filter(|address| is_public(address.ip()))
                .collect();
            if public.is_empty() {
                return Err(refusal(name.as_str()).into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Addresses written as numbers are never looked up, so they are judged here.
pub(super) fn refuse_private_literal(url: &str) -> Result<(), TransportError> {
    let url = Url::parse(url).map_err(|error| TransportError::NotSent(error.to_string()))?;
    let literal = match url.host() {
        Some(Host::Ipv4(v4)) => IpAddr::V4(v4),
        Some(Host::Ipv6(v6)) => IpAddr::V6(v6),
        Some(Host::Domain(_)) => return Ok(()),
        None => return Err(TransportError::NotSent("the address names no host".into())),
    };
    if is_public(literal) {
        return Ok(());
    }
    Err(TransportError::NotSent(refusal(&literal.to_string())))
}

fn refusal(host: &str) -> String {
    format!("{host} is not on the public internet")
}
