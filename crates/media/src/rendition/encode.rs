use image::{
    DynamicImage, ImageEncoder,
    codecs::{jpeg::JpegEncoder, png::PngEncoder},
};
use posthaste_core::{
    error::{Error, Result},
    media::MediaFormat,
};

/// JPEG qualities tried one after the other.
const QUALITIES: [u8; 4] = [90, 80, 70, 60];

/// Writes pictures in one format, with the colour profile of the original.
pub(super) struct Encoder {
    format: MediaFormat,
    profile: Option<Vec<u8>>,
}

impl Encoder {
    pub(super) fn new(format: MediaFormat, profile: Option<Vec<u8>>) -> Self {
        Self {
            format,
            profile: profile.filter(|profile| is_rgb(profile)),
        }
    }

    /// The picture (without alpha for JPEG) in the best quality that needs at most `max_bytes`, if there is one.
    pub(super) fn encode_within(
        &self,
        image: &DynamicImage,
        max_bytes: u64,
    ) -> Result<Option<Vec<u8>>> {
        if self.format == MediaFormat::Png {
            let file = self.png(image)?;
            return Ok(Some(file).filter(|file| file.len() as u64 <= max_bytes));
        }
        for quality in QUALITIES {
            let file = self.jpeg(image, quality)?;
            if file.len() as u64 <= max_bytes {
                return Ok(Some(file));
            }
        }
        Ok(None)
    }

    fn png(&self, image: &DynamicImage) -> Result<Vec<u8>> {
        let mut file = Vec::new();
        self.write(image, PngEncoder::new(&mut file))?;
        Ok(file)
    }

    fn jpeg(&self, image: &DynamicImage, quality: u8) -> Result<Vec<u8>> {
        let mut file = Vec::new();
        self.write(image, JpegEncoder::new_with_quality(&mut file, quality))?;
        Ok(file)
    }

    fn write(&self, image: &DynamicImage, mut encoder: impl ImageEncoder) -> Result<()> {
        if let Some(profile) = &self.profile {
            encoder
                .set_icc_profile(profile.clone())
                .map_err(Error::internal)?;
        }
        image.write_with_encoder(encoder).map_err(Error::internal)
    }
}

/// Whether an ICC profile describes RGB (ICC.1, 7.2.6); pictures in CMYK or grey become RGB here,
/// and their profile would give wrong colours.
fn is_rgb(profile: &[u8]) -> bool {
    profile.get(16..20) == Some(b"RGB ")
}
