use image::{DynamicImage, GenericImageView, ImageFormat};
use posthaste_core::{error::ErrorCode, ports::Blobs};

use super::*;
use crate::{
    fixtures::{picture, probe, stored},
    rendition::{make, plan, render},
};

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
