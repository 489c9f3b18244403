//! posthaste-connectors
