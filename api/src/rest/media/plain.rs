//! Uploads in one request, for `curl --data-binary` and `curl -F`.

use axum::{
    Json,
    body::Body,
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use multer::{Field, Multipart};
use posthaste_core::{Error, ErrorCode, Result, media::MediaFormat};
use posthaste_engine::{
    Actor, App,
    media::{self, Received},
};
use posthaste_store::media::{Media, Status};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::rest::request::{body, cut, first, text};
use futures::{StreamExt, TryStreamExt};

const X_FILE_NAME: HeaderName = HeaderName::from_static("x-file-name");

/// Most bytes of a text field beside the file.
const MAX_TEXT: usize = 16 * 1024;

/// What can be said about a file in the address.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct About {
    /// The file's name; else the header X-File-Name or the name in the form.
    pub file_name: Option<String>,
    /// Description for people who cannot see it.
    pub alt_text: Option<String>,
}

/// A media that was uploaded in one request.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Uploaded {
    /// The id, for posts.
    pub id: String,
    /// READY.
    pub status: &'static str,
    /// The person's file name.
    pub file_name: String,
    /// Size in bytes.
    pub bytes: i64,
    /// The media type by the file's bytes.
    pub content_type: &'static str,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Duration in milliseconds, for videos.
    pub duration_ms: Option<u64>,
    /// Description for people who cannot see it.
    pub alt_text: Option<String>,
    /// A public address of the file that works for two days.
    pub url: String,
}

/// Takes a file that is the request's body.
pub async fn raw(
    app: &App,
    actor: &Actor,
    headers: &HeaderMap,
    about: About,
    bytes: Body,
) -> Result<Response> {
    let content_type = text(headers, &header::CONTENT_TYPE).unwrap_or_default();
    if !["image/", "video/", "application/octet-stream"]
        .iter()
        .any(|kind| content_type.starts_with(kind))
    {
        let message = format!(
            "The body has the content type '{}'. Send a picture or video as image/…, video/… or application/octet-stream (curl: -H 'Content-Type: image/jpeg'), a form as multipart/form-data, or begin a resumable upload with the header Tus-Resumable: 1.0.0.",
            content_type.escape_debug()
        );
        return Err(Error::new(ErrorCode::UnsupportedMediaType, message));
    }
    let named = about
        .file_name
        .as_deref()
        .or_else(|| text(headers, &X_FILE_NAME));
    let name = named.map_or_else(|| default_name(content_type), str::to_owned);
    let received = media::receive(app, actor, body(bytes)).await?;
    keep(app, actor, received, &name, about.alt_text.as_deref()).await
}

fn default_name(content_type: &str) -> String {
    let mime = content_type.split(';').next().unwrap_or_default().trim();
    MediaFormat::from_mime(mime).map_or_else(
        || "upload".to_owned(),
        |format| format!("upload.{}", format.extension()),
    )
}

/// Takes a form with one file, and the text fields `fileName` and `altText` before or after it.
pub async fn form(
    app: &App,
    actor: &Actor,
    boundary: String,
    about: About,
    bytes: Body,
) -> Result<Response> {
    let mut form = Form {
        about,
        received: None,
    };
    let mut parts = Multipart::new(bytes.into_data_stream(), boundary);
    if let Err(error) = form.read(app, actor, &mut parts).await {
        if let Some(received) = form.received {
            media::discard(app, received).await?;
        }
        return Err(error);
    }
    let Form { about, received } = form;
    let received = received.ok_or_else(|| {
        Error::new(
            ErrorCode::InvalidInput,
            "The form has no file (curl: -F file=@picture.jpg).",
        )
        .at(["file"])
    })?;
    let name = about.file_name.as_deref().unwrap_or("upload");
    keep(app, actor, received, name, about.alt_text.as_deref()).await
}

struct Form {
    about: About,
    received: Option<Received>,
}

impl Form {
    async fn read(
        &mut self,
        app: &App,
        actor: &Actor,
        parts: &mut Multipart<'static>,
    ) -> Result<()> {
        while let Some(part) = parts.next_field().await.map_err(malformed)? {
            if part.file_name().is_some() {
                self.take_file(app, actor, part).await?;
                continue;
            }
            match part.name().map(str::to_owned).as_deref() {
                Some("fileName") => {
                    self.about.file_name = Some(short_text(part, "fileName").await?);
                }
                Some("altText") => self.about.alt_text = Some(short_text(part, "altText").await?),
                other => {
                    let message = format!(
                        "The form has a field '{}'; only one file, fileName and altText are known.",
                        other.unwrap_or_default().escape_debug()
                    );
                    return Err(Error::new(ErrorCode::InvalidInput, message));
                }
            }
        }
        Ok(())
    }

    async fn take_file(&mut self, app: &App, actor: &Actor, part: Field<'static>) -> Result<()> {
        if self.received.is_some() {
            let message = "The form has several files. Upload each with a request of its own.";
            return Err(Error::new(ErrorCode::InvalidInput, message).at(["file"]));
        }
        if self.about.file_name.is_none() {
            self.about.file_name = part.file_name().map(str::to_owned);
        }
        self.received = Some(media::receive(app, actor, part.map_err(malformed).boxed()).await?);
        Ok(())
    }
}

async fn short_text(mut part: Field<'static>, name: &str) -> Result<String> {
    let mut bytes = Vec::new();
    while let Some(piece) = part.chunk().await.map_err(malformed)? {
        bytes.extend_from_slice(&piece);
        if bytes.len() > MAX_TEXT {
            let message = format!("The field {name} is longer than {MAX_TEXT} bytes.");
            return Err(Error::new(ErrorCode::PayloadTooLarge, message).at([name]));
        }
    }
    String::from_utf8(bytes).map_err(|_| {
        Error::new(
            ErrorCode::InvalidInput,
            format!("The field {name} is not UTF-8."),
        )
        .at([name])
    })
}

fn malformed(cause: multer::Error) -> Error {
    match cause {
        multer::Error::StreamReadFailed(_)
        | multer::Error::IncompleteFieldData { .. }
        | multer::Error::IncompleteStream => cut(cause),
        _ => Error::new(
            ErrorCode::BadRequest,
            "The body is not a well formed multipart/form-data form.",
        )
        .caused_by(cause),
    }
}

/// Answers 201, or the problem that makes the file unusable.
async fn keep(
    app: &App,
    actor: &Actor,
    received: Received,
    name: &str,
    alt_text: Option<&str>,
) -> Result<Response> {
    let row = media::keep(app, actor, received, name, alt_text)
        .await
        .map_err(first)?;
    let location = media::upload_url(app, row.id);
    Ok((
        StatusCode::CREATED,
        [(header::LOCATION, location)],
        Json(uploaded(app, row)?),
    )
        .into_response())
}

fn uploaded(app: &App, row: Media) -> Result<Uploaded> {
    let Some(facts) = row.facts.filter(|_| row.status == Status::Ready) else {
        let code = row
            .error_code
            .as_deref()
            .and_then(ErrorCode::from_name)
            .unwrap_or(ErrorCode::MediaNotReady);
        return Err(Error::new(
            code,
            row.error_message.unwrap_or_else(|| code.title().to_owned()),
        ));
    };
    Ok(Uploaded {
        id: row.id.to_string(),
        status: row.status.as_str(),
        file_name: row.file_name,
        bytes: row.bytes,
        content_type: facts.format.mime(),
        width: facts.width,
        height: facts.height,
        duration_ms: facts.duration_ms,
        alt_text: row.alt_text,
        url: media::signed_url(app, row.id, media::ORIGINAL, facts.format),
    })
}
