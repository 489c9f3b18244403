//! The runtime against a server of our own on this machine, which answers as the tests say.

mod follow;
mod lists;
mod requests;
mod stub;
mod uploads;
