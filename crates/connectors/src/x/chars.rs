//! Classes of characters in twitter-text's rules for links and cashtags.

/// May stand right before a link.
pub fn may_precede(c: char) -> bool {
    !c.is_ascii_alphanumeric()
        && !matches!(c, '@' | '\u{ff20}' | '$' | '#' | '\u{ff03}')
        && !is_invalid(c)
}

/// May stand in a label of a host.
pub fn is_host_char(c: char) -> bool {
    !(is_punctuation(c) || is_space(c) || is_invalid(c) || is_directional(c))
}

/// May stand in a path.
pub fn is_path_char(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || "!*';:=+,.$/%#[]-\u{2013}_~@|&".contains(c)
        || is_cyrillic(c)
        || is_accented_latin(c)
}

/// May end a path.
pub fn is_path_end(c: char) -> bool {
    c.is_ascii_alphanumeric() || "+-=_#/".contains(c) || is_cyrillic(c) || is_accented_latin(c)
}

/// ASCII punctuation without the quotation mark and the grave accent.
pub fn is_punctuation(c: char) -> bool {
    c.is_ascii_punctuation() && !matches!(c, '"' | '`')
}

/// White space in the sense of Unicode, with the Mongolian vowel separator.
pub fn is_space(c: char) -> bool {
    c.is_whitespace() || c == '\u{180e}'
}

fn is_invalid(c: char) -> bool {
    matches!(c, '\u{fffe}' | '\u{feff}' | '\u{ffff}')
}

fn is_directional(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2066}'..='\u{2069}')
}

/// Cyrillic letters and marks, which paths may hold.
pub fn is_cyrillic(c: char) -> bool {
    matches!(c, '\u{400}'..='\u{4ff}')
}

/// Latin letters with accents, which paths and hosts may hold.
pub fn is_accented_latin(c: char) -> bool {
    matches!(c,
        '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{24f}'
        | '\u{253}' | '\u{254}' | '\u{256}' | '\u{257}' | '\u{259}' | '\u{25b}' | '\u{263}'
        | '\u{268}' | '\u{26f}' | '\u{272}' | '\u{289}' | '\u{28b}' | '\u{2bb}'
        | '\u{300}'..='\u{36f}' | '\u{1e00}'..='\u{1eff}')
}
