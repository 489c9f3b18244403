use std::fmt;

use async_trait::async_trait;

use crate::{error::Result, ids::WorkspaceId};

/// Where a sealed value lies. It is authenticated with the value, so that one that was moved to another
/// row, column or workspace cannot be opened there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The row, as text.
    pub row: String,
}

impl fmt::Display for Place {
    /// Only the row may hold a `|`, so two places are never written the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}|{}|{}|{}",
            self.table, self.column, self.workspace, self.row
        )
    }
}

/// Encrypts what must not lie readable in the database (network tokens, secrets of webhooks, answers that
/// hold keys).
#[async_trait]
pub trait Cipher: Send + Sync {
    /// Encrypts `plain` for a place, under the workspace's present key.
    async fn seal(&self, plain: &[u8], place: &Place) -> Result<Vec<u8>>;

    /// Decrypts what [`Cipher::seal`] made for the same place.
    async fn open(&self, sealed: &[u8], place: &Place) -> Result<Vec<u8>>;
}

/// A cipher that only checks the place; for tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlainCipher;

#[async_trait]
impl Cipher for PlainCipher {
    async fn seal(&self, plain: &[u8], place: &Place) -> Result<Vec<u8>> {
        Ok([place.to_string().as_bytes(), b"\0", plain].concat())
    }

    async fn open(&self, sealed: &[u8], place: &Place) -> Result<Vec<u8>> {
        let prefix = [place.to_string().as_bytes(), b"\0"].concat();
        sealed
            .strip_prefix(prefix.as_slice())
            .map(<[u8]>::to_vec)
            .ok_or_else(|| crate::Error::internal("sealed for another place"))
    }
}
