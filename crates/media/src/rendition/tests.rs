mod making;
mod planning;

use posthaste_core::{
    media::{MediaFacts, MediaFormat, PictureRule},
    post::Crop,
};
use proptest::{prelude::*, sample::select};

const JPEG_ONLY: PictureRule = PictureRule {
    formats: &[MediaFormat::Jpeg],
    max_bytes: 8_000_000,
    min_width: 320,
    max_width: 1440,
    min_aspect: 0.8,
    max_aspect: 1.91,
};
const ANY: PictureRule = PictureRule {
    formats: &[
        MediaFormat::Jpeg,
        MediaFormat::Png,
        MediaFormat::Gif,
        MediaFormat::Webp,
    ],
    max_bytes: 5_000_000,
    min_width: 1,
    max_width: 8192,
    min_aspect: 0.0,
    max_aspect: f64::INFINITY,
};

fn facts(format: MediaFormat, width: u32, height: u32) -> MediaFacts {
    MediaFacts {
        format,
        bytes: 1_000_000,
        width,
        height,
        duration_ms: None,
        frame_rate: None,
        animated: false,
        alpha: false,
    }
}

fn any_rule() -> impl Strategy<Value = PictureRule> {
    let formats: [&'static [MediaFormat]; 4] = [
        &[MediaFormat::Jpeg],
        &[MediaFormat::Png],
        &[MediaFormat::Png, MediaFormat::Jpeg],
        &[MediaFormat::Jpeg, MediaFormat::Gif, MediaFormat::Webp],
    ];
    (
        select(formats.to_vec()),
        1..400_u32,
        0..2000_u32,
        0.3..1.0_f64,
        1.0..3.0_f64,
    )
        .prop_map(
            |(formats, min_width, more, min_aspect, max_aspect)| PictureRule {
                formats,
                max_bytes: 100_000,
                min_width,
                max_width: min_width + more,
                min_aspect,
                max_aspect,
            },
        )
}

fn any_crop() -> impl Strategy<Value = Option<Crop>> {
    let crop = (0.0..0.9_f64, 0.0..0.9_f64, 0.001..1.0_f64, 0.001..1.0_f64);
    proptest::option::of(crop.prop_map(|(x, y, width, height)| Crop {
        x,
        y,
        width: width.min(1.0 - x),
        height: height.min(1.0 - y),
    }))
}

fn assert_fits(facts: &MediaFacts, rule: &PictureRule) {
    assert!(rule.formats.contains(&facts.format), "{facts:?}");
    assert!(facts.bytes <= rule.max_bytes, "{facts:?}");
    assert!(
        (rule.min_width..=rule.max_width).contains(&facts.width),
        "{facts:?}"
    );
    assert!(
        (rule.min_aspect..=rule.max_aspect).contains(&facts.aspect()),
        "{facts:?}"
    );
}
