use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::Context;
use posthaste_core::Result;

use super::LIST;
use crate::graphql::page;

/// Where a subscription over server-sent events stands: its cursors travel as the `id` of each event,
/// and come back as `Last-Event-ID`.
#[derive(Debug, Default)]
pub struct Resume {
    last_event_id: Option<String>,
    /// The place of the result that is sent next.
    place: Mutex<Option<String>>,
}

impl Resume {
    /// Goes on after an id that the client heard; from where the document says without one.
    pub fn after(last_event_id: Option<String>) -> Arc<Self> {
        Arc::new(Self {
            last_event_id,
            place: Mutex::default(),
        })
    }

    /// The place of the result that came last, once.
    pub fn take(&self) -> Option<String> {
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        place.take()
    }

    fn reached(&self, cursor: String) {
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        *place = Some(cursor);
    }
}

/// A subscription's way through the log, or through another list that only grows.
pub struct Trail {
    list: &'static str,
    resume: Option<Arc<Resume>>,
}

impl Trail {
    /// The trail of the request through the log; one that leaves no marks unless it came over server-sent
    /// events.
    pub fn of(ctx: &Context<'_>) -> Self {
        Self::along(ctx, LIST)
    }

    /// As [`Trail::of`], through another list.
    pub fn along(ctx: &Context<'_>, list: &'static str) -> Self {
        Self {
            list,
            resume: ctx.data_opt::<Arc<Resume>>().cloned(),
        }
    }

    /// The position to begin after: what the client heard last, else the argument `after`.
    pub fn start(&self, after: Option<String>) -> Result<Option<i64>> {
        let heard = self
            .resume
            .as_ref()
            .and_then(|resume| resume.last_event_id.clone());
        heard
            .or(after)
            .map(|cursor| page::key(self.list, &cursor, "after"))
            .transpose()
    }

    /// Marks the position of the result that goes out next.
    pub fn reached(&self, seq: i64) {
        if let Some(resume) = &self.resume {
            resume.reached(page::cursor(self.list, &seq));
        }
    }
}
