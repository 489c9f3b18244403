//! Posts: writing, previewing, scheduling, and what people do with their targets.

mod act;
mod actions;
mod compose;
mod create;
mod follow;
mod lists;
mod once;
mod paths;
mod preview;
mod progress;
mod remote;
mod schedule;
mod settle;
mod targets;
mod trial;
mod validate;
mod when;
mod write;

pub use actions::{PostAction, TargetAction, post_actions, target_actions};
pub use create::create;
pub use follow::follow_steps;
pub(crate) use lists::within;
pub use lists::{
    attempts, by_ids, count, get, list, steps, target, target_count, target_list, targets_by_ids,
    targets_of_posts, timeline,
};
pub use once::create_once;
pub use preview::{Preview, preview};
pub use progress::{Scope, Update, progress};
pub use remote::delete_remote;
pub use schedule::{cancel, publish_now, schedule, unschedule};
pub use settle::{Settlement, retry, settle};
pub use targets::NewTarget;
pub use trial::{Changed, Trial};
pub use validate::{Validation, validate};
pub use when::{Chosen, When};
pub use write::{Change, NewPost, Written, delete, update};

pub(crate) use act::act;
pub(crate) use compose::{compose, words};
pub(crate) use create::{Created, create_in, rehearse};
pub(crate) use preview::at_input;
pub(crate) use when::HORIZON;
pub(crate) use write::target_event;

use posthaste_core::Error;

/// All violations of an input at once, in the order of its fields.
pub type Violations = Vec<Error>;
