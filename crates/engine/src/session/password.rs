use std::sync::OnceLock;

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use posthaste_core::{Error, ErrorCode, Result, secret::Secret};
use tokio::task::spawn_blocking;

use crate::App;

/// Shortest password in characters.
const SHORTEST: usize = 8;

/// Longest password in bytes; hashing longer ones would be work for nothing.
const LONGEST: usize = 1024;

/// argon2id with 19 MiB, two passes, one lane (OWASP's first choice).
fn argon2() -> Result<Argon2<'static>> {
    let params =
        Params::new(19_456, 2, 1, None).map_err(|error| Error::internal(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Hashes a new password after checking its length.
pub(super) async fn hash(app: &App, password: Secret) -> Result<String> {
    let characters = password.expose().chars().count();
    if characters < SHORTEST || password.expose().len() > LONGEST {
        let message =
            format!("A password has at least {SHORTEST} characters and at most {LONGEST} bytes.");
        return Err(Error::new(ErrorCode::InvalidInput, message).at(["password"]));
    }
    hash_again(app, password).await
}

/// Hashes a password that is somebody's already.
pub(super) async fn hash_again(app: &App, password: Secret) -> Result<String> {
    let mut salt = [0; 16];
    app.random.fill(&mut salt);
    spawn_blocking(move || hash_now(password.expose(), &salt))
        .await
        .map_err(Error::internal)?
}

fn hash_now(password: &str, salt: &[u8]) -> Result<String> {
    let hash = argon2()?
        .hash_password_with_salt(password.as_bytes(), salt)
        .map_err(|error| Error::internal(error.to_string()))?;
    Ok(hash.to_string())
}

/// Whether a hash was made with less work than one of today.
pub(super) fn is_outdated(hash: &str) -> Result<bool> {
    let internal = |error: &dyn std::fmt::Display| Error::internal(error.to_string());
    let parsed = PasswordHash::new(hash).map_err(|error| internal(&error))?;
    let used = Params::try_from(&parsed).map_err(|error| internal(&error))?;
    let wanted = argon2()?;
    let wanted = wanted.params();
    Ok(used.m_cost() < wanted.m_cost()
        || used.t_cost() < wanted.t_cost()
        || used.p_cost() < wanted.p_cost())
}

/// Whether the password belongs to the hash. It takes a place of the guard. Without a hash the same work is done for nothing, so
/// that the time tells nobody which e-mails exist.
pub(super) async fn verify(password: Secret, hash: Option<String>) -> Result<bool> {
    if password.expose().len() > LONGEST {
        return Ok(false);
    }
    spawn_blocking(move || {
        let known = hash.is_some();
        let hash = hash.map_or_else(nobody, Ok)?;
        let parsed =
            PasswordHash::new(&hash).map_err(|error| Error::internal(error.to_string()))?;
        Ok(argon2()?
            .verify_password(password.expose().as_bytes(), &parsed)
            .is_ok()
            && known)
    })
    .await
    .map_err(Error::internal)?
}

/// The hash that stands for people who do not exist.
fn nobody() -> Result<String> {
    static NOBODY: OnceLock<String> = OnceLock::new();
    if let Some(hash) = NOBODY.get() {
        return Ok(hash.clone());
    }
    let hash = hash_now("nobody has this password", &[0; 16])?;
    Ok(NOBODY.get_or_init(|| hash).clone())
}
