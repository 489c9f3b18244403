use std::sync::OnceLock;

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use posthaste_core::{Error, ErrorCode, Result, secret::Secret};
use tokio::task::spawn_blocking;
use zxcvbn::zxcvbn;

use crate::App;

/// Shortest and longest password in characters, of whatever kind.
const SHORTEST: usize = 8;
const LONGEST: usize = 256;

/// The same in bytes; hashing longer ones would be work for nothing.
const MOST_BYTES: usize = 4 * LONGEST;

/// What is guessed within so many tries is weak: the 3000 most used passwords are, and whatever else is tried first.
const TRIED_FIRST: u64 = 10_000;

/// argon2id with 19 MiB, two passes, one lane (OWASP's first choice).
fn argon2() -> Result<Argon2<'static>> {
    let params =
        Params::new(19_456, 2, 1, None).map_err(|error| Error::internal(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Hashes a new password after looking at it; `own` are e-mail and name of the person. `WEAK_PASSWORD` for what would
/// be tried first.
pub(crate) async fn hash(app: &App, password: Secret, own: &[&str]) -> Result<String> {
    let characters = password.expose().chars().count();
    if !(SHORTEST..=LONGEST).contains(&characters) {
        let message = format!("A password has {SHORTEST} to {LONGEST} characters.");
        return Err(Error::new(ErrorCode::InvalidInput, message).at(["password"]));
    }
    let own = words(own);
    let _place = app.guard.place().await?;
    let password = spawn_blocking(move || check(password.expose(), &own).map(|()| password))
        .await
        .map_err(Error::internal)??;
    hash_again(app, password).await
}

/// Hashes a password that is somebody's already. It takes a place of the guard.
pub(super) async fn hash_again(app: &App, password: Secret) -> Result<String> {
    let mut salt = [0; 16];
    app.random.fill(&mut salt);
    spawn_blocking(move || hash_now(password.expose(), &salt))
        .await
        .map_err(Error::internal)?
}

/// What addresses and names are made of: the whole, what stands before an `@`, and the words of both.
fn words(own: &[&str]) -> Vec<String> {
    let mut words = Vec::new();
    for text in own.iter().map(|text| text.to_lowercase()) {
        let local = text.split('@').next().unwrap_or_default();
        for part in [text.as_str(), local] {
            let split = part.split(|c: char| !c.is_alphanumeric());
            words.extend(split.clone().map(str::to_owned));
            words.extend([split.collect(), part.to_owned()]);
        }
    }
    words.retain(|word| word.chars().count() > 2);
    words
}

fn check(password: &str, own: &[String]) -> Result<()> {
    let own: Vec<&str> = own.iter().map(String::as_str).collect();
    if zxcvbn(password, &own).guesses() > TRIED_FIRST {
        return Ok(());
    }
    let code = ErrorCode::WeakPassword;
    Err(Error::new(code, code.title()).at(["password"]))
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
    if password.expose().len() > MOST_BYTES {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn is_weak(password: &str) -> bool {
        let own = words(&["ada.byron@example.org", "Ada Lovelace"]);
        check(password, &own).is_err_and(|error| error.code == ErrorCode::WeakPassword)
    }

    #[test]
    fn what_everybody_would_try_first_is_refused() {
        for password in [
            "password",
            "Password1",
            "12345678",
            "qwertyuiop",
            "1q2w3e4r5t",
            "sunshine",
            "iloveyou",
            "football",
            "aaaaaaaaaaaa",
            "passw0rd",
            "trustno1",
            "superman",
        ] {
            assert!(is_weak(password), "{password}");
        }
    }

    #[test]
    fn the_persons_own_name_and_address_are_refused() {
        for password in [
            "ada.byron@example.org",
            "Ada Lovelace",
            "LOVELACE",
            "adalovelace",
            "adabyron",
        ] {
            assert!(is_weak(password), "{password}");
        }
    }

    #[test]
    fn words_spaces_and_any_letters_are_taken_without_a_rule_of_composition() {
        for password in [
            "correct horse",
            "nur kleine buchstaben",
            "гроза над морем",
            "  zwei  leere  ",
            "海の上の雷雨と風",
        ] {
            assert!(!is_weak(password), "{password}");
        }
    }
}
