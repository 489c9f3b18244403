//! Names and comments as Rust writes them.

/// `createdAt`, `CREATED_AT` or `CreatedAt` as words.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut previous_lower = false;
    for c in name.chars() {
        if c == '_' {
            previous_lower = false;
            words.push(String::new());
            continue;
        }
        if c.is_ascii_uppercase() && previous_lower || words.is_empty() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(c.to_ascii_lowercase());
        }
        previous_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// `created_at`; a keyword becomes another word.
pub fn snake(name: &str) -> String {
    match words(name).join("_").as_str() {
        "type" => "kind".to_owned(),
        "move" => "relocate".to_owned(),
        word @ ("match" | "ref" | "use" | "in" | "for" | "as" | "loop" | "self" | "static") => {
            format!("{word}_")
        }
        word => word.to_owned(),
    }
}

/// `CreatedAt`.
pub fn pascal(name: &str) -> String {
    words(name)
        .iter()
        .map(|word| {
            let (first, rest) = word.split_at(1);
            first.to_ascii_uppercase() + rest
        })
        .collect()
}

/// `CREATED_AT`.
pub fn constant(name: &str) -> String {
    words(name).join("_").to_ascii_uppercase()
}

/// What serde makes of a field's Rust name with `rename_all = "camelCase"`.
pub fn camel(snake: &str) -> String {
    let pascal = pascal(snake);
    let (first, rest) = pascal.split_at(1);
    first.to_ascii_lowercase() + rest
}

/// A documentation comment. What looks like HTML is text, except in code.
pub fn doc(text: &str) -> String {
    let mut in_code = false;
    let mut shown = String::new();
    for character in text.chars() {
        in_code ^= character == '`';
        if character == '<' && !in_code {
            shown.push('\\');
        }
        shown.push(character);
    }
    shown
        .lines()
        .map(|line| format!("/// {}", line.trim_end()).trim_end().to_owned() + "\n")
        .collect()
}

/// `#[serde(rename)]` where the Rust name does not say the JSON name.
pub fn rename(json: &str, rust: &str) -> String {
    if camel(rust) == json {
        return String::new();
    }
    format!("#[serde(rename = \"{json}\")]\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_are_text_with_code_in_it() {
        assert_eq!(
            doc("Send 'Bearer <key>'.\n\nOr `<b>`."),
            "/// Send 'Bearer \\<key>'.\n///\n/// Or `<b>`.\n"
        );
    }

    #[test]
    fn names_change_their_case() {
        assert_eq!(snake("createdAt"), "created_at");
        assert_eq!(snake("type"), "kind");
        assert_eq!(pascal("CREATED_AT_DESC"), "CreatedAtDesc");
        assert_eq!(pascal("X"), "X");
        assert_eq!(pascal("postCreate"), "PostCreate");
        assert_eq!(constant("PostCreate"), "POST_CREATE");
        assert_eq!(camel("created_at"), "createdAt");
        assert_eq!(rename("p95Ms", "p95_ms"), "");
        assert_eq!(rename("type", "kind"), "#[serde(rename = \"type\")]\n");
    }
}
