use super::*;
use crate::{
    MAX_PICTURE_BYTES,
    fixtures::{
        film::{Film, boxed},
        picture, probe, stored,
    },
};

#[tokio::test]
async fn other_kinds_are_named() {
    let zeros = [0_u8; 64];
    let cases: [(&[u8], &str); 16] = [
        (
            b"<?xml version=\"1.0\"?>\n<svg xmlns='http://www.w3.org/2000/svg'/>",
            "an SVG drawing",
        ),
        (b"<svg/>", "an SVG drawing"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"%PDF-1.7", "a PDF document"),
        (b"Hello", "a text file"),
        (b"\xEF\xBB\xBFHello", "a text file"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1", "a HEIC picture"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0heic", "a HEIC picture"),
        (b"\0\0\0\x18ftypavif\0\0\0\0", "an AVIF picture"),
        (b"\0\0\0\x18ftypM4A \0\0\0\0", "an audio file (M4A)"),
        (b"\0\0\0\x18ftyp3gp4\0\0\0\0", "a 3GP video"),
        (b"\x1A\x45\xDF\xA3\x01\0", "a WebM or Matroska video"),
        (b"RIFF\0\0\0\0AVI LIST", "an AVI video"),
        (b"BM\0\0\0\0", "a BMP picture"),
        (b"PK\x03\x04\x14\0", "a ZIP archive or an office document"),
        (&zeros, "a file of an unknown kind"),
    ];
    for (file, kind) in cases {
        let error = probe(file).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::MediaTypeUnsupported);
        let expected = format!(
            "The file is {kind}, which cannot be published. Use JPEG, PNG, GIF or WebP pictures and MP4 or MOV videos."
        );
        assert_eq!(error.message, expected);
    }
    let sound = Film {
        handlers: vec![b"soun"],
        ..Film::default()
    };
    let error = probe(&sound.file()).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::MediaTypeUnsupported);
    assert!(error.message.starts_with("The MP4 file has no video track"));
}

#[tokio::test]
async fn damaged_files_are_refused_with_a_reason() {
    let cut = |file: Vec<u8>, bytes: usize| file[..file.len() - bytes].to_vec();
    let jpeg = picture::jpeg(64, 64);
    let arithmetic = [&jpeg[..2], b"\xFF\xC9\0\x0B\x08\0\x10\0\x10\x01\x01\x11\0"].concat();
    let deep = [&jpeg[..2], b"\xFF\xC1\0\x0B\x0C\0\x10\0\x10\x01\x01\x11\0"].concat();
    let no_frame = [&jpeg[..2], b"\xFF\xDA\0\x08\x01\x01\0\0\x3F\0\xFF\xD9"].concat();
    let film = Film::default();
    let head = boxed(b"ftyp", b"isom\0\0\0\0");
    let silent = Film {
        movie_length: 0,
        frames: Vec::new(),
        ..film.clone()
    };
    let huge_index = [head.clone(), b"\x7F\xFF\xFF\xFFmoov".to_vec()].concat();
    let large_index = [head.clone(), boxed(b"moov", &vec![0; (32 << 20) + 1])].concat();
    let overflow = [
        head.clone(),
        b"\0\0\0\x01mdat\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF".to_vec(),
    ];
    let many = [head.clone(), boxed(b"free", &[]).repeat(5000)].concat();
    let no_pixels = [&picture::png(4, 4)[..33], b"\0\0\0\0IEND\xAE\x42\x60\x82"].concat();
    let cases = [
        ("media", vec![], "it is empty"),
        (
            "JPEG",
            jpeg[..3].to_vec(),
            "it is cut off, its end is missing",
        ),
        (
            "JPEG",
            cut(jpeg.clone(), 2),
            "it is cut off, its end is missing",
        ),
        (
            "JPEG",
            jpeg[..100].to_vec(),
            "it is cut off, its end is missing",
        ),
        (
            "JPEG",
            b"\xFF\xD8\xFF\xE0\0\0".to_vec(),
            "a segment has an impossible length",
        ),
        (
            "JPEG",
            b"\xFF\xD8\xFF\xE0\0\x02??".to_vec(),
            "a segment does not start where it should",
        ),
        (
            "JPEG",
            b"\xFF\xD8\xFF"
                .iter()
                .copied()
                .chain([0xFF; 4000])
                .collect(),
            "it has too many segments",
        ),
        (
            "JPEG",
            arithmetic,
            "it is of a rare kind (lossless or arithmetic coding)",
        ),
        ("JPEG", deep, "it has more than 8 bits per channel"),
        ("JPEG", no_frame, "its size in pixels is missing"),
        (
            "PNG",
            cut(picture::png(64, 64), 12),
            "it is cut off, its end is missing",
        ),
        (
            "PNG",
            picture::png(4, 4)[..20].to_vec(),
            "it is cut off, its end is missing",
        ),
        (
            "PNG",
            picture::png_header(0, 5, 8, 2),
            "it has no width or no height",
        ),
        (
            "PNG",
            picture::png_header(5, 5, 8, 5),
            "its kind of colours does not exist",
        ),
        (
            "PNG",
            picture::png_header(u32::MAX, 1, 8, 2),
            "its size in pixels is impossible",
        ),
        ("PNG", no_pixels, "it has no pixels"),
        (
            "GIF",
            picture::gif(30, 30, 1)[..60].to_vec(),
            "it is cut off, its end is missing",
        ),
        (
            "GIF",
            b"GIF89a\x05\0\x05\0\0\0\0;".to_vec(),
            "it has no frame",
        ),
        (
            "GIF",
            b"GIF89a\x05\0\x05\0\0\0\0?".to_vec(),
            "it has a block of an unknown kind",
        ),
        (
            "GIF",
            [
                b"GIF89a\x05\0\x05\0\0\0\0".to_vec(),
                b"!\xFE\0".repeat(3000),
            ]
            .concat(),
            "it has too many blocks before its second frame",
        ),
        (
            "WebP",
            cut(picture::webp(64, 64), 5),
            "it is cut off, its end is missing",
        ),
        (
            "WebP",
            b"RIFF\x0C\0\0\0WEBPJUNK\0\0\0\0".to_vec(),
            "it does not start with a picture",
        ),
        (
            "MP4",
            cut(film.file(), 1),
            "it is cut off, its end is missing",
        ),
        (
            "MP4",
            head.clone(),
            "its index (moov) is missing, the recording or export was not finished",
        ),
        (
            "MP4",
            [head.clone(), vec![0, 0, 0, 3, b'f', b'r', b'e', b'e']].concat(),
            "a box has an impossible length",
        ),
        ("MP4", huge_index, "it is cut off, its end is missing"),
        ("MP4", large_index, "its index (moov) is larger than 32 MiB"),
        (
            "MP4",
            overflow.concat(),
            "it is cut off, its end is missing",
        ),
        ("MP4", many, "it has too many boxes"),
        (
            "MP4",
            [head.clone(), boxed(b"moov", &boxed(b"trak", &[]))].concat(),
            "a part of its index is missing",
        ),
        ("MP4", silent.file(), "it does not tell its length"),
        (
            "MP4",
            Film {
                fragments: Some(0),
                ..silent
            }
            .file(),
            "it consists of fragments and does not tell its length",
        ),
    ];
    for (what, file, reason) in cases {
        let error = probe(&file).await.unwrap_err();
        let expected = format!(
            "The file cannot be read as {what}: {reason}. Export it again and upload the new file."
        );
        assert_eq!(error.message, expected);
        assert_eq!(error.code, ErrorCode::MediaUnreadable);
    }
}

#[tokio::test]
async fn pixel_bombs_and_giants_are_refused() {
    let bombs = [
        picture::png_header(10_001, 10_000, 8, 2),
        picture::png_header(8_000, 8_000, 16, 6),
        Film {
            shown: (20_000, 20_000),
            ..Film::default()
        }
        .file(),
    ];
    for file in bombs {
        assert_eq!(
            probe(&file).await.unwrap_err().code,
            ErrorCode::MediaTooLarge
        );
    }
    assert!(
        probe(&picture::png_header(10_000, 10_000, 8, 6))
            .await
            .is_ok()
    );
    let padded = [picture::png(4, 4), vec![0; 2000]].concat();
    let blobs = stored("file", &padded).await;
    let error = crate::probe(&blobs, "file", MAX_PICTURE_BYTES + 1)
        .await
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::MediaTooLarge);
}

#[tokio::test]
async fn every_prefix_of_a_file_ends_in_an_answer() {
    let files = [
        picture::turned_jpeg(16, 16, 6),
        picture::png(16, 16),
        picture::gif(16, 16, 2),
        picture::webp_extended(0x1A, &[(b"EXIF", picture::exif(6))]),
        Film {
            pixels: 20,
            ..Film::default()
        }
        .file(),
    ];
    for file in files {
        for end in 0..file.len() {
            if let Err(error) = probe(&file[..end]).await {
                let told = [ErrorCode::MediaUnreadable, ErrorCode::MediaTypeUnsupported];
                assert!(told.contains(&error.code), "{end}: {error}");
            }
        }
    }
}

proptest::proptest! {
    /// A flipped byte may change the facts, but never crashes or runs on.
    #[test]
    fn flipped_bytes_end_in_an_answer(kind in 0_usize..5, at in 0.0..1.0_f64, value: u8) {
        let mut file = match kind {
            0 => picture::turned_jpeg(16, 16, 6),
            1 => picture::png_with(b"eXIf", &picture::exif(6)),
            2 => picture::gif(16, 16, 2),
            3 => picture::webp_extended(0x1A, &[(b"EXIF", picture::exif(6))]),
            _ => Film { pixels: 20, ..Film::default() }.file(),
        };
        let at = (at * file.len() as f64) as usize;
        file[at] = value;
        let result = futures::executor::block_on(probe(&file));
        if let Err(error) = result {
            proptest::prop_assert_ne!(error.code, ErrorCode::Internal);
        }
    }
}
