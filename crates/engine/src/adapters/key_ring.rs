use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use posthaste_core::{
    Error, Result, hex,
    ports::{DataKey, MasterKeys, Random, Wrapped},
    secret::Secret,
};
use sha2::{Digest, Sha256};

use super::OsRandom;
use crate::vault::envelope::{aes, decrypt, encrypt};

/// Where master keys come from.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// Derived from the server's secret; that needs no further file.
    Secret,
    /// A text with one key on each line, 64 hexadecimal digits; the last one wraps, all unwrap. Empty lines and
    /// what follows a `#` are skipped.
    Text(Secret),
    /// A file with such a text. It is read again when a key is asked for that was not in it, and before
    /// something is wrapped, so that running processes learn of new lines.
    File(PathBuf),
}

/// Master keys in this process's memory. The one derived from the server's secret is always among them, so
/// that a file can be introduced later.
pub struct KeyRing {
    source: KeySource,
    derived: Key,
    keys: Mutex<Vec<Key>>,
}

#[derive(Clone)]
struct Key {
    id: String,
    bytes: DataKey,
}

impl Key {
    fn new(bytes: DataKey) -> Self {
        let digest = Sha256::new()
            .chain_update(b"posthaste master key id\0")
            .chain_update(bytes)
            .finalize();
        Self {
            id: hex::encode(&digest[..8]),
            bytes,
        }
    }
}

impl KeyRing {
    /// Reads the keys. Fails when the source cannot be read or holds something that is no key.
    pub fn new(source: KeySource, secret: &Secret) -> Result<Self> {
        let derived = Sha256::new()
            .chain_update(b"posthaste master key\0")
            .chain_update(secret.expose())
            .finalize();
        let ring = Self {
            source,
            derived: Key::new(derived.into()),
            keys: Mutex::default(),
        };
        ring.read()?;
        Ok(ring)
    }

    /// A new key as a line for the file.
    pub fn new_line() -> Secret {
        let mut bytes: DataKey = [0; 32];
        OsRandom.fill(&mut bytes);
        Secret::new(hex::encode(&bytes))
    }

    /// Reads the source again.
    fn read(&self) -> Result<()> {
        let listed = match &self.source {
            KeySource::Secret => Vec::new(),
            KeySource::Text(text) => parse(text.expose())?,
            KeySource::File(path) => {
                let text = std::fs::read_to_string(path).map_err(|error| {
                    let shown = path.display();
                    Error::internal(format!(
                        "the master key file {shown} cannot be read: {error}"
                    ))
                })?;
                parse(&text)?
            }
        };
        let mut keys = vec![self.derived.clone()];
        keys.extend(listed);
        *self.keys.lock().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    fn newest(&self) -> Result<Key> {
        if matches!(self.source, KeySource::File(_)) {
            self.read()?;
        }
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.last()
            .cloned()
            .ok_or_else(|| Error::internal("there is no master key"))
    }

    fn find(&self, id: &str) -> Option<Key> {
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.iter().find(|key| key.id == id).cloned()
    }
}

#[async_trait]
impl MasterKeys for KeyRing {
    async fn current(&self) -> Result<String> {
        Ok(self.newest()?.id)
    }

    async fn wrap(&self, key: &DataKey, context: &str) -> Result<Wrapped> {
        let master = self.newest()?;
        Ok(Wrapped {
            bytes: encrypt(&aes(&master.bytes), &OsRandom, key, context)?,
            master_key: master.id,
        })
    }

    async fn unwrap(&self, wrapped: &Wrapped, context: &str) -> Result<DataKey> {
        let id = &wrapped.master_key;
        let mut known = self.find(id);
        if known.is_none() {
            self.read()?;
            known = self.find(id);
        }
        let master =
            known.ok_or_else(|| Error::internal(format!("master key {id} is not there")))?;
        decrypt(&aes(&master.bytes), &wrapped.bytes, context)
            .and_then(|plain| plain.try_into().ok())
            .ok_or_else(|| Error::internal(format!("master key {id} does not fit a data key")))
    }
}

fn parse(text: &str) -> Result<Vec<Key>> {
    let lines = text.lines().enumerate().filter_map(|(index, line)| {
        let word = line.split('#').next().unwrap_or_default().trim();
        (!word.is_empty()).then_some((index, word))
    });
    let keys = lines
        .map(|(index, word)| {
            let bytes = hex::decode(word).and_then(|bytes| bytes.try_into().ok());
            let bytes = bytes.ok_or_else(|| {
                // What the line holds may be a secret.
                let line = index + 1;
                Error::internal(format!(
                    "line {line} of the master keys is not 64 hexadecimal digits"
                ))
            })?;
            Ok(Key::new(bytes))
        })
        .collect::<Result<Vec<_>>>()?;
    if keys.is_empty() {
        return Err(Error::internal("there is no master key"));
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(text: &str) -> Result<KeyRing> {
        let secret = Secret::new("a secret for tests");
        KeyRing::new(KeySource::Text(Secret::new(text)), &secret)
    }

    fn line(digit: char) -> String {
        digit.to_string().repeat(64)
    }

    #[tokio::test]
    async fn the_last_line_wraps_and_all_lines_unwrap() {
        let old = ring(&line('1')).unwrap();
        let both = ring(&format!("# 2026\n{}\n\n{} # 2027\n", line('1'), line('2'))).unwrap();
        let new = ring(&line('2')).unwrap();
        let key = [7; 32];
        let wrapped = old.wrap(&key, "here").await.unwrap();
        assert_eq!(both.unwrap(&wrapped, "here").await.unwrap(), key);
        assert!(both.unwrap(&wrapped, "there").await.is_err());
        let error = new.unwrap(&wrapped, "here").await.unwrap_err();
        assert!(
            error
                .cause
                .is_some_and(|why| why.to_string().contains(&wrapped.master_key))
        );
        let again = both.wrap(&key, "here").await.unwrap();
        assert_eq!(again.master_key, new.current().await.unwrap());
        assert_eq!(new.unwrap(&again, "here").await.unwrap(), key);
    }

    #[tokio::test]
    async fn a_file_is_read_again_for_a_key_that_was_added() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys");
        let secret = Secret::new("a secret for tests");
        std::fs::write(&path, line('1')).unwrap();
        let running = KeyRing::new(KeySource::File(path.clone()), &secret).unwrap();
        let first = running.wrap(&[7; 32], "here").await.unwrap();
        std::fs::write(&path, format!("{}\n{}\n", line('1'), line('2'))).unwrap();
        let other = ring(&line('2')).unwrap();
        let wrapped = other.wrap(&[8; 32], "here").await.unwrap();
        assert_eq!(running.unwrap(&wrapped, "here").await.unwrap(), [8; 32]);
        assert_eq!(running.current().await.unwrap(), wrapped.master_key);
        assert_eq!(running.unwrap(&first, "here").await.unwrap(), [7; 32]);
        std::fs::remove_file(&path).unwrap();
        assert!(running.wrap(&[7; 32], "here").await.is_err());
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_shown() {
        let short = line('1')[1..].to_owned();
        for bad in ["", "# nothing", &short, &line('x'), &"é".repeat(32)] {
            let error = ring(bad).err().unwrap();
            let shown = format!("{error:?}");
            assert!(bad.len() < 10 || !shown.contains(bad), "{shown}");
        }
    }
}
