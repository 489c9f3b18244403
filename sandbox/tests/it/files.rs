//! Pictures and films for the networks, and a server to fetch them from.

use std::{collections::HashMap, io::Cursor, sync::Arc};

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    routing::get,
};
use image::{ImageFormat, RgbImage};
use tokio::net::TcpListener;

/// A picture of this size; `shade` makes it differ from others.
pub fn picture(format: ImageFormat, width: u32, height: u32, shade: u8) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    RgbImage::from_pixel(width, height, image::Rgb([shade, 120, 90]))
        .write_to(&mut bytes, format)
        .unwrap();
    bytes.into_inner()
}

/// A JPEG.
pub fn jpeg(width: u32, height: u32) -> Vec<u8> {
    picture(ImageFormat::Jpeg, width, height, 200)
}

/// An MP4 header with as much film as said, and no pictures.
pub fn film(width: u32, height: u32, seconds: u32, fps: u32) -> Vec<u8> {
    let times = [0, 0, 0, 1000, seconds * 1000]
        .map(u32::to_be_bytes)
        .concat();
    let mut track_header = vec![0; 40];
    for number in [
        0x1_0000,
        0,
        0,
        0,
        0x1_0000,
        0,
        0,
        0,
        0x4000_0000,
        width << 16,
        height << 16,
    ] {
        track_header.extend(u32::to_be_bytes(number));
    }
    let frames = [0, 1, seconds * fps, 1000 / fps]
        .map(u32::to_be_bytes)
        .concat();
    let media = [
        piece(b"mdhd", &times),
        piece(b"hdlr", &[&[0; 8], b"vide".as_slice(), &[0; 13]].concat()),
        piece(b"minf", &piece(b"stbl", &piece(b"stts", &frames))),
    ];
    let track = [
        piece(b"tkhd", &track_header),
        piece(b"mdia", &media.concat()),
    ]
    .concat();
    let movie = [piece(b"mvhd", &times), piece(b"trak", &track)].concat();
    [
        piece(b"ftyp", b"isom\0\0\0\0"),
        piece(b"moov", &movie),
        piece(b"mdat", &[7; 2000]),
    ]
    .concat()
}

fn piece(kind: &[u8], body: &[u8]) -> Vec<u8> {
    [(body.len() as u32 + 8).to_be_bytes().as_slice(), kind, body].concat()
}

/// Serves files by name; the address they are under.
pub async fn host(files: &[(&str, Vec<u8>)]) -> String {
    let files: HashMap<String, Vec<u8>> = files
        .iter()
        .map(|(name, bytes)| ((*name).to_owned(), bytes.clone()))
        .collect();
    let app = Router::new()
        .route("/{name}", get(file))
        .with_state(Arc::new(files));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    base
}

async fn file(
    State(files): State<Arc<HashMap<String, Vec<u8>>>>,
    Path(name): Path<String>,
) -> Result<Vec<u8>, StatusCode> {
    files.get(&name).cloned().ok_or(StatusCode::NOT_FOUND)
}
