//! What a document may cost, refused early.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{
    ServerError, ServerResult, Variables,
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextParseQuery},
    parser::types::{ExecutableDocument, Field, Selection, SelectionSet},
};
use posthaste_core::{Error, ErrorCode, Result};

/// Deepest nesting of fields.
pub const DEPTH: usize = 15;

/// Most fields, those of lists counted once for each item asked for: 100 posts with all their targets fit.
pub const COMPLEXITY: usize = 20_000;

/// Most directives on one field.
pub const DIRECTIVES: usize = 10;

/// Most aliases in a document.
const ALIASES: usize = 100;

/// Most fields once fragments are put in.
const FIELDS: usize = 5_000;

/// Most words and signs in a document.
const TOKENS: usize = 5_000;

/// Largest document, in bytes: reading it costs before anybody can say what it asks for.
const BYTES: usize = 256 << 10;

/// Counts tokens before a document is parsed and aliases after.
pub struct Limits;

impl ExtensionFactory for Limits {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(LimitsExtension)
    }
}

struct LimitsExtension;

#[async_trait::async_trait]
impl Extension for LimitsExtension {
    async fn parse_query(
        &self,
        ctx: &ExtensionContext<'_>,
        query: &str,
        variables: &Variables,
        next: NextParseQuery<'_>,
    ) -> ServerResult<ExecutableDocument> {
        check_length(query)?;
        let document = next.run(ctx, query, variables).await?;
        if aliases(&document) > ALIASES {
            return Err(refused(
                ErrorCode::QueryTooComplex,
                format!("The document has more than {ALIASES} aliases."),
            ));
        }
        check_size(&document)?;
        Ok(document)
    }
}

/// Refuses a document of too many bytes; `PAYLOAD_TOO_LARGE`.
pub fn check_bytes(query: &str) -> Result<()> {
    if query.len() > BYTES {
        let message =
            format!("The document is larger than {BYTES} bytes; values go into variables.");
        return Err(Error::new(ErrorCode::PayloadTooLarge, message).at(["query"]));
    }
    Ok(())
}

/// Refuses a document that is too long to be parsed.
pub fn check_length(query: &str) -> ServerResult<()> {
    if tokens(query) > TOKENS {
        return Err(refused(
            ErrorCode::QueryTooComplex,
            format!("The document has more than {TOKENS} words and signs."),
        ));
    }
    Ok(())
}

fn refused(code: ErrorCode, message: String) -> ServerError {
    refused_by(Error::new(code, message))
}

/// An error of ours for a request as a whole.
pub(super) fn refused_by(error: Error) -> ServerError {
    let mut refusal = ServerError::new(error.message.clone(), None);
    refusal.source = Some(Arc::new(error));
    refusal
}

/// What a selection comes to once its fragments are put in.
#[derive(Clone, Copy, Default)]
struct Size {
    depth: usize,
    fields: usize,
}

/// Measures selections, each fragment once: fragments of fragments grow without bound, and whoever
/// walked through them (the library's own checks do) would never end.
struct Measure<'a> {
    document: &'a ExecutableDocument,
    /// `None` while a fragment is being measured: meeting it again means that it contains itself.
    fragments: HashMap<&'a str, Option<Size>>,
}

impl<'a> Measure<'a> {
    fn set(&mut self, set: &'a SelectionSet) -> Result<Size, ServerError> {
        let mut size = Size::default();
        for item in &set.items {
            let one = match &item.node {
                Selection::Field(field) => {
                    let inner = self.set(&field.node.selection_set.node)?;
                    Size {
                        depth: inner.depth + 1,
                        fields: inner.fields.saturating_add(1),
                    }
                }
                Selection::InlineFragment(fragment) => {
                    self.set(&fragment.node.selection_set.node)?
                }
                Selection::FragmentSpread(spread) => {
                    self.fragment(spread.node.fragment_name.node.as_str())?
                }
            };
            size = Size {
                depth: size.depth.max(one.depth),
                fields: size.fields.saturating_add(one.fields),
            };
        }
        Ok(size)
    }

    fn fragment(&mut self, name: &'a str) -> Result<Size, ServerError> {
        match self.fragments.get(name) {
            Some(Some(size)) => return Ok(*size),
            Some(None) => {
                return Err(refused(
                    ErrorCode::BadRequest,
                    format!("The fragment '{name}' contains itself."),
                ));
            }
            None => {}
        }
        // An unknown name is told by the validation.
        let Some(fragment) = self.document.fragments.get(name) else {
            return Ok(Size::default());
        };
        self.fragments.insert(name, None);
        let size = self.set(&fragment.node.selection_set.node)?;
        self.fragments.insert(name, Some(size));
        Ok(size)
    }
}

/// Looked at before the cost, which deep lists exceed as well but which would say less about what is
/// wrong.
fn check_size(document: &ExecutableDocument) -> Result<(), ServerError> {
    let mut measure = Measure {
        document,
        fragments: HashMap::new(),
    };
    for (_, operation) in document.operations.iter() {
        let size = measure.set(&operation.node.selection_set.node)?;
        if size.depth > DEPTH {
            let message = format!(
                "The document nests fields {} deep; {DEPTH} is the most.",
                size.depth
            );
            return Err(refused(ErrorCode::QueryTooDeep, message));
        }
        if size.fields > FIELDS {
            return Err(refused(
                ErrorCode::QueryTooComplex,
                format!("The document asks for more than {FIELDS} fields."),
            ));
        }
    }
    Ok(())
}

fn aliases(document: &ExecutableDocument) -> usize {
    count_fields(document, |field| field.alias.is_some())
}

/// How many fields of a document are as asked for, those of fragments once.
pub fn count_fields(document: &ExecutableDocument, fits: impl Fn(&Field) -> bool) -> usize {
    let operations = document
        .operations
        .iter()
        .map(|(_, operation)| &operation.node.selection_set.node);
    let fragments = document
        .fragments
        .values()
        .map(|fragment| &fragment.node.selection_set.node);
    operations
        .chain(fragments)
        .map(|set| count_in(set, &fits))
        .sum()
}

fn count_in(set: &SelectionSet, fits: &impl Fn(&Field) -> bool) -> usize {
    set.items
        .iter()
        .map(|item| match &item.node {
            Selection::Field(field) => {
                usize::from(fits(&field.node)) + count_in(&field.node.selection_set.node, fits)
            }
            Selection::InlineFragment(fragment) => {
                count_in(&fragment.node.selection_set.node, fits)
            }
            Selection::FragmentSpread(_) => 0,
        })
        .sum()
}

/// Words and signs, roughly as GraphQL's grammar cuts them; commas, blanks and comments do not count.
fn tokens(query: &str) -> usize {
    let mut count = 0;
    let mut characters = query.chars().peekable();
    while let Some(character) = characters.next() {
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '$' | '@');
        if character == '#' {
            while characters.next_if(|c| *c != '\n').is_some() {}
        } else if character == '"' {
            while let Some(inside) = characters.next_if(|c| *c != '"') {
                if inside == '\\' {
                    characters.next();
                }
            }
            characters.next();
            count += 1;
        } else if is_word(character) {
            while characters.next_if(|c| is_word(*c)).is_some() {}
            count += 1;
        } else if !character.is_whitespace() && character != ',' {
            count += 1;
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    fn refusal(query: &str) -> Option<ErrorCode> {
        let error = check_size(&parse_query(query).unwrap()).err()?;
        Some(error.source::<Error>().unwrap().code)
    }

    #[test]
    fn tokens_are_counted_without_blanks_comments_and_strings_insides() {
        assert_eq!(tokens("{ a(b: \"x y { } \\\" z\"), c } # d e f\n"), 9);
        assert_eq!(tokens(""), 0);
    }

    #[test]
    fn depth_counts_through_fragments() {
        let nested =
            |depth: usize| format!("{}a{}", "{ a ".repeat(depth - 1) + "{ ", " }".repeat(depth));
        assert_eq!(refusal(&nested(15)), None);
        assert_eq!(refusal(&nested(16)), Some(ErrorCode::QueryTooDeep));
        let fragments = format!("{{ a {{ ...f }} }} fragment f on T {}", nested(15));
        assert_eq!(refusal(&fragments), Some(ErrorCode::QueryTooDeep));
    }

    #[test]
    fn fragments_that_multiply_or_contain_themselves_are_refused_at_once() {
        let doubling = (0..60)
            .map(|n| format!("fragment f{n} on T {{ ...f{} ...f{} }} ", n + 1, n + 1))
            .collect::<Vec<_>>()
            .concat();
        assert_eq!(
            refusal(&format!("{{ ...f0 }} {doubling} fragment f60 on T {{ a }}")),
            Some(ErrorCode::QueryTooComplex)
        );
        assert_eq!(
            refusal("{ ...f } fragment f on T { a { ...f } }"),
            Some(ErrorCode::BadRequest)
        );
    }
}
