//! Who belongs to the workspace, and who is asked to.

mod invitation;
mod invitation_mutation;
mod mutation;
mod query;
mod types;

pub use invitation::{Invitation, InvitationQuery};
pub use invitation_mutation::InvitationMutation;
pub use mutation::MemberMutation;
pub use query::MemberQuery;
pub use types::{Member, custom_role};
