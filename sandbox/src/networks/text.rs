//! Small questions about text.

/// The first `http(s)` URL in a text, without trailing punctuation.
pub fn first_url(text: &str) -> Option<String> {
    text.split_whitespace()
        .find_map(|word| {
            let start = word.find("https://").or_else(|| word.find("http://"))?;
            Some(
                word[start..].trim_end_matches(['.', ',', ')', ']', '!', '?', ';', ':', '"', '\'']),
            )
        })
        .filter(|url| url::Url::parse(url).is_ok())
        .map(str::to_owned)
}

/// Text made safe inside HTML and its attributes.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
