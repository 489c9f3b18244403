use axum::{
    extract::State,
    http::{HeaderName, HeaderValue, header},
    response::{Html, IntoResponse, Response},
};
use posthaste_engine::mail::{self, Read};

use super::{ApiState, Refusal, RequestId, not_found, page};

/// How many mails are shown.
const SHOWN: i64 = 100;

/// The mails that a sandbox sent, newest first; elsewhere there is no such page.
pub async fn show(state: State<ApiState>, id: RequestId) -> Result<Response, Refusal> {
    if !state.app.sandbox {
        return Ok(not_found(state, id).await.into_response());
    }
    let mails = mail::whole_mailbox(&state.app, SHOWN).await;
    let mails = mails.map_err(|error| Refusal::new(&state.app, &id, error))?;
    let list: String = mails.iter().map(shown).collect();
    let body = if list.is_empty() {
        "<h1>Mailbox</h1><p>No mail was written yet.</p>".to_owned()
    } else {
        format!("<h1>Mailbox</h1>{list}")
    };
    let headers: [(HeaderName, HeaderValue); 2] = [
        (header::CONTENT_SECURITY_POLICY, page::CSP.clone()),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, Html(page::page("Mailbox", &body))).into_response())
}

fn shown(mail: &Read) -> String {
    let message = &mail.message;
    let on_its_way = if mail.is_delivered {
        ""
    } else {
        ", on its way"
    };
    format!(
        "<section id=\"{}\"><h2>{}</h2><p>To {}, {}{on_its_way}</p><pre>{}</pre></section>",
        page::escape(&message.id),
        page::escape(&message.subject),
        page::escape(&message.to),
        message.at.format("%Y-%m-%d %H:%M:%S UTC"),
        page::escape(&message.text),
    )
}
