//! The documentation site of a server: guides from Markdown, a reference from the schema itself, a page
//! for each error code, and search. Pages are made when they are asked for, from what the binary carries, so
//! they always tell of the version that runs.

mod changes;
mod errors;
mod guides;
mod layout;
mod markdown;
mod operations;
mod reference;
mod schema;
mod search;
mod site;
mod text;

pub use changes::{Change, Deprecation, Severity, changes, deprecations};
pub use guides::examples;
pub use operations::{Ready, operations};
pub use site::{Kind, Page, Site, SiteError};
