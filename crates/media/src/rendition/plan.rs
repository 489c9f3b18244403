use posthaste_core::{
    media::{MediaFacts, MediaFormat, PictureRule},
    post::Crop,
};

use super::{PixelRect, shape};
use crate::words::{format_name, proportions, size};

/// What happens to a file so that it fits a network's rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The work.
    pub action: Action,
    /// What changes, in words for a person: `scaled from 4000 to 1440 pixels wide`.
    pub notes: Vec<String>,
}

impl Plan {
    /// True when the network gets the file itself.
    pub fn is_as_is(&self) -> bool {
        self.action == Action::AsIs
    }
}

/// Whether a copy is made.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// The file is sent as it is.
    AsIs,
    /// A copy is made.
    Make(Recipe),
}

/// How a copy is made.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// The part that is kept.
    pub crop: PixelRect,
    /// Width of the copy in pixels.
    pub width: u32,
    /// Height of the copy in pixels.
    pub height: u32,
    /// JPEG or PNG.
    pub format: MediaFormat,
    /// The rule it is made for; size in bytes shows only while making.
    pub rule: PictureRule,
}

/// Plans how a picture comes to fit `rule`, with the part a person chose (`crop`) or, by default,
/// the largest part in the middle whose proportions are allowed.
///
/// Videos stay as they are, and so do animated GIFs where the network takes GIF. Copies are made
/// as JPEG or PNG: the file's own format when the network takes it, else the rule's first of the
/// two, else JPEG; a PNG with too many bytes becomes JPEG where the network takes that.
pub fn plan(facts: &MediaFacts, rule: &PictureRule, crop: Option<Crop>) -> Plan {
    let as_is = |notes| Plan {
        action: Action::AsIs,
        notes,
    };
    // An empty picture cannot come from `probe`; there is nothing to plan.
    if facts.format.is_video() || facts.width == 0 || facts.height == 0 {
        return as_is(Vec::new());
    }
    let whole = PixelRect::whole(facts.width, facts.height);
    let chosen = crop
        .filter(Crop::is_valid)
        .map_or(whole, |crop| whole.chosen(&crop));
    let accepted = rule.formats.contains(&facts.format);
    if accepted && facts.animated && facts.format == MediaFormat::Gif {
        let ignored = "the crop is not applied to an animated GIF".to_owned();
        return as_is((chosen != whole).then_some(ignored).into_iter().collect());
    }
    let unchanged = chosen == whole && shape::fits(facts.width, facts.height, rule);
    if accepted && unchanged && facts.bytes <= rule.max_bytes {
        return as_is(Vec::new());
    }
    let part = chosen.allowed(rule);
    let (width, height) = part.scaled(rule);
    let recipe = Recipe {
        crop: part,
        width,
        height,
        format: target_format(facts, rule),
        rule: *rule,
    };
    let notes = notes(facts, chosen, &recipe);
    Plan {
        action: Action::Make(recipe),
        notes,
    }
}

fn target_format(facts: &MediaFacts, rule: &PictureRule) -> MediaFormat {
    let makeable = |format: &MediaFormat| matches!(format, MediaFormat::Jpeg | MediaFormat::Png);
    // Only JPEG can give up quality for size.
    if facts.bytes > rule.max_bytes && rule.formats.contains(&MediaFormat::Jpeg) {
        return MediaFormat::Jpeg;
    }
    if makeable(&facts.format) && rule.formats.contains(&facts.format) {
        return facts.format;
    }
    let first = rule.formats.iter().copied().find(makeable);
    first.unwrap_or(MediaFormat::Jpeg)
}

fn notes(facts: &MediaFacts, chosen: PixelRect, recipe: &Recipe) -> Vec<String> {
    let mut notes = Vec::new();
    if facts.animated {
        notes.push("only the first frame of the animation is kept".to_owned());
    }
    if recipe.format != facts.format {
        let (from, to) = (format_name(facts.format), format_name(recipe.format));
        notes.push(format!("{from} is converted to {to}"));
        if facts.alpha && recipe.format == MediaFormat::Jpeg {
            notes.push("transparent parts become white".to_owned());
        }
    }
    let part = recipe.crop;
    if (part.width, part.height) != (chosen.width, chosen.height) {
        let from = f64::from(chosen.width) / f64::from(chosen.height);
        let to = from.max(recipe.rule.min_aspect).min(recipe.rule.max_aspect);
        let (from, to) = (proportions(from), proportions(to));
        notes.push(format!("cropped from {from} to {to}"));
    } else if (chosen.width, chosen.height) != (facts.width, facts.height) {
        notes.push(format!(
            "cropped to the chosen part, {}×{} pixels",
            part.width, part.height
        ));
    }
    if recipe.width < part.width {
        notes.push(format!(
            "scaled from {} to {} pixels wide",
            part.width, recipe.width
        ));
    } else if recipe.width > part.width {
        notes.push(format!(
            "enlarged from {} to {} pixels wide",
            part.width, recipe.width
        ));
    }
    if facts.bytes > recipe.rule.max_bytes {
        let (from, to) = (size(facts.bytes), size(recipe.rule.max_bytes));
        notes.push(format!("compressed from {from} to at most {to}"));
    }
    notes
}
