//! posthaste-media
