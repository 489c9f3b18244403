//! Lists that come in pages.

use futures_util::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use serde::de::DeserializeOwned;

use crate::{
    call::Call,
    error::{Error, Result},
};

/// Items that come one after the other. Dropping it stops asking for more.
pub type Items<T> = BoxStream<'static, Result<T>>;

/// A page of a list.
pub trait Page {
    /// What is listed.
    type Item;

    /// The page's items, and the cursor of the next page if there is one.
    fn into_parts(self) -> (Vec<Self::Item>, Option<String>);
}

/// Every item of a list, page by page: the next page is asked for when the last item was taken.
pub(crate) fn all<P, F>(ask: F, after: Option<String>) -> Items<P::Item>
where
    P: Page + DeserializeOwned + Send + 'static,
    P::Item: Send + 'static,
    F: Fn(Option<String>) -> Call<P> + Send + Sync + 'static,
{
    let pages = stream::try_unfold((ask, Some(after)), |(ask, next)| async move {
        let Some(after) = next else {
            return Ok::<_, Error>(None);
        };
        let (items, cursor) = ask(after).await?.into_parts();
        let items = stream::iter(items.into_iter().map(Ok));
        Ok(Some((items, (ask, cursor.map(Some)))))
    });
    pages.try_flatten().boxed()
}
