//! What members and keys may do: permissions, and roles as sets of them.
//!
//! The two tables here are the only ones: the API's enums, `docs/permissions.md` and the tests of who
//! may use which field derive from them. To add a permission: one entry in `permissions!`, the built-in
//! roles that carry it in `roles!`, and [`PermissionSet`] does the rest.

mod markdown;
mod permission;
mod reach;
mod rights;
mod role;
mod set;

pub use markdown::markdown;
pub use permission::Permission;
pub use reach::Reach;
pub use rights::{Grant, Rights};
pub use role::Role;
pub use set::PermissionSet;
