//! Use cases, scheduler and background work: the only crate that decides.
//!
//! A use case is one public async function. It authorizes the [`Actor`], validates, writes and
//! records the event in one transaction. Resolvers, REST routes, workers and commands call the same
//! function. Ports come in through [`App`]; nothing here reads clock, chance, environment or network
//! in any other way.
//!
//! - [`session`]: signing in, keys, who asks
//! - [`connection`]: connecting accounts by OAuth, reconnect, pause, remove
//! - [`identity`]: signing in by providers (OpenID Connect), and the identities of people there
//! - [`key`]: API keys as people manage them
//! - [`member`]: members, invitations, who owns the workspace
//! - [`person`]: registering, passwords, e-mail addresses, being erased
//! - [`role`]: roles that a workspace makes
//! - [`request_log`]: what was asked of the API, and how much it is used
//! - [`retention`]: how long events and timelines are kept
//! - [`sandbox`]: simulated networks that take orders, and sample posts
//! - [`media`]: uploads, renditions, signed addresses
//! - [`post`]: writing, previewing, scheduling and settling posts
//! - [`bulk`]: jobs that work through a file of many posts
//! - [`preflight`]: what will stand in the way of a publication
//! - [`governor`]: places under the networks' limits, and money
//! - [`publish`]: the worker that publishes each target effectively once
//! - [`metric`]: how live posts do, read from the networks
//! - [`event`]: reading the event log and following it live
//! - [`idempotency`]: requests that come twice
//! - [`limit`]: how much a caller may ask for
//! - [`mail`]: mails to people, and the worker that sends them
//! - [`audit`]: what was done that concerns security, in chains that show every change
//! - [`node`]: the processes that run, and draining them
//! - [`oauth`]: apps of others, and what people let them do
//! - [`team`]: groups of members with a role beside their own
//! - [`telemetry`]: what operators watch
//! - [`workspace`]: deleting one, and taking it back
//! - [`vault`]: what is sealed, and the keys it lies under
//! - [`webhook`]: endpoints, and the worker that delivers events to them

mod actor;
pub mod adapters;
mod app;
pub mod audit;
pub mod bulk;
mod change;
pub mod connection;
pub mod event;
pub mod governor;
pub mod idempotency;
pub mod identity;
pub mod incident;
pub mod key;
pub mod limit;
pub mod mail;
pub mod media;
pub mod member;
pub mod metric;
pub mod node;
pub mod oauth;
pub mod person;
pub mod post;
pub mod preflight;
pub mod publish;
pub mod request_log;
pub mod retention;
pub mod role;
pub mod sandbox;
pub mod session;
pub mod team;
pub mod telemetry;
mod tokens;
pub mod vault;
pub mod webhook;
pub mod workspace;

pub use actor::{Actor, SignedIn};
pub use app::{App, NetworkApps, Parts};
