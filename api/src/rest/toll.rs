//! What strangers pay outside of documents: each address has a bucket, as each credential has.

use std::net::IpAddr;

use posthaste_core::{Error, ErrorCode, Result};
use posthaste_engine::{App, limit::Payer};

/// What is done for a stranger without asking much costs as much as a change.
pub const CALL: u32 = 10;

/// Takes points from the bucket of an address; `RATE_LIMITED` when it has not so many.
pub async fn pay(app: &App, address: Option<IpAddr>, points: u32) -> Result<()> {
    let payer = Payer::new(None, address);
    let reserved = app.limits.reserve(&payer, points, app.now()).await?;
    match reserved.and_then(|reserved| reserved.refusal) {
        Some(refusal) if refusal.code == ErrorCode::RateLimited => Err(refusal),
        _ => Ok(()),
    }
}

/// What is told to whoever sent a credential that opens nothing. Guesses are paid for, and an address that guessed
/// too often is told nothing any more.
pub async fn guessed(app: &App, address: Option<IpAddr>, error: Error) -> Error {
    if error.code != ErrorCode::Unauthenticated {
        return error;
    }
    pay(app, address, CALL).await.err().unwrap_or(error)
}
