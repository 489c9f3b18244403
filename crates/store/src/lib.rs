//! posthaste-store
