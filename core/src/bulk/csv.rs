use serde_json::{Map, Value, json};

use super::short;
use crate::error::{Error, ErrorCode, Result};

/// The columns that a CSV file may have, in any order.
pub const COLUMNS: [&str; 14] = [
    "key",
    "id",
    "text",
    "title",
    "link",
    "at",
    "localTime",
    "timeZone",
    "connections",
    "mediaIds",
    "altTexts",
    "boardId",
    "campaign",
    "kind",
];

/// The first row of a CSV file: what the columns mean.
#[derive(Clone, Debug)]
pub struct Header {
    columns: Vec<String>,
}

impl Header {
    /// Reads the first row. A column nobody knows is an error of the rows that fill it.
    pub fn read(cells: Vec<String>) -> Result<Self> {
        let columns: Vec<String> = cells.iter().map(|cell| cell.trim().to_owned()).collect();
        if !columns.iter().any(|name| COLUMNS.contains(&name.as_str())) {
            let message = format!(
                "The first row names no column of ours. It must name them, separated by commas: {}.",
                COLUMNS.join(", ")
            );
            return Err(Error::new(ErrorCode::InvalidInput, message));
        }
        for (index, name) in columns.iter().enumerate() {
            if !name.is_empty() && columns[..index].contains(name) {
                let message = format!("The column {} stands twice in the first row.", short(name));
                return Err(Error::new(ErrorCode::InvalidInput, message));
            }
        }
        Ok(Self { columns })
    }

    /// A row as the object that stands in a line of JSONL. Accounts keep the place of their ids
    /// (`targets.0.connectionId`), also when they are named otherwise.
    pub fn object(&self, cells: Vec<String>) -> Result<Value, Vec<Error>> {
        let mut row = Map::new();
        let mut errors = Vec::new();
        for (index, cell) in cells.into_iter().enumerate() {
            if cell.trim().is_empty() {
                continue;
            }
            match self.columns.get(index).map(String::as_str) {
                Some(name) if COLUMNS.contains(&name) => {
                    row.insert(name.to_owned(), Value::String(cell));
                }
                Some("") | None => errors.push(Error::new(
                    ErrorCode::InvalidInput,
                    format!("The first row gives cell {} no name.", index + 1),
                )),
                Some(name) => {
                    let message = format!(
                        "There is no column '{}'; known are {}.",
                        short(name),
                        COLUMNS.join(", ")
                    );
                    errors.push(Error::new(ErrorCode::InvalidInput, message).at([short(name)]));
                }
            }
        }
        let object = Row(row).object(&mut errors);
        if errors.is_empty() {
            Ok(object)
        } else {
            Err(errors)
        }
    }

    /// The column behind a path of the object, with the place in a list.
    pub fn column(path: &[String]) -> Vec<String> {
        let parts: Vec<&str> = path.iter().map(String::as_str).collect();
        let (column, place) = match parts.as_slice() {
            ["targets", _, "boardId", ..] => ("boardId", None),
            ["targets", place, ..] => ("connections", Some(*place)),
            ["targets"] => ("connections", None),
            ["media", place, "altText", ..] => ("altTexts", Some(*place)),
            ["media", place, ..] => ("mediaIds", Some(*place)),
            ["media"] => ("mediaIds", None),
            ["schedule", field] => (*field, None),
            ["schedule"] => ("at", None),
            ["linkTracking", ..] => ("campaign", None),
            _ => return path.to_vec(),
        };
        std::iter::once(column)
            .chain(place)
            .map(str::to_owned)
            .collect()
    }
}

struct Row(Map<String, Value>);

impl Row {
    fn object(mut self, errors: &mut Vec<Error>) -> Value {
        let mut object = Map::new();
        // What a person writes stays as it is; the rest are words.
        for name in ["text", "title"] {
            object.extend(self.0.remove(name).map(|value| (name.to_owned(), value)));
        }
        for name in ["key", "id", "link"] {
            object.extend(self.word(name).map(|word| (name.to_owned(), word.into())));
        }
        if let Some(kind) = self.word("kind") {
            object.insert("kind".to_owned(), kind.to_uppercase().into());
        }
        let schedule: Map<String, Value> = ["at", "localTime", "timeZone"]
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), self.word(name)?.into())))
            .collect();
        if !schedule.is_empty() {
            object.insert("schedule".to_owned(), schedule.into());
        }
        if let Some(campaign) = self.word("campaign") {
            object.insert("linkTracking".to_owned(), json!({ "campaign": campaign }));
        }
        object.extend(self.targets(errors));
        object.extend(self.media(errors));
        Value::Object(object)
    }

    fn targets(&mut self, errors: &mut Vec<Error>) -> Option<(String, Value)> {
        let board = self.word("boardId");
        let Some(connections) = self.words("connections") else {
            if board.is_some() {
                errors.push(lonely("boardId", "connections"));
            }
            return None;
        };
        let target = |connection: String| json!({ "connectionId": connection, "boardId": board });
        Some((
            "targets".to_owned(),
            connections.into_iter().map(target).collect(),
        ))
    }

    fn media(&mut self, errors: &mut Vec<Error>) -> Option<(String, Value)> {
        let ids = self.words("mediaIds").unwrap_or_default();
        let texts = self.words("altTexts").unwrap_or_default();
        if texts.len() > ids.len() {
            errors.push(lonely("altTexts", "mediaIds"));
        }
        if ids.is_empty() {
            return None;
        }
        let texts = texts.into_iter().map(Some).chain(std::iter::repeat(None));
        let item = |(id, text): (String, Option<String>)| json!({ "id": id, "altText": text.filter(|text| !text.is_empty()) });
        Some((
            "media".to_owned(),
            ids.into_iter().zip(texts).map(item).collect(),
        ))
    }

    fn word(&mut self, name: &str) -> Option<String> {
        match self.0.remove(name)? {
            Value::String(text) => Some(text.trim().to_owned()),
            _ => None,
        }
    }

    fn words(&mut self, name: &str) -> Option<Vec<String>> {
        let list = self.word(name)?;
        let list = list.strip_suffix(';').unwrap_or(&list);
        Some(list.split(';').map(|word| word.trim().to_owned()).collect())
    }
}

fn lonely(name: &str, other: &str) -> Error {
    let message = format!("{name} says more than {other}: each belongs to one of them.");
    Error::new(ErrorCode::InvalidInput, message).at([name])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(row: &[&str]) -> Vec<String> {
        row.iter().map(|cell| (*cell).to_owned()).collect()
    }

    #[test]
    fn a_row_is_the_same_object_as_a_line() {
        let header = Header::read(cells(&[
            " text",
            "key",
            "connections",
            "mediaIds",
            "altTexts",
            "boardId",
            "localTime",
            "timeZone",
            "campaign",
            "kind",
            "",
            "note",
        ]));
        let header = header.unwrap();
        let row = cells(&[
            " a\nb ",
            " k1 ",
            "x:ada; conn_1;",
            "media_1;media_2",
            ";two",
            "7",
            "2027-01-05T09:00",
            "Europe/Paris",
            "Spring",
            "reel",
            "",
            "",
        ]);
        let expected = json!({
            "text": " a\nb ",
            "key": "k1",
            "targets": [
                { "connectionId": "x:ada", "boardId": "7" },
                { "connectionId": "conn_1", "boardId": "7" },
            ],
            "media": [{ "id": "media_1", "altText": null }, { "id": "media_2", "altText": "two" }],
            "schedule": { "localTime": "2027-01-05T09:00", "timeZone": "Europe/Paris" },
            "linkTracking": { "campaign": "Spring" },
            "kind": "REEL",
        });
        assert_eq!(header.object(row).unwrap(), expected);
        assert_eq!(header.object(cells(&["", "", ""])).unwrap(), json!({}));
    }

    #[test]
    fn what_has_no_place_is_refused_with_its_column() {
        let header = Header::read(cells(&["text", "colour", "", "altTexts", "boardId"])).unwrap();
        let told: Vec<_> = header
            .object(cells(&["a", "red", "?", "x", "7", "more"]))
            .unwrap_err()
            .into_iter()
            .map(|error| (error.code, error.path_text()))
            .collect();
        let expected = ["colour", "", "", "boardId", "altTexts"];
        assert_eq!(
            told,
            expected.map(|path| (ErrorCode::InvalidInput, path.to_owned()))
        );
        for wrong in [cells(&["Text", "a;b"]), cells(&["text", "key", "text"])] {
            assert_eq!(
                Header::read(wrong).unwrap_err().code,
                ErrorCode::InvalidInput
            );
        }
    }

    #[test]
    fn paths_become_columns() {
        let table = [
            ("targets.1.connectionId", "connections.1"),
            ("targets.0.boardId", "boardId"),
            ("targets", "connections"),
            ("media.2.id", "mediaIds.2"),
            ("media.0.altText", "altTexts.0"),
            ("media", "mediaIds"),
            ("schedule.localTime", "localTime"),
            ("schedule", "at"),
            ("linkTracking.campaign", "campaign"),
            ("text", "text"),
            ("", ""),
        ];
        for (path, column) in table {
            let parts: Vec<String> = path
                .split('.')
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect();
            assert_eq!(Header::column(&parts).join("."), column, "{path}");
        }
    }
}
