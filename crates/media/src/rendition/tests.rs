use image::{DynamicImage, GenericImageView, ImageFormat};
use posthaste_core::{
    error::ErrorCode,
    media::{MediaFacts, MediaFormat, PictureRule},
    ports::Blobs,
    post::Crop,
};
use proptest::{prelude::*, sample::select};

use super::*;
use crate::fixtures::{picture, probe, stored};

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

fn recipe(plan: &Plan) -> &Recipe {
    match &plan.action {
        Action::Make(recipe) => recipe,
        Action::AsIs => panic!("nothing to make"),
    }
}

#[test]
fn what_fits_stays_as_it_is() {
    let as_is = Plan {
        action: Action::AsIs,
        notes: Vec::new(),
    };
    assert_eq!(
        plan(&facts(MediaFormat::Jpeg, 1440, 1000), &JPEG_ONLY, None),
        as_is
    );
    assert_eq!(
        plan(&facts(MediaFormat::Jpeg, 800, 1000), &JPEG_ONLY, None),
        as_is
    );
    assert_eq!(plan(&facts(MediaFormat::Webp, 9, 8000), &ANY, None), as_is);
    let whole = Crop {
        x: 0.0,
        y: 0.0,
        width: 1.0,
        height: 1.0,
    };
    assert_eq!(
        plan(&facts(MediaFormat::Png, 700, 700), &ANY, Some(whole)),
        as_is
    );
    let film = MediaFacts {
        duration_ms: Some(9),
        ..facts(MediaFormat::Mp4, 9, 9)
    };
    assert_eq!(plan(&film, &JPEG_ONLY, None), as_is);
}

#[test]
fn changes_are_told_in_words() {
    let png = facts(MediaFormat::Png, 4000, 1333);
    let alpha = MediaFacts {
        alpha: true,
        ..facts(MediaFormat::Png, 1000, 1000)
    };
    let moving = MediaFacts {
        animated: true,
        ..facts(MediaFormat::Gif, 500, 500)
    };
    let large = MediaFacts {
        bytes: 12_300_000,
        ..facts(MediaFormat::Jpeg, 1200, 1200)
    };
    let half = Crop {
        x: 0.5,
        y: 0.0,
        width: 0.5,
        height: 1.0,
    };
    type Case = (
        MediaFacts,
        Option<Crop>,
        &'static [&'static str],
        (u32, u32),
    );
    let cases: [Case; 8] = [
        (
            png,
            None,
            &[
                "PNG is converted to JPEG",
                "cropped from 3:1 to 1.91:1",
                "scaled from 2546 to 1440 pixels wide",
            ],
            (1440, 754),
        ),
        (
            facts(MediaFormat::Jpeg, 4000, 3000),
            None,
            &["scaled from 4000 to 1440 pixels wide"],
            (1440, 1080),
        ),
        (
            facts(MediaFormat::Jpeg, 100, 100),
            None,
            &["enlarged from 100 to 320 pixels wide"],
            (320, 320),
        ),
        (
            facts(MediaFormat::Jpeg, 1080, 1920),
            None,
            &["cropped from 9:16 to 4:5"],
            (1080, 1350),
        ),
        (
            alpha,
            None,
            &["PNG is converted to JPEG", "transparent parts become white"],
            (1000, 1000),
        ),
        (
            moving,
            None,
            &[
                "only the first frame of the animation is kept",
                "GIF is converted to JPEG",
            ],
            (500, 500),
        ),
        (
            large,
            None,
            &["compressed from 12.3 MB to at most 8.0 MB"],
            (1200, 1200),
        ),
        (
            facts(MediaFormat::Jpeg, 2000, 1000),
            Some(half),
            &["cropped to the chosen part, 1000×1000 pixels"],
            (1000, 1000),
        ),
    ];
    for (facts, crop, notes, size) in cases {
        let plan = plan(&facts, &JPEG_ONLY, crop);
        assert_eq!(plan.notes, notes);
        assert_eq!((recipe(&plan).width, recipe(&plan).height), size);
    }
}

#[test]
fn the_automatic_crop_is_in_the_middle_of_the_chosen_part() {
    let wide = plan(&facts(MediaFormat::Jpeg, 3000, 1000), &JPEG_ONLY, None);
    let expected = PixelRect {
        x: 545,
        y: 0,
        width: 1910,
        height: 1000,
    };
    assert_eq!(recipe(&wide).crop, expected);
    let right = Crop {
        x: 0.5,
        y: 0.1,
        width: 0.5,
        height: 0.5,
    };
    let chosen = plan(
        &facts(MediaFormat::Jpeg, 3000, 1000),
        &JPEG_ONLY,
        Some(right),
    );
    let expected = PixelRect {
        x: 1772,
        y: 100,
        width: 955,
        height: 500,
    };
    assert_eq!(recipe(&chosen).crop, expected);
    assert_eq!(chosen.notes, ["cropped from 3:1 to 1.91:1"]);
}

#[test]
fn the_format_is_kept_where_the_network_takes_it() {
    let format = |facts: &MediaFacts, rule| recipe(&plan(facts, rule, None)).format;
    let png = facts(MediaFormat::Png, 9000, 10);
    assert_eq!(format(&png, &ANY), MediaFormat::Png);
    assert_eq!(
        format(&facts(MediaFormat::Webp, 9000, 10), &ANY),
        MediaFormat::Jpeg
    );
    let large = MediaFacts {
        bytes: 6_000_000,
        ..png
    };
    assert_eq!(format(&large, &ANY), MediaFormat::Jpeg);
    let png_only = PictureRule {
        formats: &[MediaFormat::Png],
        ..ANY
    };
    assert_eq!(
        format(&facts(MediaFormat::Jpeg, 10, 10), &png_only),
        MediaFormat::Png
    );
    assert_eq!(format(&large, &png_only), MediaFormat::Png);
}

#[test]
fn an_animated_gif_stays_where_the_network_takes_gif() {
    let moving = MediaFacts {
        animated: true,
        bytes: 90_000_000,
        ..facts(MediaFormat::Gif, 9999, 1)
    };
    assert!(plan(&moving, &ANY, None).is_as_is());
    let half = Crop {
        x: 0.5,
        y: 0.0,
        width: 0.5,
        height: 1.0,
    };
    let cropped = plan(&moving, &ANY, Some(half));
    assert!(cropped.is_as_is());
    assert_eq!(
        cropped.notes,
        ["the crop is not applied to an animated GIF"]
    );
}

#[test]
fn exact_proportions_are_met_with_whole_pixels() {
    let story = PictureRule {
        min_aspect: 0.5625,
        max_aspect: 0.5625,
        ..JPEG_ONLY
    };
    let plan = plan(&facts(MediaFormat::Jpeg, 1000, 1000), &story, None);
    let recipe = recipe(&plan);
    assert_eq!((recipe.width, recipe.height), (558, 992));
}

async fn made(file: Vec<u8>, rule: &PictureRule) -> (Vec<u8>, DynamicImage) {
    let facts = probe(&file).await.unwrap();
    let file = make(file, &plan(&facts, rule, None)).unwrap();
    let image = image::load_from_memory(&file).unwrap();
    (file, image)
}

fn is_near(image: &DynamicImage, x: u32, y: u32, color: [u8; 3]) -> bool {
    let [red, green, blue, _] = image.get_pixel(x, y).0;
    [red, green, blue]
        .iter()
        .zip(color)
        .all(|(a, b)| a.abs_diff(b) < 12)
}

#[tokio::test]
async fn every_format_becomes_a_jpeg_that_looks_the_same() {
    let files = [
        picture::jpeg(200, 200),
        picture::png(200, 200),
        picture::gif(200, 200, 3),
        picture::webp(200, 200),
    ];
    for file in files {
        let (file, image) = made(file, &JPEG_ONLY).await;
        let expected = MediaFacts {
            bytes: file.len() as u64,
            ..facts(MediaFormat::Jpeg, 320, 320)
        };
        assert_eq!(probe(&file).await.unwrap(), expected);
        assert!(is_near(&image, 40, 160, [255, 0, 0]));
        assert!(is_near(&image, 280, 160, [0, 0, 255]));
    }
}

#[tokio::test]
async fn transparent_parts_become_white_in_jpeg_only() {
    let clear = picture::encoded(picture::clear(10, 10), ImageFormat::Png);
    let (_, image) = made(clear.clone(), &JPEG_ONLY).await;
    assert!(is_near(&image, 160, 160, [255, 255, 255]));
    let enlarged = PictureRule {
        min_width: 20,
        ..ANY
    };
    let (file, image) = made(clear, &enlarged).await;
    assert_eq!(probe(&file).await.unwrap().format, MediaFormat::Png);
    assert_eq!(image.get_pixel(9, 9).0, [0, 0, 0, 0]);
}

#[tokio::test]
async fn a_turned_picture_is_made_upright() {
    // Orientation 6: the left half of the stored pixels is the top of the picture.
    let (file, image) = made(picture::turned_jpeg(200, 200, 6), &JPEG_ONLY).await;
    assert!(is_near(&image, 160, 40, [255, 0, 0]));
    assert!(is_near(&image, 160, 280, [0, 0, 255]));
    assert_eq!(probe(&file).await.unwrap().width, 320);
    let (_, image) = made(picture::turned_jpeg(400, 300, 8), &JPEG_ONLY).await;
    assert_eq!((image.width(), image.height()), (320, 400));
    assert!(is_near(&image, 160, 40, [0, 0, 255]));
}

#[tokio::test]
async fn large_copies_lose_quality_then_pixels() {
    let noise = picture::encoded(picture::noise(400, 400), ImageFormat::Png);
    let mut previous = u64::MAX;
    for (max_bytes, width) in [(300_000, 400), (170_000, 400), (60_000, 256)] {
        let rule = PictureRule {
            max_bytes,
            min_width: 200,
            ..JPEG_ONLY
        };
        let (file, image) = made(noise.clone(), &rule).await;
        let bytes = file.len() as u64;
        assert!(bytes <= max_bytes && bytes < previous, "{bytes}");
        assert_eq!(image.width(), width, "{bytes}");
        previous = bytes;
    }
    let facts = probe(&noise).await.unwrap();
    let rule = PictureRule {
        max_bytes: 10_000,
        ..JPEG_ONLY
    };
    let error = make(noise, &plan(&facts, &rule, None)).unwrap_err();
    assert_eq!(error.code, ErrorCode::MediaTooLarge);
}

#[tokio::test]
async fn damaged_pixels_are_told() {
    let mut file = picture::encoded(picture::noise(100, 100), ImageFormat::Png);
    let facts = probe(&file).await.unwrap();
    let plan = plan(&facts, &JPEG_ONLY, None);
    file[200..300].fill(0);
    let error = make(file, &plan).unwrap_err();
    assert_eq!(error.code, ErrorCode::MediaUnreadable);
    assert!(
        error.message.contains("its pixels are damaged"),
        "{}",
        error.message
    );
}

#[test]
fn a_copy_with_too_many_pixels_is_refused() {
    let rule = PictureRule {
        min_width: 20_000,
        max_width: 20_000,
        ..JPEG_ONLY
    };
    let plan = plan(&facts(MediaFormat::Jpeg, 100, 100), &rule, None);
    let error = make(picture::jpeg(100, 100), &plan).unwrap_err();
    assert_eq!(error.code, ErrorCode::MediaTooLarge);
}

#[tokio::test]
async fn render_writes_the_copy_beside_the_original() {
    let file = picture::png(640, 160);
    let blobs = stored("original", &file).await;
    let facts = probe(&file).await.unwrap();
    let plan_for_jpeg = plan(&facts, &JPEG_ONLY, None);
    let copy = render(&blobs, "original", &facts, &plan_for_jpeg, "copy")
        .await
        .unwrap();
    assert_eq!(
        (copy.format, copy.width, copy.height),
        (MediaFormat::Jpeg, 320, 168)
    );
    assert_eq!(blobs.size("copy").await.unwrap(), Some(copy.bytes));
    assert!(plan(&copy, &JPEG_ONLY, None).is_as_is());
    let same = plan(&facts, &ANY, None);
    assert_eq!(
        render(&blobs, "original", &facts, &same, "same")
            .await
            .unwrap(),
        facts
    );
    assert_eq!(blobs.size("same").await.unwrap(), Some(file.len() as u64));
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

proptest! {
    #[test]
    fn every_plan_fits_its_rule(
        width in 1..20_000_u32,
        height in 1..20_000_u32,
        bytes in 1..200_000_u64,
        format in select(&MediaFormat::ALL[..4]),
        rule in any_rule(),
        crop in any_crop(),
    ) {
        let original = MediaFacts { bytes, ..facts(format, width, height) };
        let result = plan(&original, &rule, crop);
        match &result.action {
            Action::AsIs => assert_fits(&original, &rule),
            Action::Make(recipe) => {
                let made = facts(recipe.format, recipe.width, recipe.height);
                assert_fits(&MediaFacts { bytes: 0, ..made }, &rule);
                let part = recipe.crop;
                prop_assert!(part.width > 0 && part.x + part.width <= width);
                prop_assert!(part.height > 0 && part.y + part.height <= height);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn every_made_picture_fits_its_rule(
        width in 1..150_u32,
        height in 1..150_u32,
        kind in 0..5,
        rule in any_rule(),
        crop in any_crop(),
    ) {
        let file = match kind {
            0 => picture::turned_jpeg(width, height, 6),
            1 => picture::png(width, height),
            2 => picture::gif(width, height, 1),
            3 => picture::webp(width, height),
            _ => picture::encoded(picture::noise(width, height), ImageFormat::Png),
        };
        let rule = PictureRule { max_width: rule.max_width.min(rule.min_width + 50), ..rule };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let original = probe(&file).await.unwrap();
            let plan = plan(&original, &rule, crop);
            match make(file, &plan) {
                Ok(file) => assert_fits(&probe(&file).await.unwrap(), &rule),
                Err(error) => assert_eq!(error.code, ErrorCode::MediaTooLarge),
            }
        });
    }
}
