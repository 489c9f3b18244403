//! With what the client identifies itself.

use std::{fmt, sync::Arc};

use futures_util::future::BoxFuture;

use crate::error::Result;

type Provider = dyn Fn() -> BoxFuture<'static, Result<String>> + Send + Sync;

/// A key, or somebody who knows the token of the moment.
#[derive(Clone)]
pub enum Auth {
    /// Nothing, for signing in.
    None,
    /// An API key or session token that stays.
    Key(Arc<str>),
    /// Asked before each try.
    Provider(Arc<Provider>),
}

impl Auth {
    /// The value of the `Authorization` header.
    pub async fn header(&self) -> Result<Option<String>> {
        let token = match self {
            Self::None => return Ok(None),
            Self::Key(key) => key.to_string(),
            Self::Provider(provider) => provider().await?,
        };
        Ok(Some(format!("Bearer {token}")))
    }
}

/// Secrets stay out of logs.
impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Key(_) => "Key(…)",
            Self::Provider(_) => "Provider(…)",
        })
    }
}
