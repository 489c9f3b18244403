//! posthaste-engine
