use posthaste_core::{
    ErrorCode,
    connector::RenditionMedia,
    media::{MediaFacts, MediaFormat, PictureRule, VideoRule},
    post::{ContentKind, Problem},
};

use super::Check;

/// Shapes may miss a limit by this part: files are rounded to whole pixels.
const ASPECT_SLACK: f64 = 0.001;

/// The problems of each file.
pub(super) fn items(check: &Check) -> Vec<Problem> {
    let media = check.rendition.media.iter().enumerate();
    media
        .flat_map(|(index, media)| item(check, index, media))
        .collect()
}

/// A video whose frames per second are out of range.
pub fn frame_rate(
    name: &str,
    index: usize,
    facts: &MediaFacts,
    least: f64,
    most: f64,
) -> Option<Problem> {
    let rate = facts.frame_rate?;
    // 23.976 counts as 24, 59.94 as 60.
    let fits = rate.ceil() >= least && rate.floor() <= most;
    (!fits).then(|| {
        let message =
            format!("The video has {rate:.1} frames per second; {name} takes {least} to {most}.");
        At { name, index }.problem(ErrorCode::MediaTypeUnsupported, message)
    })
}

fn item(check: &Check, index: usize, media: &RenditionMedia) -> Vec<Problem> {
    let at = At {
        name: check.name,
        index,
    };
    let capabilities = check.capabilities;
    let mut found: Vec<_> = at
        .alt_text(media, capabilities.max_alt_text)
        .into_iter()
        .collect();
    let kind = check.rendition.kind;
    if media.facts.format.is_video() {
        let rule = match kind {
            ContentKind::Feed => capabilities.video.as_ref(),
            ContentKind::Reel => capabilities.reel.as_ref(),
            ContentKind::Story => capabilities.story_video.as_ref(),
        };
        found.extend(rule.map_or_else(
            || vec![at.unusable(&media.facts)],
            |rule| at.video(rule, &media.facts),
        ));
    } else {
        let rule = match kind {
            ContentKind::Feed => Some(&capabilities.picture),
            ContentKind::Story => capabilities.story_picture.as_ref(),
            // The missing video is told by the counts.
            ContentKind::Reel => return found,
        };
        found.extend(rule.map_or_else(
            || vec![at.unusable(&media.facts)],
            |rule| at.picture(rule, &media.facts),
        ));
    }
    found
}

/// A file of the rendition.
struct At<'a> {
    name: &'a str,
    index: usize,
}

impl At<'_> {
    fn problem(&self, code: ErrorCode, message: String) -> Problem {
        Problem::error(code, message, ["media".to_owned(), self.index.to_string()])
    }

    fn alt_text(&self, media: &RenditionMedia, most: usize) -> Option<Problem> {
        let length = media.alt_text.as_ref()?.chars().count();
        (length > most).then(|| {
            Problem::error(
                ErrorCode::AltTextTooLong,
                format!(
                    "The alt text has {length} characters; {} takes at most {most}.",
                    self.name
                ),
                [
                    "media".to_owned(),
                    self.index.to_string(),
                    "altText".to_owned(),
                ],
            )
        })
    }

    fn unusable(&self, facts: &MediaFacts) -> Problem {
        let message = format!("{} takes no {} file here.", self.name, facts.format.mime());
        self.problem(ErrorCode::MediaTypeUnsupported, message)
    }

    fn picture(&self, rule: &PictureRule, facts: &MediaFacts) -> Vec<Problem> {
        let checks = [
            self.format(rule.formats, facts),
            self.size(rule.max_bytes, facts),
            self.width(rule.min_width, rule.max_width, facts),
            self.aspect(rule.min_aspect, rule.max_aspect, facts),
        ];
        checks.into_iter().flatten().collect()
    }

    fn video(&self, rule: &VideoRule, facts: &MediaFacts) -> Vec<Problem> {
        let checks = [
            self.format(rule.formats, facts),
            self.size(rule.max_bytes, facts),
            self.width(rule.min_width, rule.max_width, facts),
            self.aspect(rule.min_aspect, rule.max_aspect, facts),
            self.duration(rule, facts),
        ];
        checks.into_iter().flatten().collect()
    }

    fn format(&self, formats: &[MediaFormat], facts: &MediaFacts) -> Option<Problem> {
        (!formats.contains(&facts.format)).then(|| {
            let known: Vec<_> = formats.iter().map(|format| format.mime()).collect();
            let message = format!(
                "The file is {}; {} takes {}.",
                facts.format.mime(),
                self.name,
                known.join(", ")
            );
            self.problem(ErrorCode::MediaTypeUnsupported, message)
        })
    }

    fn size(&self, most: u64, facts: &MediaFacts) -> Option<Problem> {
        (facts.bytes > most).then(|| {
            let message = format!(
                "The file has {} ({} bytes); {} takes at most {} ({most} bytes).",
                megabytes(facts.bytes),
                facts.bytes,
                self.name,
                megabytes(most)
            );
            self.problem(ErrorCode::MediaTooLarge, message)
        })
    }

    fn width(&self, least: u32, most: u32, facts: &MediaFacts) -> Option<Problem> {
        (facts.width < least || facts.width > most).then(|| {
            let limit = if most == u32::MAX {
                format!("at least {least}")
            } else {
                format!("{least} to {most}")
            };
            let message = format!(
                "It is {} pixels wide; {} takes {limit}.",
                facts.width, self.name
            );
            self.problem(ErrorCode::MediaDimensions, message)
        })
    }

    fn aspect(&self, least: f64, most: f64, facts: &MediaFacts) -> Option<Problem> {
        let aspect = facts.aspect();
        let fits = aspect >= least * (1.0 - ASPECT_SLACK) && aspect <= most * (1.0 + ASPECT_SLACK);
        (!fits).then(|| {
            let message = format!(
                "It is {} × {} pixels, {aspect:.3} times as wide as high; {} takes {least:.3} to {most:.3}.",
                facts.width, facts.height, self.name
            );
            self.problem(ErrorCode::MediaDimensions, message)
        })
    }

    fn duration(&self, rule: &VideoRule, facts: &MediaFacts) -> Option<Problem> {
        let duration = facts.duration_ms?;
        (duration < rule.min_ms || duration > rule.max_ms).then(|| {
            let message = format!(
                "The video lasts {} s; {} takes {} to {} s.",
                seconds(duration),
                self.name,
                seconds(rule.min_ms),
                seconds(rule.max_ms)
            );
            self.problem(ErrorCode::MediaDuration, message)
        })
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / f64::from(1024 * 1024))
}

fn seconds(ms: u64) -> f64 {
    ms as f64 / 1000.0
}
