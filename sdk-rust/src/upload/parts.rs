//! Bytes in parts, by tus 1.0.0.

use std::{
    fmt,
    io::SeekFrom,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use reqwest::{
    Method, StatusCode,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncSeekExt},
};
use url::Url;

use super::Progress;
use crate::{
    client::Client,
    error::{Error, Result},
    transport::{self, Received, Request, pause},
};

/// Bytes in one part when nothing is said.
const PART: u64 = 4 * 1024 * 1024;
const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");

type Listener = Box<dyn FnMut(Progress) + Send + Sync>;

/// Where the bytes come from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    File(PathBuf),
    Bytes(Bytes),
}

/// A file, and how it is cut.
pub(super) struct Parts {
    pub client: Client,
    pub source: Source,
    pub size: u64,
    pub listener: Option<Listener>,
}

impl Parts {
    pub fn new(client: Client, source: Source) -> Self {
        Self {
            client,
            source,
            size: PART,
            listener: None,
        }
    }

    /// Sends what the server has not yet. A broken connection costs one part.
    pub async fn send(&mut self, url: &Url) -> Result<()> {
        let total = self.source.len().await?;
        let mut tries = 0;
        let mut sent = self.arrived(url).await?;
        loop {
            if let Some(listener) = &mut self.listener {
                listener(Progress { sent, total });
            }
            if sent >= total {
                return Ok(());
            }
            let part = self.source.read(sent, self.size.min(total - sent)).await?;
            match self.append(url, sent, part, tries).await {
                Ok(end) => (sent, tries) = (end, 0),
                Err(error) => {
                    pause(&self.client.parts.retry, &mut tries, "upload", error).await?;
                    sent = self.arrived(url).await?;
                }
            }
        }
    }

    /// Sends one part; where the next one starts.
    async fn append(&self, url: &Url, from: u64, part: Bytes, tries: u32) -> Result<u64> {
        let mut headers = tus();
        headers.insert(UPLOAD_OFFSET, HeaderValue::from(from));
        let kind = HeaderValue::from_static("application/offset+octet-stream");
        headers.insert(CONTENT_TYPE, kind);
        let request = Request {
            method: Method::PATCH,
            url: url.clone(),
            headers,
            body: part,
            timeout: Some(self.client.parts.timeout * 10),
            what: "upload",
        };
        let received = transport::send_once(&self.client, &request, tries).await?;
        offset(&received, StatusCode::NO_CONTENT)
    }

    /// How many bytes the server has.
    async fn arrived(&self, url: &Url) -> Result<u64> {
        let request = Request {
            method: Method::HEAD,
            url: url.clone(),
            headers: tus(),
            body: Bytes::new(),
            timeout: Some(self.client.parts.timeout),
            what: "upload offset",
        };
        let mut tries = 0;
        loop {
            let answer = match transport::send_once(&self.client, &request, tries).await {
                Ok(received) => offset(&received, StatusCode::OK),
                Err(error) => Err(error),
            };
            match answer {
                Ok(offset) => return Ok(offset),
                Err(error) => {
                    pause(&self.client.parts.retry, &mut tries, request.what, error).await?;
                }
            }
        }
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl Source {
    pub async fn len(&self) -> Result<u64> {
        match self {
            Self::Bytes(bytes) => Ok(bytes.len() as u64),
            Self::File(path) => {
                let found = tokio::fs::metadata(path).await;
                Ok(found.map_err(|error| unreadable(path, &error))?.len())
            }
        }
    }

    async fn read(&self, from: u64, length: u64) -> Result<Bytes> {
        match self {
            Self::Bytes(bytes) => Ok(bytes.slice(from as usize..(from + length) as usize)),
            Self::File(path) => {
                let read = async {
                    let mut file = File::open(path).await?;
                    file.seek(SeekFrom::Start(from)).await?;
                    let mut part = vec![0; length as usize];
                    file.read_exact(&mut part).await?;
                    Ok(Bytes::from(part))
                };
                read.await.map_err(|error| unreadable(path, &error))
            }
        }
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::Setup(format!("{} cannot be read: {error}", path.display()))
}

fn tus() -> HeaderMap {
    HeaderMap::from_iter([(TUS_RESUMABLE, HeaderValue::from_static("1.0.0"))])
}

fn offset(received: &Received, expected: StatusCode) -> Result<u64> {
    if received.status != expected {
        return Err(received.refusal());
    }
    let value = received.headers.get(UPLOAD_OFFSET);
    value
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .ok_or_else(|| Error::unexpected("there is no offset", received.request_id.as_deref()))
}
