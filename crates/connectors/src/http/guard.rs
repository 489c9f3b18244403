//! Where requests may go, whatever an address says or a name resolves to.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use posthaste_core::{
    connector::Hosts,
    outgoing::{Reach, check_public, is_public},
    ports::TransportError,
};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::Url;

use crate::HOSTS;

/// How long a name may take to be looked up.
const LOOKUP: Duration = Duration::from_secs(5);

/// Looks a name up.
#[async_trait]
pub(super) trait Lookup: Send + Sync {
    async fn lookup(&self, name: &str) -> io::Result<Vec<SocketAddr>>;
}

/// As this machine looks names up.
pub(super) struct System;

#[async_trait]
impl Lookup for System {
    async fn lookup(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        let found = tokio::time::timeout(LOOKUP, tokio::net::lookup_host((name, 0))).await??;
        Ok(found.collect())
    }
}

/// Looks names up and refuses those with any address that is not public. The client connects to exactly the
/// addresses that were judged, so that a name that answers differently a moment later changes nothing.
pub(super) struct PublicOnly(pub(super) Arc<dyn Lookup>);

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let lookup = self.0.clone();
        Box::pin(async move {
            let found = lookup.lookup(name.as_str()).await.unwrap_or_default();
            if found.is_empty() || !found.iter().all(|address| is_public(address.ip())) {
                // The same words for a name that is not there: which names a private network has is nobody's business.
                let refusal = format!("{} was not found on the public internet", name.as_str());
                return Err(refusal.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// The one host of simulated networks; none for the real ones.
#[derive(Clone, Debug)]
pub(super) struct Guard(Option<String>);

impl Guard {
    /// Reads where the networks are.
    pub(super) fn new(hosts: &Hosts) -> posthaste_core::Result<Self> {
        let host = |base: &String| -> posthaste_core::Result<String> {
            let url = Url::parse(base).map_err(posthaste_core::Error::internal)?;
            Ok(url.host_str().unwrap_or_default().to_owned())
        };
        hosts.base.as_ref().map(host).transpose().map(Self)
    }

    /// Refuses an address before anything is looked up or connected to.
    pub(super) fn check(&self, text: &str, reach: Reach) -> Result<(), TransportError> {
        // What was wrong with an address may be told, the address not: it may hold tokens.
        let url = Url::parse(text).map_err(|error| TransportError::NotSent(error.to_string()))?;
        let refuse = |why: String| Err(TransportError::NotSent(why));
        match reach {
            Reach::Anywhere => Ok(()),
            Reach::Public => check_public(&url).or_else(|why| refuse(why.to_owned())),
            Reach::Networks => {
                let host = url.host_str().unwrap_or_default();
                let is_known = match &self.0 {
                    Some(simulated) => host == simulated,
                    None => HOSTS.contains(&host) && check_public(&url).is_ok(),
                };
                if is_known {
                    return Ok(());
                }
                refuse(format!("{host} is no host of a network"))
            }
        }
    }
}
