//! Mutations that may come twice: a key for the whole request, or `@idempotent(key:)` for one field of
//! it. What is decided here is what makes two requests the same; the rest is the engine's
//! ([`posthaste_engine::idempotency`]).

mod directive;
mod fields;
mod fingerprint;
mod life;
mod retry;

pub(crate) use directive::idempotent;
pub use fields::{check, outermost};
pub use fingerprint::of_request;
pub use life::of_operation;
pub use retry::is_all_retryable;

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use async_graphql::{Context, Name, Response, Value, indexmap::IndexMap};
use posthaste_engine::idempotency::{Once, Reservation};

/// The keys that a request holds while it runs, and which of its fields were answered before.
#[derive(Debug, Default)]
pub struct Held {
    whole: Option<Arc<Reservation>>,
    parts: Mutex<Parts>,
}

#[derive(Debug, Default)]
struct Parts {
    fields: HashMap<String, Arc<Reservation>>,
    replayed: BTreeSet<String>,
}

impl Held {
    /// A request that holds its key, if it came with one.
    pub fn new(whole: Option<Arc<Reservation>>) -> Arc<Self> {
        Arc::new(Self {
            whole,
            parts: Mutex::default(),
        })
    }

    fn parts<T>(&self, work: impl FnOnce(&mut Parts) -> T) -> T {
        work(&mut self.parts.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn hold(&self, field: &str, reservation: Arc<Reservation>) {
        self.parts(|parts| parts.fields.insert(field.to_owned(), reservation));
    }

    fn replayed(&self, field: &str) {
        self.parts(|parts| parts.replayed.insert(field.to_owned()));
    }

    /// Names the fields that were answered before, if any, in the answer's extensions.
    pub fn tell(&self, answer: &mut Response) {
        let replayed = self.parts(|parts| std::mem::take(&mut parts.replayed));
        if !replayed.is_empty() {
            let fields = replayed.into_iter().map(Value::String).collect();
            mark_replayed(answer, [(Name::new("fields"), Value::List(fields))]);
        }
    }
}

/// Says in the extensions that an answer is not new.
pub fn mark_replayed(answer: &mut Response, more: impl IntoIterator<Item = (Name, Value)>) {
    let replayed = (Name::new("replayed"), Value::Boolean(true));
    let fields: IndexMap<_, _> = [replayed].into_iter().chain(more).collect();
    answer
        .extensions
        .insert("idempotency".into(), Value::Object(fields));
}

/// The root field's part in a request with a key: what it makes gets the same id in every run.
pub fn once(ctx: &Context<'_>) -> Option<Once> {
    let held = ctx.data_opt::<Arc<Held>>()?;
    let field = place(ctx);
    let reservation = held
        .parts(|parts| parts.fields.get(&field).cloned())
        .or_else(|| held.whole.clone())?;
    Some(Once::new(reservation, field))
}

/// The field's name in the answer; unique in its request.
fn place(ctx: &Context<'_>) -> String {
    ctx.path_node
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default()
}
