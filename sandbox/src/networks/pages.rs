//! HTML that people see: permalinks and small notices.

use super::{
    log::{Post, PostMedia},
    text::escape,
};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f2f3f5;color:#1c1e21}\
main{max-width:34rem;margin:2rem auto;padding:1.5rem;background:#fff;border-radius:12px;\
box-shadow:0 1px 3px #0002}h1{font-size:1.2rem;margin:0 0 .5rem}img,video{max-width:100%;\
border-radius:8px}p{white-space:pre-wrap;overflow-wrap:anywhere}small{color:#606770}\
label{display:block;padding:.6rem;border:1px solid #ddd;border-radius:8px;margin:.4rem 0}\
button{font:inherit;padding:.6rem 1.4rem;border-radius:8px;border:1px solid #ccc;background:#fff;\
margin:.5rem .5rem 0 0;cursor:pointer}button[value=allow]{background:#1b5fd0;border-color:#1b5fd0;\
color:#fff}@media(max-width:40rem){main{margin:0;border-radius:0}}";

/// A page.
pub fn page(title: &str, main: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>{}</title><style>{STYLE}</style></head><body><main>{main}</main></body></html>",
        escape(title)
    )
}

/// A page with one sentence.
pub fn notice(title: &str, text: &str) -> String {
    page(
        title,
        &format!("<h1>{}</h1><p>{}</p>", escape(title), escape(text)),
    )
}

/// The permalink of a post.
pub fn post(post: &Post) -> String {
    let optional = |text: &Option<String>, show: fn(String) -> String| {
        text.as_deref().map(escape).map(show).unwrap_or_default()
    };
    let link = |url: String| format!("<p><a href=\"{url}\" rel=\"nofollow\">{url}</a></p>");
    let main = [
        format!(
            "<h1>{} <small>@{} on {}</small></h1>",
            escape(&post.account.name),
            escape(&post.account.username),
            post.network.title()
        ),
        optional(&post.title, |title| format!("<h2>{title}</h2>")),
        optional(&post.text, |text| format!("<p>{text}</p>")),
        post.media.iter().map(picture).collect(),
        optional(&post.link, link),
        format!(
            "<p><small>{} · <time>{}</time></small></p>",
            escape(&post.kind),
            post.accepted_at.to_rfc3339()
        ),
    ];
    page(
        &format!("{} on {}", post.account.name, post.network.title()),
        &main.concat(),
    )
}

fn picture(media: &PostMedia) -> String {
    let alt = escape(media.alt_text.as_deref().unwrap_or_default());
    let url = escape(&media.url);
    if media.kind == "video" {
        format!("<video src=\"{url}\" controls aria-label=\"{alt}\"></video>")
    } else {
        format!("<img src=\"{url}\" alt=\"{alt}\">")
    }
}
