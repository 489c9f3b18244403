//! Media: where the bytes live, what a file is, and the copies networks get.
//!
//! - [`BlobStore`] keeps finished files behind core's `Blobs` port, on disk or any object store.
//! - [`Staging`] takes resumable uploads piece by piece onto the local disk, then hands the whole
//!   file over as a blob.
//! - [`probe`] reads just enough of a blob to tell its format, size in pixels and duration. The
//!   bytes decide, never the name; damaged and hostile files end in an error that names the reason.
//! - [`plan`] decides what must change so that a picture fits a network's rule, and says it in
//!   words; it is pure. [`make`] carries a plan out on bytes, [`render`] on blobs.
//!
//! Memory stays bounded: streams are passed on in pieces, probing reads windows of 64 KiB (and a
//! video's index of at most 32 MiB), and at most two pictures are decoded at the same time.
//! Videos are checked against the rules by the connectors, never converted.

#[cfg(test)]
mod fixtures;
mod key;
mod limits;
mod probe;
mod rendition;
mod staging;
mod store;
mod words;

pub use limits::{MAX_PICTURE_BYTES, MAX_PIXELS};
pub use probe::probe;
pub use rendition::{Action, PixelRect, Plan, Recipe, make, plan, render};
pub use staging::{Finished, Staging};
pub use store::BlobStore;
