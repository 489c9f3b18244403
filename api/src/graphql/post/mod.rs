//! Posts: what people write, when it goes out, and what each network would get.

mod change;
mod content;
mod dry_run;
mod enums;
mod input;
mod loader;
mod mutation;
mod preview;
mod query;
mod read;
mod reader;
mod schedule;
mod types;

pub use dry_run::DryRun;
pub use mutation::PostMutation;
pub use preview::Problem;
pub use query::PostQuery;
pub use reader::Reader;
pub use schedule::LocalDateTime;
pub use types::Post;
