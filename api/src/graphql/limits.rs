//! What a document may cost, refused early.

use std::sync::Arc;

use async_graphql::{
    ServerError, ServerResult, Variables,
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextParseQuery},
    parser::types::{ExecutableDocument, Selection, SelectionSet},
};
use posthaste_core::{Error, ErrorCode};

/// Deepest nesting of fields.
pub const DEPTH: usize = 15;

/// Most fields, those of lists counted once for each item asked for: 100 posts with all their targets fit.
pub const COMPLEXITY: usize = 50_000;

/// Most directives on one field.
pub const DIRECTIVES: usize = 10;

/// Most aliases in a document.
const ALIASES: usize = 100;

/// Most words and signs in a document.
const TOKENS: usize = 5_000;

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
        if tokens(query) > TOKENS {
            return Err(refused(format!("The document has more than {TOKENS} words and signs.")));
        }
        let document = next.run(ctx, query, variables).await?;
        if aliases(&document) > ALIASES {
            return Err(refused(format!("The document has more than {ALIASES} aliases.")));
        }
        Ok(document)
    }
}

fn refused(message: String) -> ServerError {
    let mut error = ServerError::new(message.clone(), None);
    error.source = Some(Arc::new(Error::new(ErrorCode::QueryTooComplex, message)));
    error
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

fn aliases(document: &ExecutableDocument) -> usize {
    let operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set.node);
    let fragments = document.fragments.values().map(|fragment| &fragment.node.selection_set.node);
    operations.chain(fragments).map(aliases_in).sum()
}

fn aliases_in(set: &SelectionSet) -> usize {
    set.items
        .iter()
        .map(|item| match &item.node {
            Selection::Field(field) => {
                usize::from(field.node.alias.is_some()) + aliases_in(&field.node.selection_set.node)
            }
            Selection::InlineFragment(fragment) => aliases_in(&fragment.node.selection_set.node),
            Selection::FragmentSpread(_) => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_counted_without_blanks_comments_and_strings_insides() {
        assert_eq!(tokens("{ a(b: \"x y { } \\\" z\"), c } # d e f\n"), 9);
        assert_eq!(tokens(""), 0);
    }
}
