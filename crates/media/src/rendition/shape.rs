use posthaste_core::{media::PictureRule, post::Crop};

/// A part of an upright picture, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PixelRect {
    /// Left edge.
    pub x: u32,
    /// Top edge.
    pub y: u32,
    /// Width, at least 1.
    pub width: u32,
    /// Height, at least 1.
    pub height: u32,
}

impl PixelRect {
    /// The whole picture.
    pub(super) fn whole(width: u32, height: u32) -> Self {
        Self {
            x: 0,
            y: 0,
            width,
            height,
        }
    }

    /// The part a person chose, rounded to pixels and kept inside the picture.
    pub(super) fn chosen(self, crop: &Crop) -> Self {
        let part = |start: f64, length: f64, whole: u32| {
            let first = ((start * f64::from(whole)).round() as u32).min(whole - 1);
            let count = (length * f64::from(whole)).round() as u32;
            (first, count.clamp(1, whole - first))
        };
        let (x, width) = part(crop.x, crop.width, self.width);
        let (y, height) = part(crop.y, crop.height, self.height);
        Self {
            x,
            y,
            width,
            height,
        }
    }

    /// The largest part in the middle whose proportions the rule allows.
    pub(super) fn allowed(self, rule: &PictureRule) -> Self {
        let (width, height) = (f64::from(self.width), f64::from(self.height));
        let mut part = self;
        if width > height * rule.max_aspect {
            part.width = ((height * rule.max_aspect) as u32).clamp(1, self.width);
            part.x += (self.width - part.width) / 2;
        } else if width < height * rule.min_aspect {
            part.height = ((width / rule.min_aspect) as u32).clamp(1, self.height);
            part.y += (self.height - part.height) / 2;
        }
        part
    }

    /// The size this part is scaled to: as near to its own as the rule's widths allow.
    pub(super) fn scaled(self, rule: &PictureRule) -> (u32, u32) {
        let width = self.width.min(rule.max_width).max(rule.min_width).max(1);
        self.scaled_to(width, rule)
    }

    /// The size at about `width` pixels: the nearest with whole pixels and allowed proportions.
    pub(super) fn scaled_to(self, width: u32, rule: &PictureRule) -> (u32, u32) {
        // Exact proportions such as 9:16 have whole pixels only at some widths; look a bit below.
        let widths = (rule.min_width.max(1)..=width).rev().take(64);
        let mut exact = widths.filter_map(|width| Some((width, self.exact_height(width, rule)?)));
        exact
            .next()
            .unwrap_or_else(|| (width, self.height_at(width)))
    }

    fn exact_height(self, width: u32, rule: &PictureRule) -> Option<u32> {
        let lowest = (f64::from(width) / rule.max_aspect).ceil().max(1.0) as u32;
        let highest = (f64::from(width) / rule.min_aspect).floor() as u32;
        let height = (lowest <= highest).then(|| self.height_at(width).clamp(lowest, highest));
        height.filter(|height| is_allowed(width, *height, rule))
    }

    fn height_at(self, width: u32) -> u32 {
        let height = f64::from(width) * f64::from(self.height) / f64::from(self.width);
        (height.round() as u32).max(1)
    }
}

/// Whether proportions and width are allowed without any change.
pub(super) fn fits(width: u32, height: u32, rule: &PictureRule) -> bool {
    (rule.min_width..=rule.max_width).contains(&width) && is_allowed(width, height, rule)
}

fn is_allowed(width: u32, height: u32, rule: &PictureRule) -> bool {
    let aspect = f64::from(width) / f64::from(height);
    (rule.min_aspect..=rule.max_aspect).contains(&aspect)
}
