use std::sync::atomic::{AtomicUsize, Ordering};

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};

static STATEMENTS: AtomicUsize = AtomicUsize::new(0);

/// Counts the SQL statements of this process, on connections opened from now on.
pub fn count_statements() {
    if let Err(error) = set_default_instrumentation(counter) {
        panic!("statements cannot be counted: {error}");
    }
}

/// How many statements were sent since [`count_statements`].
pub fn statements() -> usize {
    STATEMENTS.load(Ordering::SeqCst)
}

#[expect(clippy::unnecessary_wraps, reason = "the signature is diesel's")]
fn counter() -> Option<Box<dyn Instrumentation>> {
    Some(Box::new(|event: InstrumentationEvent<'_>| {
        if matches!(event, InstrumentationEvent::StartQuery { .. }) {
            STATEMENTS.fetch_add(1, Ordering::SeqCst);
        }
    }))
}
