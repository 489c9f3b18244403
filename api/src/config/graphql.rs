use serde::Deserialize;

/// What GraphQL takes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Graphql {
    /// Which documents may be sent.
    pub documents: Documents,
    /// Whether callers without a credential may read the schema.
    pub public_schema: bool,
}

/// Which documents may be sent.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Documents {
    /// Any.
    #[default]
    Any,
    /// From browsers only those of `api/operations`.
    RegisteredFromBrowsers,
}
