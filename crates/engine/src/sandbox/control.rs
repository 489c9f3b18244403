use posthaste_core::{
    Error, ErrorCode, Result,
    ports::{Method, Request},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::App;

/// The control API of the simulated networks.
pub struct Control<'a> {
    app: &'a App,
    base: &'a str,
}

impl<'a> Control<'a> {
    /// `SANDBOX_ONLY` where the networks are real.
    pub fn of(app: &'a App) -> Result<Self> {
        match &app.hosts.base {
            Some(base) if app.sandbox => Ok(Self { app, base }),
            _ => Err(Error::new(
                ErrorCode::SandboxOnly,
                "This server works with the real networks.",
            )),
        }
    }

    /// Reads something.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.send(Method::Get, path, None).await
    }

    /// Gives an order that is answered with something.
    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: Value) -> Result<T> {
        self.send(Method::Post, path, Some(body)).await
    }

    /// Changes switches.
    pub async fn switch(&self, switches: Value) -> Result<()> {
        let _: Value = self.send(Method::Patch, "switches", Some(switches)).await?;
        Ok(())
    }

    /// Removes something.
    pub async fn delete(&self, path: &str) -> Result<()> {
        self.send(Method::Delete, path, None).await
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<T> {
        let base = self.base.trim_end_matches('/');
        let mut request = Request::new(method, format!("{base}/control/{path}"));
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = self.app.http.send(request).await.map_err(|cause| {
            let message = "The simulated networks do not answer.";
            Error::new(ErrorCode::Unavailable, message)
                .retry_after(1)
                .caused_by(cause)
        })?;
        if answer.is_success() {
            return serde_json::from_value(answer.json()).map_err(Error::internal);
        }
        let said = answer.json()["error"].as_str().map(str::to_owned);
        match said {
            Some(said) if answer.status < 500 => Err(Error::new(
                ErrorCode::InvalidInput,
                format!("The simulated networks refuse: {said}."),
            )),
            _ => Err(Error::internal(format!(
                "the control API answered {} to {path}",
                answer.status
            ))),
        }
    }
}
