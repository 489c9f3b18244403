use std::{collections::HashSet, sync::Arc};

use uuid::Uuid;

use super::{Permission, PermissionSet};
use crate::ids::ConnectionId;

/// The connections that somebody may deal with, and with them the posts that go nowhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All of the workspace's.
    All,
    /// These and no others.
    Only(Arc<[ConnectionId]>),
}

impl Reach {
    /// What is left of permissions to whoever is limited to some connections: what concerns the whole
    /// workspace takes somebody who is not.
    pub const PERMISSIONS: PermissionSet = PermissionSet::of(&[
        Permission::Read,
        Permission::Write,
        Permission::Publish,
        Permission::ManageConnections,
    ]);

    /// Whether there is no limit.
    pub fn is_whole(&self) -> bool {
        *self == Self::All
    }

    /// No connection at all.
    pub fn none() -> Self {
        Self::Only(Arc::default())
    }

    /// Whether a connection is within it.
    pub fn has(&self, connection: ConnectionId) -> bool {
        match self {
            Self::All => true,
            Self::Only(ids) => ids.contains(&connection),
        }
    }

    /// What is within both.
    #[must_use]
    pub fn both(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::All, limit) | (limit, Self::All) => limit.clone(),
            (Self::Only(ids), Self::Only(others)) => {
                let others: HashSet<_> = others.iter().collect();
                let shared = ids.iter().filter(|id| others.contains(id));
                Self::Only(shared.copied().collect())
            }
        }
    }

    /// What is within one of them.
    #[must_use]
    pub fn either(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::All, _) | (_, Self::All) => Self::All,
            (Self::Only(ids), Self::Only(more)) => {
                let known: HashSet<_> = ids.iter().collect();
                let more = more.iter().filter(|id| !known.contains(id));
                Self::Only(ids.iter().chain(more).copied().collect())
            }
        }
    }

    /// The connections as the database keeps them; none without a limit.
    pub fn ids(&self) -> Option<Vec<Uuid>> {
        match self {
            Self::All => None,
            Self::Only(ids) => Some(ids.iter().map(|id| id.uuid()).collect()),
        }
    }
}

/// What the database keeps.
impl From<Option<Vec<Uuid>>> for Reach {
    fn from(ids: Option<Vec<Uuid>>) -> Self {
        ids.map_or(Self::All, |ids| {
            Self::Only(ids.into_iter().map(ConnectionId::from).collect())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_within_both_is_never_more_than_either() {
        let id = Uuid::from_u128;
        let limit = |ids: &[u128]| Reach::from(Some(ids.iter().map(|one| id(*one)).collect()));
        let (one, other) = (limit(&[1, 2]), limit(&[2, 3]));
        assert_eq!(one.both(&other), limit(&[2]));
        assert_eq!(one.both(&Reach::All), one);
        assert_eq!(Reach::All.both(&one), one);
        assert_eq!(limit(&[]).both(&Reach::All), limit(&[]));
        assert_eq!(one.either(&other), limit(&[1, 2, 3]));
        assert_eq!(one.either(&Reach::All), Reach::All);
        assert_eq!(Reach::none().either(&one), one);
        assert!(Reach::All.has(id(9).into()) && !one.has(id(3).into()));
        assert_eq!(Reach::from(None), Reach::All);
        assert_eq!(one.ids(), Some(vec![id(1), id(2)]));
    }
}
