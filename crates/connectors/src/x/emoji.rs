//! Recognises whole emoji, because X counts each as two characters however many it is made of.
//!
//! Forms after UTS #51: a pictograph with selector, skin tone and joined others, a flag, a keycap.

use unicode_properties::{UnicodeEmoji, emoji, emoji::EmojiStatus};

/// The longest recommended sequences (a family, a kiss) join so many pictographs.
const MAX_ELEMENTS: usize = 4;
const JOINER: char = '\u{200d}';
const EMOJI_SELECTOR: char = '\u{fe0f}';
const TEXT_SELECTOR: char = '\u{fe0e}';
const KEYCAP: char = '\u{20e3}';
const BLACK_FLAG: char = '\u{1f3f4}';
const TAG_END: char = '\u{e007f}';

/// How many characters at the start of `text` form one emoji; 0 when there is none.
pub fn length(text: &[char]) -> usize {
    match text {
        [c, ..] if emoji::is_regional_indicator(*c) => flag(text),
        ['0'..='9' | '#' | '*', ..] => keycap(text),
        _ => sequence(text),
    }
}

fn flag(text: &[char]) -> usize {
    let second = text.get(1).copied().unwrap_or_default();
    if emoji::is_regional_indicator(second) {
        2
    } else {
        1
    }
}

fn keycap(text: &[char]) -> usize {
    match text {
        [_, EMOJI_SELECTOR, KEYCAP, ..] => 3,
        [_, KEYCAP, ..] => 2,
        _ => 0,
    }
}

/// Pictographs, each with its selector or skin tone, joined by zero-width joiners.
fn sequence(text: &[char]) -> usize {
    if let Some(end) = subdivision_flag(text) {
        return end;
    }
    let mut end = element(text);
    for _ in 1..MAX_ELEMENTS {
        if end == 0 || text.get(end) != Some(&JOINER) {
            break;
        }
        match element(&text[end + 1..]) {
            0 => break,
            next => end += 1 + next,
        }
    }
    end
}

fn element(text: &[char]) -> usize {
    match text {
        [c, TEXT_SELECTOR, ..] if is_pictograph(*c) => 0,
        [c, '\u{1f3fb}'..='\u{1f3ff}', ..] if is_pictograph(*c) => 2,
        [c, EMOJI_SELECTOR, ..] if is_pictograph(*c) && takes_selector(*c) => 2,
        // © and ® are letters unless the selector says otherwise.
        [c, ..] if is_pictograph(*c) && *c > '\u{ff}' => 1,
        _ => 0,
    }
}

/// X counts a selector on its own where the character is an emoji without it anyway.
fn takes_selector(c: char) -> bool {
    let always_emoji = matches!(
        c.emoji_status(),
        EmojiStatus::EmojiPresentation
            | EmojiStatus::EmojiPresentationAndModifierBase
            | EmojiStatus::EmojiPresentationAndEmojiComponent
            | EmojiStatus::EmojiPresentationAndModifierAndEmojiComponent
    );
    !always_emoji || c <= '\u{ffff}'
}

fn is_pictograph(c: char) -> bool {
    c.is_emoji_char() && !c.is_ascii() && !emoji::is_regional_indicator(c)
}

/// The flags of England, Scotland and Wales: a black flag with tags.
fn subdivision_flag(text: &[char]) -> Option<usize> {
    if text.first() != Some(&BLACK_FLAG) {
        return None;
    }
    let tags = text[1..]
        .iter()
        .take_while(|c| emoji::is_tag_character(**c) && **c != TAG_END)
        .count();
    (tags > 0 && text.get(1 + tags) == Some(&TAG_END)).then_some(tags + 2)
}
