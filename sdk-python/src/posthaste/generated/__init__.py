"""Made of `schema.graphql` and `api/operations` by `cargo xtask gen`."""
