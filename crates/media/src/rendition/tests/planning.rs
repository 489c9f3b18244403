use super::*;
use crate::rendition::{Action, PixelRect, Plan, Recipe, plan};

type Case = (
    MediaFacts,
    Option<Crop>,
    &'static [&'static str],
    (u32, u32),
);

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
