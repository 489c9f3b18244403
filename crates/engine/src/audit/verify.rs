use posthaste_core::{
    Result,
    audit::{Entry, Fault, Verifier, chain_name},
};
use posthaste_store::{
    Database,
    audit::{self as rows, Chain},
};
use serde::{Deserialize, Serialize};

/// Entries read at a time.
const BATCH: i64 = 1000;

/// Where a chain ended when it was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// Its name, as `core::audit::chain_name`.
    pub chain: String,
    /// The position of its last entry.
    pub seq: i64,
    /// The hash of that, in hexadecimal digits.
    pub hash: String,
    /// How many entries have their detail erased.
    #[serde(default)]
    pub erased: i64,
}

impl End {
    /// How far a chain is whole.
    pub fn new(chain: String, verifier: &Verifier) -> Self {
        Self {
            chain,
            seq: verifier.seq,
            hash: posthaste_core::hex::encode(&verifier.hash),
            erased: verifier.erased,
        }
    }
}

/// Chains with entries, in a fixed order, from the one behind `after` on; the server's is the first. These
/// functions check no role: whoever may call them has the server's configuration in hand.
pub async fn chains(db: &Database, after: Option<Chain>) -> Result<Vec<Chain>> {
    rows::chains(&mut *db.get().await?, after, BATCH).await
}

/// The next entries of a chain behind a position, oldest first; none at its end.
pub async fn export(db: &Database, chain: Chain, after: i64) -> Result<Vec<Entry>> {
    rows::after(&mut *db.get().await?, chain, after, BATCH).await
}

/// Reads a chain from its beginning and compares every hash, and its entries at the positions of `known` with
/// what they were when somebody looked before. Entries written meanwhile are left for the next time.
pub async fn verify(db: &Database, chain: Chain, known: &[End]) -> Result<Result<End, Fault>> {
    let end = rows::end(&mut *db.get().await?, chain).await?;
    let mut check = Check::new(chain_name(chain), known);
    while check.verifier.seq < end.seq {
        let (after, limit) = (check.verifier.seq, end.seq - check.verifier.seq);
        let batch = rows::after(&mut *db.get().await?, chain, after, BATCH.min(limit)).await?;
        if batch.is_empty() {
            break;
        }
        if let Err(fault) = batch.iter().try_for_each(|entry| check.take(entry)) {
            return Ok(Err(fault));
        }
    }
    let whole = check.verifier.end(end.seq, &end.hash);
    let seq = end.seq + 1;
    let why = "stands behind what the chain is said to end with";
    let nothing_behind = || (end.highest < seq).then_some(()).ok_or(Fault { seq, why });
    Ok(whole
        .and_then(|()| nothing_behind())
        .and_then(|()| check.finish()))
}

/// A chain as it is read entry by entry, beside what is known about it.
#[derive(Debug)]
pub struct Check<'a> {
    chain: String,
    known: Vec<&'a End>,
    verifier: Verifier,
}

impl<'a> Check<'a> {
    /// Before the first entry of a chain, by name.
    pub fn new(chain: String, known: &'a [End]) -> Self {
        Self {
            known: known.iter().filter(|end| end.chain == chain).collect(),
            chain,
            verifier: Verifier::default(),
        }
    }

    /// Takes the next entry; fails when it is not the one that was written there.
    pub fn take(&mut self, entry: &Entry) -> Result<(), Fault> {
        self.verifier.take(entry)?;
        let seq = entry.seq;
        let same = |end: &&End| posthaste_core::hex::encode(&entry.hash) == end.hash;
        if self.known.iter().filter(|end| end.seq == seq).all(same) {
            return Ok(());
        }
        let why = "is another than when the chain was looked at before";
        Err(Fault { seq, why })
    }

    /// Where the chain ends; fails when it was longer before.
    pub fn finish(self) -> Result<End, Fault> {
        let longest = self.known.iter().map(|end| end.seq).max().unwrap_or(0);
        if self.verifier.seq < longest {
            let seq = self.verifier.seq + 1;
            let why = "is missing, and was there when the chain was looked at before";
            return Err(Fault { seq, why });
        }
        Ok(End::new(self.chain, &self.verifier))
    }
}
