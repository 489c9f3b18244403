use std::io::Cursor;

use image::{
    DynamicImage, ImageDecoder, ImageError, ImageReader, Limits, RgbaImage, imageops::FilterType,
    metadata::Orientation,
};
use posthaste_core::{
    error::{Error, ErrorCode, Result},
    media::MediaFormat,
};

use super::{Action, PixelRect, Plan, Recipe, encode::Encoder};
use crate::limits::{MAX_DECODED_BYTES, check_pixels};

/// Makes the copy a plan asks for and returns the file's bytes; with nothing to make, `bytes`.
///
/// Blocks while it computes. A copy that is too large for the rule loses quality first (JPEG) and
/// pixels then. Errors: `MediaUnreadable` when the picture cannot be decoded; `MediaTooLarge` when
/// even the smallest copy has too many bytes, or the copy would have too many pixels.
pub fn make(bytes: Vec<u8>, plan: &Plan) -> Result<Vec<u8>> {
    let Action::Make(recipe) = &plan.action else {
        return Ok(bytes);
    };
    check_pixels(recipe.width, recipe.height)?;
    let (mut image, profile) = decode(&bytes, recipe.crop)?;
    drop(bytes);
    let jpeg = recipe.format == MediaFormat::Jpeg;
    if jpeg && let DynamicImage::ImageRgba8(pixels) = &mut image {
        lay_on_white(pixels);
    }
    image = cut(image, recipe.crop, recipe.width, recipe.height);
    if jpeg {
        image = image.into_rgb8().into();
    }
    shrink(image, recipe, &Encoder::new(recipe.format, profile))
}

/// Decodes and turns the picture upright; 8 bits per channel, RGB or RGBA. Beside it the ICC profile.
fn decode(bytes: &[u8], crop: PixelRect) -> Result<(DynamicImage, Option<Vec<u8>>)> {
    let mut limits = Limits::default();
    // The picture itself and a decoder's buffers beside it.
    limits.max_alloc = Some(2 * MAX_DECODED_BYTES);
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(Error::internal)?;
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(unreadable)?;
    let (width, height) = decoder.dimensions();
    check_pixels(width, height)?;
    let profile = decoder.icc_profile().unwrap_or_default();
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let decoded = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
    let mut image = if decoded.color().has_alpha() {
        DynamicImage::ImageRgba8(decoded.into_rgba8())
    } else {
        DynamicImage::ImageRgb8(decoded.into_rgb8())
    };
    image.apply_orientation(orientation);
    if crop.x + crop.width > image.width() || crop.y + crop.height > image.height() {
        return Err(Error::internal("the plan was made for another picture"));
    }
    Ok((image, profile))
}

/// Gives transparent pixels a white ground; done before scaling, so that edges do not fringe.
fn lay_on_white(pixels: &mut RgbaImage) {
    for pixel in pixels.pixels_mut() {
        let [red, green, blue, alpha] = pixel.0;
        let mix = |color: u8| {
            let (color, alpha) = (u32::from(color), u32::from(alpha));
            ((color * alpha + 255 * (255 - alpha) + 127) / 255) as u8
        };
        pixel.0 = [mix(red), mix(green), mix(blue), 255];
    }
}

/// Crops and scales.
fn cut(image: DynamicImage, crop: PixelRect, width: u32, height: u32) -> DynamicImage {
    let whole = PixelRect::whole(image.width(), image.height());
    let part = if crop == whole {
        image
    } else {
        image.crop_imm(crop.x, crop.y, crop.width, crop.height)
    };
    if (part.width(), part.height()) == (width, height) {
        return part;
    }
    part.resize_exact(width, height, FilterType::Lanczos3)
}

/// Encodes with fewer and fewer pixels until the file is small enough.
fn shrink(mut image: DynamicImage, recipe: &Recipe, encoder: &Encoder) -> Result<Vec<u8>> {
    let rule = &recipe.rule;
    loop {
        if let Some(file) = encoder.encode_within(&image, rule.max_bytes)? {
            return Ok(file);
        }
        let whole = PixelRect::whole(image.width(), image.height());
        let fewer = (image.width() * 4 / 5).max(rule.min_width).max(1);
        let (width, height) = recipe.crop.scaled_to(fewer, rule);
        if width >= image.width() {
            return Err(too_large(rule.max_bytes));
        }
        image = cut(image, whole, width, height);
    }
}

fn too_large(max_bytes: u64) -> Error {
    Error::new(
        ErrorCode::MediaTooLarge,
        format!(
            "The network takes at most {max_bytes} bytes, and the smallest copy it allows has more. Use a simpler picture."
        ),
    )
}

fn unreadable(error: ImageError) -> Error {
    let reason = match &error {
        ImageError::Limits(_) => "decoding it would need too much memory",
        ImageError::Unsupported(_) => "it uses a rare variant of its format",
        _ => "its pixels are damaged",
    };
    crate::probe::unreadable("a picture", reason).caused_by(error)
}
