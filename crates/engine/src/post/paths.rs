use posthaste_core::{Network, ids::ConnectionId, post::PostBody};

/// Where in a person's input a problem of one connection's content stands: in the variant that gave
/// the field, else in the base content.
pub(super) fn input_path(
    body: &PostBody,
    network: Network,
    connection: ConnectionId,
    path: &[String],
) -> Vec<String> {
    let Some(field) = path.first() else {
        return Vec::new();
    };
    let gives = |variant: &posthaste_core::post::Variant| match field.as_str() {
        "text" => variant.text.is_some(),
        "title" => variant.title.is_some(),
        "link" => variant.link.is_some(),
        "media" => variant.media.is_some(),
        "kind" => variant.kind.is_some(),
        _ => false,
    };
    let own = body
        .variants
        .iter()
        .position(|v| v.connection == Some(connection) && gives(v));
    let of_network = || {
        body.variants
            .iter()
            .position(|v| v.connection.is_none() && v.network == Some(network) && gives(v))
    };
    match own.or_else(of_network) {
        Some(index) => ["variants".to_owned(), index.to_string()]
            .into_iter()
            .chain(path.iter().cloned())
            .collect(),
        None => path.to_vec(),
    }
}
