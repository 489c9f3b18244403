//! What comes back: one struct for each set of fields that is asked for together.
//!
//! A fragment is the struct of its type; other selections are too, or else are named after the place
//! where they stand. The same fields of the same type are the same struct everywhere.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, bail};
use async_graphql_parser::{
    Positioned,
    types::{BaseType, Field, FragmentDefinition, OperationType, Selection, SelectionSet, Type},
};

use super::{
    methods::Operation,
    names::{doc, pascal, rename, snake},
    schema::{Schema, described, named, wrapped},
};

/// Written by hand in the crate: `error.rs`.
const BY_HAND: [&str; 1] = ["MutationError"];

type Fragments = BTreeMap<String, FragmentDefinition>;

/// All structs of answers.
pub struct Shapes {
    structs: BTreeMap<String, Struct>,
    /// The Rust type of each operation's root field.
    roots: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq)]
struct Struct {
    doc: String,
    fields: Vec<Member>,
}

#[derive(Clone, Debug, PartialEq)]
struct Member {
    json: String,
    rust: String,
    ty: String,
    doc: String,
}

/// A field that was selected, and the struct that it was first selected for.
struct Selected<'a> {
    field: &'a Field,
    /// The type that has it.
    parent: String,
    owner: String,
    /// Whether it may be left out of the answer.
    optional: bool,
    /// What is selected in it, from all places.
    inside: Vec<&'a SelectionSet>,
}

impl Shapes {
    /// The structs of all operations.
    pub fn of(schema: &Schema, operations: &[Operation]) -> anyhow::Result<Self> {
        let fragments = fragments(operations);
        let mut maker = Maker {
            schema,
            reserved: reserved(&fragments),
            fragments: &fragments,
            structs: BTreeMap::new(),
        };
        for (name, fragment) in &fragments {
            if !BY_HAND.contains(&on(fragment)) {
                maker.fragment(name)?;
            }
        }
        let mut roots = BTreeMap::new();
        for operation in operations {
            let root = maker.root(operation);
            roots.insert(
                operation.name.clone(),
                root.with_context(|| format!("operation {}", operation.name))?,
            );
        }
        Ok(Self {
            structs: maker.structs,
            roots,
        })
    }

    /// The Rust type of an operation's answer.
    pub fn root(&self, operation: &str) -> &str {
        &self.roots[operation]
    }

    /// Whether a struct has a field.
    pub fn has(&self, name: &str, field: &str) -> bool {
        let found = self.structs.get(name);
        found.is_some_and(|found| found.fields.iter().any(|member| member.rust == field))
    }

    /// What a page lists, if the struct is a page.
    pub fn item(&self, page: &str) -> Option<&str> {
        let member = |name: &str| {
            let mut fields = self.structs.get(page)?.fields.iter();
            fields.find(|member| member.rust == name)
        };
        member("page_info")?;
        member("nodes")?.ty.strip_prefix("Vec<")?.strip_suffix('>')
    }

    /// The Rust text.
    pub fn write(&self) -> String {
        let mut text = String::from(
            "use chrono::{DateTime, Utc};\nuse serde::{Deserialize, Serialize};\nuse serde_json::Value;\n\n\
             use super::*;\nuse crate::page::Page;\n",
        );
        for (name, found) in &self.structs {
            text += &format!(
                "\n{}#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]\n\
                 #[serde(rename_all = \"camelCase\")]\n#[non_exhaustive]\npub struct {name} {{\n",
                doc(&found.doc)
            );
            for member in &found.fields {
                let (doc, rename) = (doc(&member.doc), rename(&member.json, &member.rust));
                text += &format!("{doc}{rename}pub {}: {},\n", member.rust, member.ty);
            }
            text += "}\n";
            if let Some(item) = self.item(name) {
                text += &format!(
                    "\nimpl Page for {name} {{\n type Item = {item};\n\n\
                     fn into_parts(self) -> (Vec<{item}>, Option<String>) {{\n\
                     let cursor = self.page_info.end_cursor.filter(|_| self.page_info.has_next_page);\n\
                     (self.nodes, cursor)\n}}\n}}\n"
                );
            }
        }
        text
    }
}

/// Every fragment that an operation brings.
fn fragments(operations: &[Operation]) -> Fragments {
    let all = operations.iter().flat_map(|operation| &operation.fragments);
    all.map(|(name, fragment)| (name.clone(), fragment.clone()))
        .collect()
}

fn on(fragment: &FragmentDefinition) -> &str {
    &fragment.type_condition.node.on.node
}

/// The struct of each fragment: its type's name, if no other fragment is on that type.
fn reserved(fragments: &Fragments) -> HashMap<String, String> {
    let mut count = HashMap::new();
    for fragment in fragments.values() {
        *count.entry(on(fragment)).or_insert(0) += 1;
    }
    fragments
        .iter()
        .map(|(name, fragment)| {
            let own = name.strip_suffix("Fields").unwrap_or(name);
            let only = count[on(fragment)] == 1;
            (name.clone(), pascal(if only { on(fragment) } else { own }))
        })
        .collect()
}

struct Maker<'a> {
    schema: &'a Schema,
    fragments: &'a Fragments,
    reserved: HashMap<String, String>,
    structs: BTreeMap<String, Struct>,
}

impl<'a> Maker<'a> {
    /// Makes the struct of a fragment; its name.
    fn fragment(&mut self, name: &str) -> anyhow::Result<String> {
        let fragment = self
            .fragments
            .get(name)
            .with_context(|| format!("there is no fragment {name}"))?;
        let (ty, rust) = (on(fragment).to_owned(), self.reserved[name].clone());
        if BY_HAND.contains(&ty.as_str()) {
            return Ok(ty);
        }
        if !self.structs.contains_key(&rust) {
            let found = self.shape(&ty, &rust, &[&fragment.selection_set.node], None)?;
            self.structs.insert(rust.clone(), found);
        }
        Ok(rust)
    }

    /// The type of an operation's one root field.
    fn root(&mut self, operation: &'a Operation) -> anyhow::Result<String> {
        let field = operation.root()?;
        let parent = match operation.kind {
            OperationType::Query => "Query",
            OperationType::Mutation => "Mutation",
            OperationType::Subscription => "Subscription",
        };
        let ty = self.schema.field(parent, &field.name.node)?.ty.node.clone();
        let heart = if let Some(leaf) = self.schema.leaf(named(&ty))? {
            leaf
        } else {
            let payload = operation.kind == OperationType::Mutation;
            let mutation = payload.then(|| field.name.node.as_str());
            self.selection(
                named(&ty),
                &operation.name,
                &[&field.selection_set.node],
                mutation,
            )?
        };
        Ok(wrapped(&ty, &heart))
    }

    /// The struct for a selection, named after its type or else after its place.
    fn selection(
        &mut self,
        ty: &str,
        place: &str,
        sets: &[&'a SelectionSet],
        mutation: Option<&str>,
    ) -> anyhow::Result<String> {
        if let [set] = sets
            && let [
                Positioned {
                    node: Selection::FragmentSpread(spread),
                    ..
                },
            ] = set.items.as_slice()
        {
            return self.fragment(&spread.node.fragment_name.node);
        }
        let usual = usual(ty);
        for name in [usual.as_str(), place] {
            // Fragments keep their names.
            if self.reserved.values().any(|reserved| reserved == name) {
                continue;
            }
            let before = self.structs.clone();
            let shape = self.shape(ty, name, sets, mutation)?;
            match before.get(name) {
                Some(known) if *known != shape => self.structs = before,
                _ => {
                    self.structs.insert(name.to_owned(), shape);
                    return Ok(name.to_owned());
                }
            }
        }
        bail!("two selections on {ty} at {place} want one name; make one of them a fragment")
    }

    fn shape(
        &mut self,
        ty: &str,
        owner: &str,
        sets: &[&'a SelectionSet],
        mutation: Option<&str>,
    ) -> anyhow::Result<Struct> {
        let mut selected = Vec::new();
        for set in sets {
            self.collect(ty, owner, set, false, &mut selected)?;
        }
        let mut fields = Vec::new();
        for one in selected {
            if mutation.is_some() && one.field.name.node == "errors" {
                continue;
            }
            fields.push(self.member(&one, mutation)?);
        }
        let description = self.schema.get(ty)?.description.as_ref();
        Ok(Struct {
            doc: described(description, ty).to_owned(),
            fields,
        })
    }

    /// The fields of a selection set, those of its fragments among them.
    fn collect(
        &self,
        ty: &str,
        owner: &str,
        set: &'a SelectionSet,
        optional: bool,
        into: &mut Vec<Selected<'a>>,
    ) -> anyhow::Result<()> {
        for item in &set.items {
            let optional = optional || !item.node.directives().is_empty();
            match &item.node {
                Selection::Field(field) => add(ty, owner, &field.node, optional, into),
                Selection::InlineFragment(inline) => {
                    let inline = &inline.node;
                    let inner = inline
                        .type_condition
                        .as_ref()
                        .map_or(ty, |on| on.node.on.node.as_str());
                    let set = &inline.selection_set.node;
                    self.collect(inner, owner, set, optional || inner != ty, into)?;
                }
                Selection::FragmentSpread(spread) => {
                    let name = spread.node.fragment_name.node.as_str();
                    let fragment = &self.fragments[name];
                    let inner = on(fragment);
                    // On an interface's own type or the interface itself it always applies.
                    let applies = inner == ty || self.schema.is_interface(inner);
                    let set = &fragment.selection_set.node;
                    self.collect(inner, &self.reserved[name], set, optional || !applies, into)?;
                }
            }
        }
        Ok(())
    }

    fn member(&mut self, one: &Selected<'a>, mutation: Option<&str>) -> anyhow::Result<Member> {
        let json = one.field.response_key().node.to_string();
        if one.field.name.node == "__typename" {
            return Ok(Member {
                rust: "typename".to_owned(),
                json,
                ty: "String".to_owned(),
                doc: "The name of its type.".to_owned(),
            });
        }
        let definition = self.schema.field(&one.parent, &one.field.name.node)?;
        let mut ty = definition.ty.node.clone();
        let inner = named(&definition.ty.node).to_owned();
        let heart = if let Some(leaf) = self.schema.leaf(&inner)? {
            leaf
        } else {
            let place = format!("{}{}", one.owner, pascal(singular(&ty, &json)));
            self.selection(&inner, &place, &one.inside, None)?
        };
        if mutation.is_some_and(|mutation| self.is_noun(mutation, &json, &ty)) {
            ty.nullable = false;
        }
        ty.nullable |= one.optional;
        Ok(Member {
            rust: snake(&json),
            ty: wrapped(&ty, &heart),
            doc: described(definition.description.as_ref(), &json).to_owned(),
            json,
        })
    }

    /// What a mutation is about, and its name begins with (`postCreate`): there whenever it had no
    /// errors, and errors do not get here. What else it answers may be missing: `webhookEndpointTest`
    /// makes no delivery in a dry run.
    fn is_noun(&self, mutation: &str, field: &str, ty: &Type) -> bool {
        let begins = |node: &str| pascal(mutation).starts_with(node);
        field == "deletedId" || self.schema.is_node(named(ty)) && begins(named(ty))
    }
}

/// Adds a field, or what is selected in it to the same field of before.
fn add<'a>(ty: &str, owner: &str, field: &'a Field, optional: bool, into: &mut Vec<Selected<'a>>) {
    let key = &field.response_key().node;
    let known = into
        .iter_mut()
        .find(|one| one.field.response_key().node == *key);
    match known {
        Some(known) => {
            known.optional &= optional;
            known.inside.push(&field.selection_set.node);
        }
        None => into.push(Selected {
            field,
            parent: ty.to_owned(),
            owner: owner.to_owned(),
            optional,
            inside: vec![&field.selection_set.node],
        }),
    }
}

/// `PostConnection` is a page of posts.
fn usual(ty: &str) -> String {
    match ty.strip_suffix("Connection") {
        Some(item) if !item.is_empty() => format!("{}Page", pascal(item)),
        _ => pascal(ty),
    }
}

/// One of a list: `nodes` is `node`.
fn singular<'a>(ty: &Type, field: &'a str) -> &'a str {
    match ty.base {
        BaseType::List(_) => field.strip_suffix('s').unwrap_or(field),
        BaseType::Named(_) => field,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::operations;

    const SCHEMA: &str = "interface Node { id: ID! }
        type Post implements Node { id: ID! }
        type Delivery implements Node { id: ID! }
        type Payload { post: Post delivery: Delivery errors: [String!]! }
        type Mutation { postCreate: Payload! postTest: Payload! deliveryRepeat: Payload! }";

    fn payload(mutation: &str) -> Vec<(String, String)> {
        let document =
            format!("mutation M {{ {mutation} {{ post {{ id }} delivery {{ id }} errors }} }}");
        let operation = operations::Operation {
            name: "M".to_owned(),
            client: "posts.create".to_owned(),
            document,
        };
        let schema = Schema::parse(SCHEMA).unwrap();
        let operation = Operation::read(operation).unwrap();
        let shapes = Shapes::of(&schema, &[operation]).unwrap();
        let fields = &shapes.structs[shapes.root("M")].fields;
        let fields = fields
            .iter()
            .map(|field| (field.rust.clone(), field.ty.clone()));
        fields.collect()
    }

    #[test]
    fn only_what_a_mutation_is_named_after_is_always_there() {
        let types = |post: &str, delivery: &str| {
            vec![
                ("post".to_owned(), post.to_owned()),
                ("delivery".to_owned(), delivery.to_owned()),
            ]
        };
        assert_eq!(payload("postCreate"), types("Post", "Option<Delivery>"));
        assert_eq!(payload("postTest"), types("Post", "Option<Delivery>"));
        assert_eq!(payload("deliveryRepeat"), types("Option<Post>", "Delivery"));
    }
}
