use std::{fmt::Display, str::FromStr};

use serde_json::{Map, Value};

use super::short;
use crate::error::{Error, ErrorCode, Result};

/// Most items of a list; no post has as many of anything.
const MOST_ITEMS: usize = 100;
/// Most errors that are told of one line; of the others only how many there are.
pub const MOST_ERRORS: usize = 50;

/// Reads the fields of a JSON object and collects everything that is wrong, each with its path.
/// Null is the same as left out; what nobody asked for is unknown.
#[derive(Debug, Default)]
pub struct Fields {
    rest: Map<String, Value>,
    known: Vec<&'static str>,
    errors: Vec<Error>,
    untold: usize,
}

impl Fields {
    /// The fields of an object; `INVALID_INPUT` for anything else.
    pub fn of(value: Value) -> Result<Self> {
        match value {
            Value::Object(rest) => Ok(Self {
                rest,
                ..Self::default()
            }),
            other => Err(refusal(format!("{} is no JSON object.", shown(&other)))),
        }
    }

    /// A text.
    pub fn text(&mut self, name: &'static str) -> Option<String> {
        self.read(name, |value| match value {
            // PostgreSQL keeps no NUL.
            Value::String(text) if text.contains('\0') => {
                Err(refusal("The text contains a NUL character."))
            }
            Value::String(text) => Ok(text),
            other => Err(refusal(format!("{} is no text.", shown(&other)))),
        })
    }

    /// A text with a form of its own.
    pub fn form<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T>,
    ) -> Option<T> {
        let text = self.text(name)?;
        self.take(name, read(&text))
    }

    /// An id.
    pub fn id<T: FromStr<Err = Error>>(&mut self, name: &'static str) -> Option<T> {
        self.form(name, str::parse)
    }

    /// One of these names.
    pub fn one_of<T: Copy>(&mut self, name: &'static str, all: &[(&str, T)]) -> Option<T> {
        self.form(name, |text| {
            let found = all.iter().find(|(known, _)| *known == text);
            found.map(|(_, value)| *value).ok_or_else(|| {
                let names: Vec<_> = all.iter().map(|(known, _)| *known).collect();
                let text = shown(&Value::from(text));
                refusal(format!("{text} is not known here; use {}.", list(&names)))
            })
        })
    }

    /// Yes or no.
    pub fn flag(&mut self, name: &'static str) -> Option<bool> {
        self.read(name, |value| {
            let wrong = || refusal(format!("{} is neither true nor false.", shown(&value)));
            value.as_bool().ok_or_else(wrong)
        })
    }

    /// A number.
    pub fn number(&mut self, name: &'static str) -> Option<f64> {
        self.read(name, |value| {
            let wrong = || refusal(format!("{} is no number.", shown(&value)));
            value.as_f64().ok_or_else(wrong)
        })
    }

    /// An object.
    pub fn object<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Self) -> T,
    ) -> Option<T> {
        let mut inner = self.read(name, Self::of)?;
        let value = read(&mut inner);
        self.absorb(inner, &[&name]);
        Some(value)
    }

    /// A list of objects.
    pub fn list<T>(
        &mut self,
        name: &'static str,
        mut read: impl FnMut(&mut Self) -> T,
    ) -> Option<Vec<T>> {
        let items = self.read(name, |value| match value {
            Value::Array(items) if items.len() > MOST_ITEMS => Err(refusal(format!(
                "The list has {} items; {MOST_ITEMS} are possible.",
                items.len()
            ))),
            Value::Array(items) => Ok(items),
            other => Err(refusal(format!("{} is no list.", shown(&other)))),
        })?;
        let mut values = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            match Self::of(item) {
                Ok(mut inner) => {
                    values.push(read(&mut inner));
                    self.absorb(inner, &[&name, &index]);
                }
                Err(error) => self.refuse(error.at([name.to_owned(), index.to_string()])),
            }
        }
        Some(values)
    }

    /// Insists on a value that was read.
    pub fn required<T>(&mut self, name: &'static str, value: Option<T>) -> Option<T> {
        let told = self
            .errors
            .iter()
            .any(|error| error.path.first().is_some_and(|at| at == name));
        if value.is_none() && !told {
            self.refuse(refusal(format!("{name} is missing.")).at([name]));
        }
        value
    }

    /// Whether anything is wrong so far.
    pub fn is_refused(&self) -> bool {
        !self.errors.is_empty()
    }

    /// Adds what was found wrong elsewhere.
    pub fn refuse(&mut self, error: Error) {
        if self.errors.len() < MOST_ERRORS {
            self.errors.push(error);
        } else {
            self.untold += 1;
        }
    }

    /// Everything that is wrong, in the order of reading; unknown fields last. Of more than 50 errors
    /// the last tells how many there are.
    pub fn finish(self) -> Vec<Error> {
        let (mut errors, untold) = self.close();
        if untold > 0 {
            errors.push(refusal(format!("{untold} more values are wrong.")));
        }
        errors
    }

    fn close(mut self) -> (Vec<Error>, usize) {
        let known = list(&self.known);
        for name in std::mem::take(&mut self.rest).keys() {
            let message = format!(
                "There is no field {}; known are {known}.",
                shown(&Value::from(name.as_str()))
            );
            self.refuse(refusal(message).at([short(name)]));
        }
        (self.errors, self.untold)
    }

    fn read<T>(&mut self, name: &'static str, read: impl FnOnce(Value) -> Result<T>) -> Option<T> {
        self.known.push(name);
        match self.rest.remove(name) {
            None | Some(Value::Null) => None,
            Some(value) => self.take(name, read(value)),
        }
    }

    fn take<T>(&mut self, name: &'static str, outcome: Result<T>) -> Option<T> {
        outcome.map_err(|error| self.refuse(error.at([name]))).ok()
    }

    fn absorb(&mut self, inner: Self, outer: &[&dyn Display]) {
        let outer: Vec<String> = outer.iter().map(ToString::to_string).collect();
        let (errors, untold) = inner.close();
        self.untold += untold;
        for error in errors {
            self.refuse(error.within(outer.clone()));
        }
    }
}

fn refusal(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::InvalidInput, message)
}

/// A value in a message: short, and with its control characters escaped.
fn shown(value: &Value) -> String {
    match value {
        Value::Array(_) => "A list".to_owned(),
        Value::Object(_) => "An object".to_owned(),
        other => {
            let text = other.to_string();
            match text.char_indices().nth(40) {
                Some((end, _)) => format!("{}…", &text[..end]),
                None => text,
            }
        }
    }
}

fn list(names: &[&str]) -> String {
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ids::MediaId;

    #[test]
    fn a_line_tells_a_bounded_number_of_errors() {
        let told = |value: Value| {
            let mut fields = Fields::of(value).unwrap();
            fields.list("media", |item| {
                let id: Option<MediaId> = item.id("id");
                item.required("id", id);
            });
            fields.finish()
        };
        let errors = told(json!({ "media": vec![json!({ "a\u{0}b": 1 }); 60], "c": 1 }));
        assert_eq!(errors.len(), 51);
        assert_eq!(errors[1].path_text(), "media.0.a\\0b");
        assert_eq!(errors[50].message, "71 more values are wrong.");
        let errors = told(json!({ "media": vec![3; 101] }));
        let told: Vec<_> = errors.iter().map(|error| error.message.as_str()).collect();
        assert_eq!(told, ["The list has 101 items; 100 are possible."]);
    }

    #[test]
    fn everything_wrong_is_told_at_once_with_its_path() {
        let value = json!({
            "text": 7,
            "kind": "reel",
            "now": "yes",
            "empty": null,
            "media": [{ "id": "media_1" }, 3, { "ids": "x", "crop": { "x": "0" } }],
            "link": { "a": 1 },
            "colour": "red",
            "nul": "a\u{0}b",
        });
        let mut fields = Fields::of(value).unwrap();
        assert_eq!(fields.text("text"), None);
        assert_eq!(fields.one_of("kind", &[("FEED", 1), ("REEL", 2)]), None);
        assert_eq!(fields.flag("now"), None);
        assert_eq!(fields.text("empty"), None);
        assert_eq!(fields.text("absent"), None);
        let media = fields.list("media", |item| {
            let id: Option<MediaId> = item.id("id");
            item.required("id", id);
            item.object("crop", |crop| crop.number("x"));
        });
        assert_eq!(media.map(|list| list.len()), Some(2));
        assert_eq!(fields.text("link"), None);
        assert_eq!(fields.text("nul"), None);
        let told: Vec<_> = fields
            .finish()
            .into_iter()
            .map(|error| format!("{} {}: {}", error.path_text(), error.code, error.message))
            .collect();
        let expected = [
            "text INVALID_INPUT: 7 is no text.",
            "kind INVALID_INPUT: \"reel\" is not known here; use FEED, REEL.",
            "now INVALID_INPUT: \"yes\" is neither true nor false.",
            "media.0.id INVALID_ID: 'media_1' is not an id of this kind; one looks like media_01h455vb4pex5vsknk084sn02q.",
            "media.1 INVALID_INPUT: 3 is no JSON object.",
            "media.2.id INVALID_INPUT: id is missing.",
            "media.2.crop.x INVALID_INPUT: \"0\" is no number.",
            "media.2.ids INVALID_INPUT: There is no field \"ids\"; known are id, crop.",
            "link INVALID_INPUT: An object is no text.",
            "nul INVALID_INPUT: The text contains a NUL character.",
            "colour INVALID_INPUT: There is no field \"colour\"; known are text, kind, now, empty, absent, media, link, nul.",
        ];
        assert_eq!(told, expected);
    }
}
