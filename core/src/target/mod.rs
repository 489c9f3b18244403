//! A target, one post × one connection: its state machine and its rules of time.

mod misfire;
mod retry;
mod state;

pub use misfire::{Due, MISFIRE_WINDOW, MisfirePolicy};
pub use retry::{BACK_OFF, MAX_ATTEMPTS, MOST_PACE, Timing, back_off, read_back_delay};
pub use state::{State, TRANSITIONS, Transition, transition_allowed};
