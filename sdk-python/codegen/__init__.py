"""Writes `src/posthaste/generated` from `schema.graphql` and `api/operations`; not part of the package."""
