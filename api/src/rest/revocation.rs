//! Long-lived connections end when their credential does.

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
use posthaste_engine::{App, session};
use tokio::time::sleep;

/// How often a credential is looked at again.
const RECHECK: Duration = Duration::from_secs(15);

type Watch = BoxFuture<'static, ()>;

/// The credentials of open connections. Each is looked at once, however many connections it has.
#[derive(Clone, Default)]
pub struct Revocations(Arc<Mutex<HashMap<String, WeakShared<Watch>>>>);

impl Revocations {
    /// Ends when a credential is no longer valid; never without one. A database that is away for a
    /// moment does not count.
    pub fn until_revoked(&self, app: &App, credential: Option<&Secret>) -> Watch {
        match credential {
            Some(credential) => {
                let look = || look(app.clone(), credential.clone()).boxed();
                self.watch(credential, look).boxed()
            }
            None => std::future::pending().boxed(),
        }
    }

    fn watch(&self, credential: &Secret, look: impl FnOnce() -> Watch) -> Shared<Watch> {
        let mut watches = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(watch) = watches
            .get(credential.expose())
            .and_then(WeakShared::upgrade)
        {
            return watch;
        }
        if watches.len() == watches.capacity() {
            watches.retain(|_, watch| watch.upgrade().is_some());
        }
        let watch = look().shared();
        if let Some(weak) = watch.downgrade() {
            watches.insert(credential.expose().to_owned(), weak);
        }
        watch
    }
}

async fn look(app: App, credential: Secret) {
    loop {
        sleep(RECHECK).await;
        let known = session::authenticate(&app, credential.expose()).await;
        if known.is_err_and(|error| error.code == ErrorCode::Unauthenticated) {
            return;
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
            watches.watch(&Secret::new(key), || {
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
