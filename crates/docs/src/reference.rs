//! Pages of the schema: one for each root field and each type.

use serde::Serialize;
use serde_json::json;

use crate::{
    layout::Content,
    schema::{Field, Schema, TypeDoc},
    site::{Link, Site},
};

/// Root kinds with their name in addresses and their title.
const ROOTS: [(&str, &str, &str); 3] = [
    ("query", "queries", "Queries"),
    ("mutation", "mutations", "Mutations"),
    ("subscription", "subscriptions", "Subscriptions"),
];

/// Kinds of types in the order of the overview.
const KINDS: [(&str, &str); 6] = [
    ("object", "Objects"),
    ("input", "Inputs"),
    ("enum", "Enums"),
    ("interface", "Interfaces"),
    ("union", "Unions"),
    ("scalar", "Scalars"),
];

/// Pages that belong together.
#[derive(Serialize)]
pub struct Group {
    pub title: &'static str,
    pub entries: Vec<Entry>,
}

/// A page in an overview.
#[derive(Serialize)]
pub struct Entry {
    pub name: String,
    pub href: String,
    pub summary: String,
}

/// Every page of the reference, grouped.
pub fn groups(schema: &Schema) -> Vec<Group> {
    let roots = ROOTS.map(|(kind, folder, title)| Group {
        title,
        entries: schema.roots[kind]
            .iter()
            .map(|field| Entry {
                name: field.name.clone(),
                href: format!("/docs/graphql/{folder}/{}", field.name),
                summary: field.summary.clone(),
            })
            .collect(),
    });
    let types = KINDS.map(|(kind, title)| Group {
        title,
        entries: schema
            .types
            .values()
            .filter(|ty| ty.kind == kind)
            .map(|ty| Entry {
                name: ty.name.clone(),
                href: format!("/docs/graphql/types/{}", ty.name),
                summary: ty.summary.clone(),
            })
            .collect(),
    });
    roots
        .into_iter()
        .chain(types)
        .filter(|group| !group.entries.is_empty())
        .collect()
}

/// Paths of all pages below `/docs`.
pub fn paths(schema: &Schema) -> Vec<String> {
    let entries = groups(schema).into_iter().flat_map(|group| group.entries);
    entries
        .filter_map(|entry| entry.href.strip_prefix("/docs/").map(str::to_owned))
        .collect()
}

/// The overview.
pub fn overview(schema: &Schema) -> Content {
    let groups = groups(schema);
    Content::new(
        "GraphQL reference",
        "overview.html",
        json!({ "groups": groups }),
    )
}

/// The page of a root field (`queries`, `mutations`, `subscriptions`) or of a type (`types`).
pub fn page(site: &Site, folder: &str, name: &str) -> Option<Content> {
    if folder == "types" {
        return site.schema.types.get(name).map(|ty| type_page(site, ty));
    }
    let (kind, ..) = ROOTS.iter().find(|(_, known, _)| *known == folder)?;
    let field = site.schema.roots[kind]
        .iter()
        .find(|field| field.name == name)?;
    Some(field_page(site, kind, field))
}

fn field_page(site: &Site, kind: &str, field: &Field) -> Content {
    let types = &site.schema.types;
    let inputs: Vec<&TypeDoc> = field
        .arguments
        .iter()
        .filter_map(|argument| types.get(&argument.ty.base))
        .filter(|ty| ty.kind == "input")
        .collect();
    let returned = types.get(&field.ty.base).filter(|ty| ty.kind == "object");
    let operation = site.operations.on(kind, &field.name);
    let values = json!({
        "field": field, "kind": kind, "inputs": inputs, "returned": returned, "operation": operation,
    });
    Content::new(&field.name, "field.html", values)
}

fn type_page(site: &Site, ty: &TypeDoc) -> Content {
    let uses: Vec<Link> = site
        .schema
        .uses(&ty.name)
        .into_iter()
        .filter_map(|name| link(&site.schema, name))
        .collect();
    Content::new(&ty.name, "type.html", json!({ "ty": ty, "uses": uses }))
}

fn link(schema: &Schema, name: String) -> Option<Link> {
    if schema.types.contains_key(&name) {
        let href = format!("/docs/graphql/types/{name}");
        return Some(Link::new(name, href));
    }
    let known = |kind: &str| schema.roots[kind].iter().any(|field| field.name == name);
    let (_, folder, _) = ROOTS.iter().find(|(kind, ..)| known(kind))?;
    let href = format!("/docs/graphql/{folder}/{name}");
    Some(Link::new(name, href))
}
