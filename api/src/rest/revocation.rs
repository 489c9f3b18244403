//! Long-lived connections end when their credential does, or when it may do something else by now.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::{
    FutureExt,
    future::{BoxFuture, Shared, WeakShared},
};
use posthaste_core::{ErrorCode, secret::Secret};
use posthaste_engine::{Actor, App, session};
use tokio::time::sleep;

use crate::graphql::Caller;

/// How often a credential is looked at again.
const RECHECK: Duration = Duration::from_secs(15);

type Watch = BoxFuture<'static, ()>;

/// The credentials of open connections. Each is looked at once, however many connections it has.
#[derive(Clone, Default)]
pub struct Revocations(Arc<Mutex<HashMap<String, WeakShared<Watch>>>>);

impl Revocations {
    /// Ends when a caller's credential is no longer valid or its rights are others by now; never without one.
    /// A database that is away for a moment does not count.
    pub fn until_revoked(&self, app: &App, caller: &Caller) -> Watch {
        match (&caller.credential, &caller.actor) {
            (Some(credential), Some(actor)) => {
                let look = || look(app.clone(), credential.clone(), actor.clone()).boxed();
                let key = format!("{:?} ", actor.rights);
                self.watch(key + credential.expose(), look).boxed()
            }
            _ => std::future::pending().boxed(),
        }
    }

    fn watch(&self, key: String, look: impl FnOnce() -> Watch) -> Shared<Watch> {
        let mut watches = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(watch) = watches.get(&key).and_then(WeakShared::upgrade) {
            return watch;
        }
        if watches.len() == watches.capacity() {
            watches.retain(|_, watch| watch.upgrade().is_some());
        }
        let watch = look().shared();
        if let Some(weak) = watch.downgrade() {
            watches.insert(key, weak);
        }
        watch
    }
}

async fn look(app: App, credential: Secret, before: Actor) {
    loop {
        sleep(RECHECK).await;
        match session::authenticate(&app, credential.expose()).await {
            Ok(now) if now.rights != before.rights => return,
            Err(error) if error.code == ErrorCode::Unauthenticated => return,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_of_one_credential_share_a_watch() {
        let watches = Revocations::default();
        let begun = std::cell::Cell::new(0);
        let watch = |key: &str| {
            watches.watch(key.to_owned(), || {
                begun.set(begun.get() + 1);
                std::future::pending().boxed()
            })
        };
        let (first, second) = (watch("one"), watch("one"));
        assert!(first.ptr_eq(&second));
        let other = watch("other");
        assert_eq!(begun.get(), 2);
        drop((first, second, other));
        let _again = watch("one");
        assert_eq!(begun.get(), 3);
        for number in 0..100 {
            drop(watch(&number.to_string()));
        }
        let kept = watches.0.lock().unwrap().len();
        assert!(kept < 50, "{kept} credentials are kept");
    }
}
