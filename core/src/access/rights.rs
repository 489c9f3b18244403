use std::sync::Arc;

use super::{Permission, PermissionSet, Reach};
use crate::ids::ConnectionId;

/// Permissions with some connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    permissions: PermissionSet,
    reach: Reach,
}

impl Grant {
    /// Permissions as far as a limit leaves them.
    pub fn new(permissions: PermissionSet, reach: Reach) -> Self {
        let permissions = if reach.is_whole() {
            permissions
        } else {
            permissions.both(Reach::PERMISSIONS)
        };
        Self { permissions, reach }
    }

    fn within(&self, other: &Self) -> Self {
        let permissions = self.permissions.both(other.permissions);
        Self::new(permissions, self.reach.both(&other.reach))
    }
}

/// All that somebody may do: what the role gives, and what each team gives beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rights(Arc<[Grant]>);

impl FromIterator<Grant> for Rights {
    fn from_iter<T: IntoIterator<Item = Grant>>(grants: T) -> Self {
        Self(grants.into_iter().collect())
    }
}

impl Rights {
    /// What may be done, be it with some connections only.
    pub fn permissions(&self) -> PermissionSet {
        let each = self.0.iter().map(|grant| grant.permissions);
        each.fold(PermissionSet::EMPTY, PermissionSet::either)
    }

    /// What may be done with all connections.
    pub fn everywhere(&self) -> PermissionSet {
        let whole = self.0.iter().filter(|grant| grant.reach.is_whole());
        let each = whole.map(|grant| grant.permissions);
        each.fold(PermissionSet::EMPTY, PermissionSet::either)
    }

    /// With which connections something may be done.
    pub fn reach(&self, permission: Permission) -> Reach {
        let with = self.0.iter();
        let with = with.filter(|grant| grant.permissions.contains(permission));
        with.fold(Reach::none(), |reach, grant| reach.either(&grant.reach))
    }

    /// Whether something may be done with a connection.
    pub fn allow(&self, permission: Permission, connection: ConnectionId) -> bool {
        let mut with = self.0.iter();
        with.any(|grant| grant.permissions.contains(permission) && grant.reach.has(connection))
    }

    /// These as far as others have them, too.
    #[must_use]
    pub fn within(&self, others: &Self) -> Self {
        let pairs = self.0.iter();
        pairs
            .flat_map(|one| others.0.iter().map(|other| one.within(other)))
            .collect()
    }

    /// What is left of them with these permissions alone.
    #[must_use]
    pub fn only(&self, permissions: PermissionSet) -> Self {
        let all = Grant::new(permissions, Reach::All);
        self.0.iter().map(|grant| grant.within(&all)).collect()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::access::Role;

    fn limit(ids: &[u128]) -> Reach {
        Reach::from(Some(ids.iter().map(|id| Uuid::from_u128(*id)).collect()))
    }

    fn rights(grants: &[(Role, Reach)]) -> Rights {
        grants
            .iter()
            .map(|(role, reach)| Grant::new(role.permissions(), reach.clone()))
            .collect()
    }

    #[test]
    fn each_grant_counts_where_it_is_given_and_nowhere_else() {
        let mixed = rights(&[
            (Role::Viewer, Reach::All),
            (Role::Editor, limit(&[1])),
            (Role::Approver, limit(&[2])),
        ]);
        assert_eq!(mixed.reach(Permission::Read), Reach::All);
        assert_eq!(mixed.reach(Permission::Write), limit(&[1]));
        assert_eq!(mixed.reach(Permission::Publish), limit(&[1, 2]));
        assert_eq!(mixed.reach(Permission::ManageKeys), Reach::none());
        assert_eq!(mixed.permissions(), Role::Editor.permissions());
        assert_eq!(mixed.everywhere(), Role::Viewer.permissions());
        let allows = |permission, id| mixed.allow(permission, Uuid::from_u128(id).into());
        assert!(allows(Permission::Read, 9) && allows(Permission::Publish, 2));
        assert!(!allows(Permission::Write, 2) && !allows(Permission::Publish, 3));
    }

    #[test]
    fn what_is_limited_never_concerns_the_whole_workspace() {
        let limited = rights(&[(Role::Admin, limit(&[1]))]);
        assert_eq!(limited.permissions(), Reach::PERMISSIONS);
        assert_eq!(limited.everywhere(), PermissionSet::EMPTY);
    }

    #[test]
    fn within_others_is_never_more_than_either() {
        let key = rights(&[(Role::Admin, limit(&[1, 2]))]);
        let person = rights(&[(Role::Editor, limit(&[2, 3])), (Role::Viewer, limit(&[1]))]);
        let both = key.within(&person);
        assert_eq!(both.reach(Permission::Write), limit(&[2]));
        assert_eq!(both.reach(Permission::Read), limit(&[2, 1]));
        let look = both.only(PermissionSet::of(&[Permission::Read]));
        assert_eq!(look.permissions(), Role::Viewer.permissions());
    }
}
