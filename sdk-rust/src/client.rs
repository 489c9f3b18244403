//! The client and how it is made.

use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::FutureExt;
use serde::Serialize;
use serde_json::{Map, Value};
use url::Url;

use crate::{
    auth::Auth,
    call::{Call, Kind, Operation},
    error::{Error, Result},
    follow::{Follow, Resume},
    limit::RateLimit,
    page::Items,
    retry::Retry,
};

const USER_AGENT: &str = concat!("posthaste-sdk-rust/", env!("CARGO_PKG_VERSION"));

/// A client of one Posthaste server in one workspace. Clones are cheap and share their connections.
#[derive(Clone)]
pub struct Client {
    pub(crate) parts: Arc<Parts>,
}

pub(crate) struct Parts {
    pub url: Url,
    pub auth: Auth,
    pub http: reqwest::Client,
    pub timeout: Duration,
    pub retry: Retry,
    pub limit: Mutex<Option<RateLimit>>,
}

impl Client {
    /// A client of the server at an address such as `https://posthaste.example`, with an API key or
    /// session token.
    pub fn new(url: impl AsRef<str>, key: impl Into<String>) -> Result<Self> {
        Self::builder(url).key(key).build()
    }

    /// A client with settings of its own.
    pub fn builder(url: impl AsRef<str>) -> Builder {
        Builder {
            url: url.as_ref().to_owned(),
            auth: Auth::None,
            timeout: Duration::from_secs(30),
            retry: Retry::default(),
            user_agent: None,
            http: None,
        }
    }

    /// Any GraphQL document with one operation; the answer is the whole `data`.
    ///
    /// ```no_run
    /// # async fn example(client: posthaste_sdk::Client) -> posthaste_sdk::Result<()> {
    /// let data = client
    ///     .request("query($id: ID!) { post(id: $id) { status } }", serde_json::json!({ "id": "post_…" }))
    ///     .await?;
    /// println!("{}", data["post"]["status"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn request(
        &self,
        document: impl Into<Cow<'static, str>>,
        variables: impl Serialize,
    ) -> Call<Value> {
        let document = document.into();
        let operation = Operation {
            name: None,
            kind: Kind::of(&document),
            field: None,
            document,
        };
        Call::new(self.clone(), operation, serde_json::to_value(variables))
    }

    /// Any GraphQL document with one subscription; each item is the whole `data`. The stream ends with
    /// its connection, because nobody knows where it would have to go on.
    pub fn subscribe(
        &self,
        document: impl Into<Cow<'static, str>>,
        variables: impl Serialize,
    ) -> Items<Value> {
        let operation = Operation {
            name: None,
            kind: Kind::Subscription,
            field: None,
            document: document.into(),
        };
        Follow {
            client: self.clone(),
            operation,
            variables: serde_json::to_value(variables),
            resume: Resume::Never,
            head: None,
        }
        .start()
    }

    /// The server's address.
    pub fn url(&self) -> &Url {
        &self.parts.url
    }

    /// What the last answer said about how much may still be asked.
    pub fn rate_limit(&self) -> Option<RateLimit> {
        let limit = self.parts.limit.lock();
        limit.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A call of one of the operations that come with the crate.
    pub(crate) fn call<T>(&self, operation: Operation, variables: impl Serialize) -> Call<T> {
        Call::new(self.clone(), operation, serde_json::to_value(variables))
    }

    pub(crate) fn endpoint(&self, path: &str) -> Url {
        let mut url = self.parts.url.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}{path}"));
        url
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("url", &self.parts.url.as_str())
            .field("auth", &self.parts.auth)
            .finish_non_exhaustive()
    }
}

/// Settings of a client that is to be made.
#[derive(Debug)]
#[must_use]
pub struct Builder {
    url: String,
    auth: Auth,
    timeout: Duration,
    retry: Retry,
    user_agent: Option<String>,
    http: Option<reqwest::Client>,
}

impl Builder {
    /// An API key or session token.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.auth = Auth::Key(key.into().into());
        self
    }

    /// Somebody to ask for the token before each try.
    pub fn token<F, O>(mut self, provider: F) -> Self
    where
        F: Fn() -> O + Send + Sync + 'static,
        O: Future<Output = Result<String>> + Send + 'static,
    {
        self.auth = Auth::Provider(Arc::new(move || provider().boxed()));
        self
    }

    /// How long one try may take; 30 seconds when nothing is said. Parts of uploads may take ten
    /// times as long.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How requests are repeated.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Puts the name and version of your program before those of this crate, in `User-Agent`.
    pub fn user_agent(mut self, program: impl Into<String>) -> Self {
        self.user_agent = Some(program.into());
        self
    }

    /// An HTTP client with settings of its own (proxy, certificates). It should follow no redirects.
    pub fn http(mut self, http: reqwest::Client) -> Self {
        self.http = Some(http);
        self
    }

    /// Makes the client; fails when address or settings make no sense. Installs ring as the
    /// process's TLS provider when there is none yet.
    pub fn build(self) -> Result<Client> {
        let url = address(&self.url)?;
        let http = match self.http {
            Some(http) => http,
            None => http(self.user_agent.as_deref())?,
        };
        Ok(Client {
            parts: Arc::new(Parts {
                url,
                auth: self.auth,
                http,
                timeout: self.timeout,
                retry: self.retry,
                limit: Mutex::new(None),
            }),
        })
    }
}

fn address(text: &str) -> Result<Url> {
    let url = Url::parse(text).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
    url.ok_or_else(|| {
        Error::Setup(format!(
            "'{text}' is not the address of a server; one looks like https://posthaste.example"
        ))
    })
}

fn http(program: Option<&str>) -> Result<reqwest::Client> {
    // An error only says that a provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let user_agent = match program {
        Some(program) => format!("{program} {USER_AGENT}"),
        None => USER_AGENT.to_owned(),
    };
    reqwest::Client::builder()
        .user_agent(user_agent)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .connect_timeout(Duration::from_secs(10))
        .build()
        .map_err(|error| Error::Setup(format!("the HTTP client cannot be set up: {error}")))
}

/// `{}` for variables that are not there.
pub(crate) fn none() -> Map<String, Value> {
    Map::new()
}

/// Required variables together with those that may be said.
pub(crate) fn merged<O: Serialize>(required: Value, options: O) -> impl Serialize {
    #[derive(Serialize)]
    struct Merged<O> {
        #[serde(flatten)]
        required: Value,
        #[serde(flatten)]
        options: O,
    }
    Merged { required, options }
}
