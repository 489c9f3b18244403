//! What a provider says of itself, kept for a while, and requests to it through the one client.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use openidconnect::{
    AdditionalProviderMetadata, DiscoveryError, HttpRequest, HttpResponse, IssuerUrl,
    ProviderMetadata,
    core::{
        CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType,
        CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
        CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
    },
};
use posthaste_core::{
    Error, ErrorCode, Result,
    outgoing::Reach,
    ports::{Body, Http, Method, Request, TransportError},
};
use serde::{Deserialize, Serialize};
use url::{Url, form_urlencoded};

use super::Provider;
use crate::App;

/// How long metadata and keys are kept.
const LIFE: TimeDelta = TimeDelta::hours(1);

/// How old they must be to be asked for again because of a key that is not among them.
const REST: TimeDelta = TimeDelta::minutes(1);

/// How long a provider may take for an answer.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// What is read of the metadata beyond the usual.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Extra {
    /// Whether answers name their issuer (RFC 9207).
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for Extra {}

/// Metadata with its keys.
pub(super) type Metadata = ProviderMetadata<
    Extra,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// Metadata, and since when it is known.
pub(super) struct Found {
    metadata: Arc<Metadata>,
    at: DateTime<Utc>,
}

impl Provider {
    /// What it says of itself; `PROVIDER_UNAVAILABLE` when it does not answer, or not as a provider does.
    pub(super) async fn metadata(&self, app: &App) -> Result<Arc<Metadata>> {
        // Whoever comes meanwhile waits for the same answer.
        let mut found = self.found.lock().await;
        let now = app.now();
        if let Some(known) = &*found
            && now - known.at < LIFE
        {
            return Ok(known.metadata.clone());
        }
        let metadata = Arc::new(self.ask(app).await?);
        *found = Some(Found {
            metadata: metadata.clone(),
            at: now,
        });
        Ok(metadata)
    }

    /// The same asked for anew, since a key was not among it; none where it was asked for just now.
    pub(super) async fn renewed(&self, app: &App) -> Result<Option<Arc<Metadata>>> {
        let mut found = self.found.lock().await;
        if let Some(known) = &*found
            && app.now() - known.at < REST
        {
            return Ok(None);
        }
        *found = None;
        drop(found);
        self.metadata(app).await.map(Some)
    }

    async fn ask(&self, app: &App) -> Result<Metadata> {
        let issuer = IssuerUrl::new(self.settings.issuer.clone()).map_err(Error::internal)?;
        let http = self.http(app);
        let metadata = Metadata::discover_async(issuer, &http).await;
        let metadata = metadata.map_err(|error| match error {
            DiscoveryError::Request(away) => unavailable(away),
            other => unavailable(other),
        })?;
        let page = metadata.authorization_endpoint().url();
        if !is_fine(page, self.settings.reach()) {
            return Err(unavailable(
                "its page for signing in is not reached by https",
            ));
        }
        Ok(metadata)
    }

    /// Sends requests to it.
    pub(super) fn http(
        &self,
        app: &App,
    ) -> impl Fn(HttpRequest) -> BoxFuture<'static, Result<HttpResponse, Away>> + Send + Sync + use<>
    {
        let (http, reach) = (app.http.clone(), self.settings.reach());
        move |request| Box::pin(send(http.clone(), reach, request))
    }
}

/// Whether browsers may be sent there.
fn is_fine(page: &Url, reach: Reach) -> bool {
    page.scheme() == "https" || (page.scheme() == "http" && reach == Reach::Anywhere)
}

/// What is told when a provider does not answer as one does.
pub(super) fn unavailable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    let code = ErrorCode::ProviderUnavailable;
    Error::new(code, code.title()).caused_by(cause)
}

/// A request that got no answer to speak of.
#[derive(Debug, thiserror::Error)]
pub(super) enum Away {
    /// None at all.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// One that says that something failed there.
    #[error("it answers with {0}")]
    Status(u16),
    /// One that cannot be read.
    #[error("its answer cannot be read: {0}")]
    Unreadable(#[from] http::Error),
}

async fn send(
    http: Arc<dyn Http>,
    reach: Reach,
    request: HttpRequest,
) -> Result<HttpResponse, Away> {
    let (parts, body) = request.into_parts();
    let method = match parts.method {
        http::Method::POST => Method::Post,
        _ => Method::Get,
    };
    let mut asked = Request::new(method, parts.uri.to_string()).reaching(reach);
    asked.timeout = PATIENCE;
    for (name, value) in &parts.headers {
        // A form says so by itself.
        if name != http::header::CONTENT_TYPE {
            let value = String::from_utf8_lossy(value.as_bytes());
            asked = asked.header(name.as_str(), value);
        }
    }
    if method == Method::Post {
        asked.body = Body::Form(form_urlencoded::parse(&body).into_owned().collect());
    }
    let answer = http.send(asked).await?;
    if answer.status >= 500 {
        return Err(Away::Status(answer.status));
    }
    let mut response = http::Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    Ok(response.body(answer.body.to_vec())?)
}
