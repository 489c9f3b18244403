use image::ImageFormat;

use super::*;
use crate::fixtures::{
    picture::{self, encoded},
    probe,
};

#[tokio::test]
async fn pictures_tell_format_and_size() {
    let cases = [
        (MediaFormat::Jpeg, picture::jpeg(31, 17)),
        (MediaFormat::Png, picture::png(31, 17)),
        (MediaFormat::Gif, picture::gif(31, 17, 1)),
        (MediaFormat::Webp, picture::webp(31, 17)),
    ];
    for (format, file) in cases {
        assert_eq!(probe(&file).await.unwrap(), facts(format, &file, 31, 17));
    }
}

#[tokio::test]
async fn a_turned_jpeg_tells_its_upright_size() {
    for orientation in 0..=9 {
        let file = picture::turned_jpeg(30, 20, orientation);
        let (width, height) = if (5..=8).contains(&orientation) {
            (20, 30)
        } else {
            (30, 20)
        };
        let expected = facts(MediaFormat::Jpeg, &file, width, height);
        assert_eq!(
            probe(&file).await.unwrap(),
            expected,
            "orientation {orientation}"
        );
    }
}

#[tokio::test]
async fn chunks_of_a_png_tell_animation_transparency_and_orientation() {
    let told = |file: Vec<u8>| async move {
        let facts = probe(&file).await.unwrap();
        (facts.animated, facts.alpha, facts.width)
    };
    assert_eq!(told(picture::png(6, 4)).await, (false, false, 6));
    assert_eq!(
        told(picture::png_with(b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0])).await,
        (true, false, 6)
    );
    assert_eq!(
        told(picture::png_with(b"acTL", &[0, 0, 0, 1, 0, 0, 0, 0])).await,
        (false, false, 6)
    );
    assert_eq!(
        told(picture::png_with(b"tRNS", &[0; 6])).await,
        (false, true, 6)
    );
    assert_eq!(
        told(picture::png_with(b"eXIf", &picture::exif(6))).await,
        (false, false, 4)
    );
    let clear = encoded(picture::clear(6, 4), ImageFormat::Png);
    assert_eq!(told(clear).await, (false, true, 6));
}

#[tokio::test]
async fn a_gif_with_two_frames_is_animated() {
    assert!(probe(&picture::gif(5, 5, 2)).await.unwrap().animated);
    assert!(!probe(&picture::gif(5, 5, 1)).await.unwrap().animated);
    let mut no_trailer = picture::gif(5, 5, 1);
    assert_eq!(no_trailer.pop(), Some(b';'));
    assert!(!probe(&no_trailer).await.unwrap().animated);
}

#[tokio::test]
async fn all_kinds_of_webp_are_read() {
    let file = picture::webp_lossy();
    assert_eq!(
        probe(&file).await.unwrap(),
        facts(MediaFormat::Webp, &file, 300, 200)
    );
    let file = picture::webp_extended(0x12, &[]);
    let expected = MediaFacts {
        animated: true,
        alpha: true,
        ..facts(MediaFormat::Webp, &file, 300, 200)
    };
    assert_eq!(probe(&file).await.unwrap(), expected);
    let chunks = [(b"VP8L", vec![0; 7]), (b"EXIF", picture::exif(8))];
    let file = picture::webp_extended(0x08, &chunks);
    assert_eq!(
        probe(&file).await.unwrap(),
        facts(MediaFormat::Webp, &file, 200, 300)
    );
    let clear = encoded(picture::clear(6, 4), ImageFormat::WebP);
    assert!(probe(&clear).await.unwrap().alpha);
}
