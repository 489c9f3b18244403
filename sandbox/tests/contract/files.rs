//! Pictures and videos made for the tests, and the server from which networks fetch them.

use std::{
    collections::HashMap,
    io::Cursor,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use futures::{StreamExt, stream};
use image::{ImageFormat, Rgb, RgbImage};
use posthaste_core::{
    connector::{MediaSource, RenditionMedia},
    media::{MediaFacts, MediaFormat},
    ports::{Blobs, MemoryBlobs},
};
use tokio::net::TcpListener;

type Served = Arc<Mutex<HashMap<String, (MediaFormat, Bytes)>>>;

/// Files that can be uploaded and fetched.
pub struct Files {
    base: String,
    served: Served,
    blobs: Arc<MemoryBlobs>,
}

impl Files {
    /// Starts the server.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let served = Served::default();
        let app = Router::new()
            .route("/{name}", get(serve))
            .with_state(served.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self {
            base,
            served,
            blobs: Arc::default(),
        }
    }

    /// A picture of one colour.
    pub async fn picture(&self, format: MediaFormat, width: u32, height: u32) -> RenditionMedia {
        let kind = match format {
            MediaFormat::Png => ImageFormat::Png,
            MediaFormat::Gif => ImageFormat::Gif,
            MediaFormat::Webp => ImageFormat::WebP,
            _ => ImageFormat::Jpeg,
        };
        let shade = (self.served.lock().unwrap().len() * 40 % 256) as u8;
        let mut bytes = Cursor::new(Vec::new());
        RgbImage::from_pixel(width, height, Rgb([200, shade, 90]))
            .write_to(&mut bytes, kind)
            .unwrap();
        self.add(facts(format, width, height), bytes.into_inner())
            .await
    }

    /// A silent video.
    pub async fn video(
        &self,
        width: u16,
        height: u16,
        seconds: u32,
        frame_rate: u32,
    ) -> RenditionMedia {
        let bytes = video(width, height, seconds, frame_rate);
        let facts = MediaFacts {
            duration_ms: Some(u64::from(seconds) * 1000),
            frame_rate: Some(frame_rate.into()),
            ..facts(MediaFormat::Mp4, width.into(), height.into())
        };
        self.add(facts, bytes).await
    }

    /// The same file with `bytes` more at its end.
    pub async fn padded(&self, media: &RenditionMedia, bytes: usize) -> RenditionMedia {
        let mut whole = self.served.lock().unwrap()[&media.source.key].1.to_vec();
        whole.resize(whole.len() + bytes, 0);
        self.add(media.facts.clone(), whole).await
    }

    async fn add(&self, mut facts: MediaFacts, bytes: Vec<u8>) -> RenditionMedia {
        let bytes = Bytes::from(bytes);
        facts.bytes = bytes.len() as u64;
        let number = self.served.lock().unwrap().len();
        let key = format!("{number}.{}", facts.format.extension());
        let whole = stream::iter([Ok(bytes.clone())]).boxed();
        self.blobs.put(&key, whole).await.unwrap();
        let file = (facts.format, bytes);
        self.served.lock().unwrap().insert(key.clone(), file);
        RenditionMedia {
            facts,
            alt_text: None,
            url: format!("{}/{key}", self.base),
            source: MediaSource {
                blobs: self.blobs.clone(),
                key,
            },
        }
    }
}

async fn serve(State(served): State<Served>, Path(name): Path<String>) -> Response {
    match served.lock().unwrap().get(&name) {
        Some((format, bytes)) => {
            let kind = [(header::CONTENT_TYPE, format.mime())];
            (kind, bytes.clone()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn facts(format: MediaFormat, width: u32, height: u32) -> MediaFacts {
    MediaFacts {
        format,
        bytes: 0,
        width,
        height,
        duration_ms: None,
        frame_rate: None,
        animated: false,
        alpha: false,
    }
}

/// Units of time in a second, in the video's index.
const TIMESCALE: u32 = 30_000;
/// Bytes of one frame.
const FRAME: u32 = 4;

/// An MP4 file (ISO/IEC 14496-12) with one track of pictures, whose frames are empty.
fn video(width: u16, height: u16, seconds: u32, frame_rate: u32) -> Vec<u8> {
    let frames = seconds * frame_rate;
    let length = seconds * TIMESCALE;
    let head = boxed(*b"ftyp", &[b"isom".as_slice(), &[0; 4], b"isom"].concat());
    let sizes = (u32::from(width) << 16, u32::from(height) << 16);
    let mut movie = numbers(&[0, 0, 0, TIMESCALE, length, 0x1_0000, 0x0100_0000, 0, 0]);
    movie.extend(numbers(&MATRIX));
    movie.extend(numbers(&[0, 0, 0, 0, 0, 0, 2]));
    let mut track = numbers(&[3, 0, 0, 1, 0, length, 0, 0, 0, 0]);
    track.extend(numbers(&MATRIX));
    track.extend(numbers(&[sizes.0, sizes.1]));
    let media = [
        boxed(*b"mdhd", &numbers(&[0, 0, 0, TIMESCALE, length, 0])),
        boxed(*b"hdlr", &[[0; 8].as_slice(), b"vide", &[0; 13]].concat()),
        boxed(*b"minf", &information(width, height, frames, frame_rate)),
    ];
    let track = [boxed(*b"tkhd", &track), boxed(*b"mdia", &media.concat())];
    let index = [boxed(*b"mvhd", &movie), boxed(*b"trak", &track.concat())];
    let data = boxed(*b"mdat", &vec![0; (frames * FRAME) as usize]);
    [head, boxed(*b"moov", &index.concat()), data].concat()
}

const MATRIX: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

fn information(width: u16, height: u16, frames: u32, frame_rate: u32) -> Vec<u8> {
    let reference = boxed(*b"url ", &numbers(&[1]));
    let reference = boxed(*b"dref", &[numbers(&[0, 1]), reference].concat());
    let mut entry = vec![0; 24];
    entry[7] = 1;
    entry.extend(width.to_be_bytes());
    entry.extend(height.to_be_bytes());
    entry.extend(numbers(&[0x0048_0000, 0x0048_0000, 0]));
    entry.extend([0, 1]);
    entry.extend([0; 32]);
    entry.extend([0, 24, 0xFF, 0xFF]);
    entry.extend(boxed(*b"avcC", &[1, 0x42, 0, 0x1E, 0xFF, 0xE0, 0]));
    let entry = boxed(*b"avc1", &entry);
    let table = [
        boxed(*b"stsd", &[numbers(&[0, 1]), entry].concat()),
        boxed(*b"stts", &numbers(&[0, 1, frames, TIMESCALE / frame_rate])),
        boxed(*b"stsc", &numbers(&[0, 1, 1, frames, 1])),
        boxed(*b"stsz", &numbers(&[0, FRAME, frames])),
        boxed(*b"stco", &numbers(&[0, 1, 0])),
    ];
    [
        boxed(*b"vmhd", &numbers(&[1, 0, 0])),
        boxed(*b"dinf", &reference),
        boxed(*b"stbl", &table.concat()),
    ]
    .concat()
}

fn boxed(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
    let mut bytes = (body.len() as u32 + 8).to_be_bytes().to_vec();
    bytes.extend(kind);
    bytes.extend(body);
    bytes
}

fn numbers(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|n| n.to_be_bytes()).collect()
}
