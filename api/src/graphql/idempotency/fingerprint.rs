use async_graphql::{Request, SelectionField, ServerResult, Value};
use posthaste_engine::idempotency::Fingerprint;
use sha2::{Digest, Sha256};

/// What makes a request the same request: document, operation and variables, whatever the order of
/// the variables' fields.
pub fn of_request(request: &Request) -> Fingerprint {
    let mut text = Text::default();
    text.word(&request.query);
    text.word(request.operation_name.as_deref().unwrap_or_default());
    for (name, value) in &*request.variables {
        text.word(name);
        text.value(value);
    }
    text.finish()
}

/// What makes a field the same field: its name, its arguments with variables put in, and what is
/// selected of its answer. The rest of its document may differ.
pub(super) fn of_field(field: &SelectionField<'_>) -> ServerResult<Fingerprint> {
    let mut text = Text::default();
    text.field(field)?;
    Ok(text.finish())
}

/// Words that cannot run into each other.
#[derive(Default)]
struct Text(Sha256);

impl Text {
    fn word(&mut self, word: &str) {
        self.0.update((word.len() as u64).to_be_bytes());
        self.0.update(word);
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::List(items) => {
                self.word("[");
                for item in items {
                    self.value(item);
                }
                self.word("]");
            }
            Value::Object(fields) => {
                let mut fields: Vec<_> = fields.iter().collect();
                fields.sort_unstable_by_key(|(name, _)| *name);
                self.word("{");
                for (name, value) in fields {
                    self.word(name);
                    self.value(value);
                }
                self.word("}");
            }
            // A text is written with its quotes, so that "1" is not 1.
            scalar => self.word(&scalar.to_string()),
        }
    }

    fn field(&mut self, field: &SelectionField<'_>) -> ServerResult<()> {
        self.word(field.name());
        self.word(field.alias().unwrap_or_default());
        let mut arguments = field.arguments()?;
        arguments.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        for (name, value) in &arguments {
            self.word(name);
            self.value(value);
        }
        self.word("{");
        for inner in field.selection_set() {
            self.field(&inner)?;
        }
        self.word("}");
        Ok(())
    }

    fn finish(self) -> Fingerprint {
        self.0.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::Variables;
    use serde_json::{Value as Json, json};

    use super::*;

    fn of(query: &str, operation: Option<&str>, variables: &str) -> Fingerprint {
        let variables: Json = serde_json::from_str(variables).unwrap();
        let mut request = Request::new(query).variables(Variables::from_json(variables));
        request.operation_name = operation.map(str::to_owned);
        of_request(&request)
    }

    #[test]
    fn the_order_of_fields_does_not_count_and_everything_else_does() {
        let one = of("mutation A { a }", None, r#"{"a":{"b":1,"c":[1,"2"]}}"#);
        assert_eq!(
            one,
            of("mutation A { a }", None, r#"{"a":{"c":[1,"2"],"b":1}}"#)
        );
        for other in [
            of("mutation A { b }", None, r#"{"a":{"b":1,"c":[1,"2"]}}"#),
            of(
                "mutation A { a }",
                Some("A"),
                r#"{"a":{"b":1,"c":[1,"2"]}}"#,
            ),
            of("mutation A { a }", None, r#"{"a":{"b":1,"c":[1,2]}}"#),
            of("mutation A { a }", None, r#"{"a":{"b":1,"c":["2",1]}}"#),
            of("mutation A { a }", None, r#"{"a":{"b":1},"c":[1,"2"]}"#),
            of("mutation A { a }", None, &json!({}).to_string()),
        ] {
            assert_ne!(one, other);
        }
    }
}
