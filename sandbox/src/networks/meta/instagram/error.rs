//! Errors of Instagram's publishing, by subcode.

use super::super::error::GraphError;

/// An error of the table of publishing errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Problem {
    /// -2/2207003.
    SlowDownload,
    /// 24/2207006.
    MediaNotFound,
    /// 24/2207008.
    ContainerNotFound,
    /// 36000/2207004.
    ImageTooLarge,
    /// 36001/2207005.
    ImageFormat,
    /// 36003/2207009.
    Aspect,
    /// 36004/2207010.
    Caption,
    /// 100/2207023.
    MediaType,
    /// 352/2207026.
    VideoFormat,
    /// 9007/2207027.
    NotReady,
    /// 100/2207028.
    Carousel,
    /// 100/2207040.
    Mentions,
    /// 9/2207042.
    Quota,
    /// 9004/2207052.
    Unreachable,
    /// -1/2207053.
    Upload,
    /// 1/2207057.
    ThumbOffset,
}

impl Problem {
    /// Code, subcode and message of the table.
    fn row(self) -> (i64, i64, &'static str) {
        match self {
            Self::SlowDownload => (-2, 2_207_003, "It takes too long to download the media."),
            Self::MediaNotFound => (24, 2_207_006, "The media cannot be found"),
            Self::ContainerNotFound => (
                24,
                2_207_008,
                "The media builder does not exist or has been expired.",
            ),
            Self::ImageTooLarge => (
                36000,
                2_207_004,
                "The image is too large to download. It should be less than 8 MiB.",
            ),
            Self::ImageFormat => (
                36001,
                2_207_005,
                "The image format is not supported. Supported formats: JPEG",
            ),
            Self::Aspect => (
                36003,
                2_207_009,
                "The submitted image with aspect ratio cannot be published. Please submit an image with a valid aspect ratio: 4:5 to 1.91:1",
            ),
            Self::Caption => (
                36004,
                2_207_010,
                "The caption was too long. A caption has at most 2200 characters, 30 hashtags and 20 @ tags",
            ),
            Self::MediaType => (100, 2_207_023, "The media type is unknown"),
            Self::VideoFormat => (
                352,
                2_207_026,
                "The video format is not supported. Please check spec for supported format",
            ),
            Self::NotReady => (
                9007,
                2_207_027,
                "The media is not ready for publishing, please wait for a moment",
            ),
            Self::Carousel => (
                100,
                2_207_028,
                "Your post won't work as a carousel. Carousels need at least 2 photos/videos and no more than 10 photos/videos",
            ),
            Self::Mentions => (100, 2_207_040, "Cannot use more than 20 tags"),
            Self::Quota => (
                9,
                2_207_042,
                "You reached maximum number of posts that is allowed to be published by Content Publishing API.",
            ),
            Self::Unreachable => (
                9004,
                2_207_052,
                "The media could not be fetched from this uri",
            ),
            Self::Upload => (-1, 2_207_053, "unknown upload error"),
            Self::ThumbOffset => (
                1,
                2_207_057,
                "Thumbnail offset must be greater than or equal to 0 and less than video duration",
            ),
        }
    }

    /// The subcode.
    pub fn subcode(self) -> i64 {
        self.row().1
    }
}

impl From<Problem> for GraphError {
    fn from(problem: Problem) -> Self {
        let (code, subcode, message) = problem.row();
        Self::new(code, Some(subcode), message)
    }
}
