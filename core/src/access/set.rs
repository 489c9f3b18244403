use std::fmt;

use super::{Permission, Role};

/// Some permissions. Of two sets neither need be the larger one: what counts is whether one
/// [`covers`](Self::covers) the other.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct PermissionSet(u32);

impl PermissionSet {
    /// None.
    pub const EMPTY: Self = Self(0);

    /// Every permission.
    pub const ALL: Self = Self::of(Permission::ALL);

    /// What is left in a workspace that is to be erased: to look, and for its owner to take it back.
    pub const IN_GRACE: Self = Self::of(&[Permission::Read, Permission::OwnWorkspace]);

    /// These permissions.
    pub const fn of(permissions: &[Permission]) -> Self {
        let mut bits = 0;
        let mut at = 0;
        while at < permissions.len() {
            bits |= 1 << permissions[at] as u32;
            at += 1;
        }
        Self(bits)
    }

    /// What is held with a role: what the built-in one carries, or the permissions kept for a custom
    /// one.
    pub fn held(role: Role, own: Option<&[String]>) -> Self {
        if role != Role::Custom {
            return role.permissions();
        }
        Self::from(own.unwrap_or_default())
    }

    /// Whether a permission is among them.
    pub fn contains(self, permission: Permission) -> bool {
        self.covers(Self::of(&[permission]))
    }

    /// Whether all of the others are among them.
    pub fn covers(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    /// Those that are in both.
    #[must_use]
    pub fn both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those that are in one of them.
    #[must_use]
    pub fn either(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These without some.
    #[must_use]
    pub const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// One by one, in the order of the documentation.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        let all = Permission::ALL.iter().copied();
        all.filter(move |permission| self.contains(*permission))
    }

    /// Their names, as the database keeps them.
    pub fn names(self) -> Vec<String> {
        self.iter().map(|one| one.as_str().to_owned()).collect()
    }
}

/// What the database keeps. Names of a later version are passed over: what is not known is not allowed.
impl From<&[String]> for PermissionSet {
    fn from(names: &[String]) -> Self {
        let known = names.iter().filter_map(|name| Permission::from_name(name));
        known.collect()
    }
}

impl From<Vec<String>> for PermissionSet {
    fn from(names: Vec<String>) -> Self {
        Self::from(names.as_slice())
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<T: IntoIterator<Item = Permission>>(permissions: T) -> Self {
        permissions.into_iter().fold(Self::EMPTY, |set, one| {
            set.either(Self::of(std::slice::from_ref(&one)))
        })
    }
}

impl fmt::Debug for PermissionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_of_two_sets_need_be_the_larger_one() {
        let write = PermissionSet::of(&[Permission::Read, Permission::Write]);
        let publish = PermissionSet::of(&[Permission::Read, Permission::Publish]);
        assert!(!write.covers(publish) && !publish.covers(write));
        assert!(write.either(publish).covers(write));
        assert_eq!(write.both(publish), PermissionSet::of(&[Permission::Read]),);
        assert_eq!(write.without(publish).names(), ["WRITE"]);
        assert!(PermissionSet::ALL.covers(write) && write.covers(PermissionSet::EMPTY));
    }

    #[test]
    fn what_is_kept_for_a_custom_role_is_read_and_unknown_names_allow_nothing() {
        let kept = ["PUBLISH", "FLY", "READ"].map(str::to_owned);
        let held = PermissionSet::held(Role::Custom, Some(&kept));
        assert_eq!(held.names(), ["READ", "PUBLISH"]);
        assert_eq!(
            PermissionSet::held(Role::Custom, None),
            PermissionSet::EMPTY
        );
        assert_eq!(
            PermissionSet::held(Role::Viewer, Some(&kept)),
            Role::Viewer.permissions()
        );
    }
}
