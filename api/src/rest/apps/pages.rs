//! The pages that a person sees whom an app asks. Plain HTML: nothing in them runs.

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use posthaste_core::{Error, access::Permission};
use posthaste_engine::oauth::{Place, Request};
use posthaste_store::connection::Connection;
use url::Url;

use super::{
    super::page::{self, escape},
    AUTHORIZE, SIGN_IN,
};

/// What each form carries beside its fields.
pub struct Bound<'a> {
    /// What the app asked for, as it came.
    pub request: &'a str,
    /// What binds the form to this browser.
    pub seal: &'a str,
}

impl Bound<'_> {
    fn fields(&self) -> String {
        format!(
            "<input type=\"hidden\" name=\"request\" value=\"{}\"><input type=\"hidden\" name=\"seal\" value=\"{}\">",
            escape(self.request),
            escape(self.seal)
        )
    }
}

/// Tells a person why they are not asked.
pub fn refused(error: &Error) -> Response {
    let body = format!(
        "<h1>This cannot go on</h1><p>{}</p><p>{}</p><p>Nothing was given to anybody. Go back to the app, or tell its author.</p>",
        escape(&error.message),
        escape(error.code.advice()),
    );
    let status = StatusCode::from_u16(error.code.http_status());
    let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    shown(status, "This cannot go on", &body, &[])
}

/// Asks who the person is; again with what was wrong.
pub fn sign_in(asked: &Request, bound: &Bound<'_>, wrong: Option<&Error>) -> Response {
    let told = wrong.map(|error| {
        format!(
            "<p role=\"alert\"><strong>{}</strong></p>",
            escape(&error.message)
        )
    });
    let body = format!(
        "<h1>Sign in</h1><p>{} wants to work for you here.</p>{}<form method=\"post\" action=\"{SIGN_IN}\">{}\
         <p><label>E-mail<br><input name=\"email\" type=\"email\" autocomplete=\"username\" required></label></p>\
         <p><label>Password<br><input name=\"password\" type=\"password\" autocomplete=\"current-password\" required></label></p>\
         <p><label>Code of your authenticator app, or a recovery code, if you have one<br>\
         <input name=\"code\" autocomplete=\"one-time-code\"></label></p>\
         <p><button>Sign in</button></p></form>",
        named(asked),
        told.unwrap_or_default(),
        bound.fields(),
    );
    let status = wrong.map_or(StatusCode::OK, |error| {
        StatusCode::from_u16(error.code.http_status()).unwrap_or(StatusCode::BAD_REQUEST)
    });
    shown(status, "Sign in", &body, &["'self'".to_owned()])
}

/// Asks whether an app may do what it wants.
pub fn consent(
    asked: &Request,
    bound: &Bound<'_>,
    who: &str,
    places: &[Place],
    chosen: &Place,
    connections: &[Connection],
) -> Response {
    let body = format!(
        "<h1>{} wants to work for you</h1><p>It was registered by {}. You are signed in as {}. Answers go to <code>{}</code>.</p>{}\
         <form method=\"post\" action=\"{AUTHORIZE}\">{}<input type=\"hidden\" name=\"workspace\" value=\"{}\">\
         <h2>In {} it may</h2><ul>{}</ul>{}\
         <p>Never more than you may yourself at the time. It can make no keys and not hand the workspace over, and you can end it at any time.</p>\
         <p><button name=\"decision\" value=\"allow\">Allow</button> <button name=\"decision\" value=\"deny\">Do not allow</button></p></form>",
        named(asked),
        escape(&asked.publisher),
        escape(who),
        escape(&asked.redirect_uri),
        others(bound, places, chosen),
        bound.fields(),
        chosen.workspace,
        escape(&chosen.name),
        chosen.permissions.iter().map(allowed).collect::<String>(),
        limits(connections),
    );
    // Browsers judge where the answer to a form leads, too.
    let targets = ["'self'".to_owned(), target(&asked.redirect_uri)];
    shown(StatusCode::OK, "Let an app work for you", &body, &targets)
}

fn named(asked: &Request) -> String {
    escape(&asked.app.name)
}

fn allowed(permission: Permission) -> String {
    format!(
        "<li>{} <small>({})</small></li>",
        escape(permission.title()),
        permission.as_str()
    )
}

/// The way to another workspace of the person.
fn others(bound: &Bound<'_>, places: &[Place], chosen: &Place) -> String {
    if places.len() < 2 {
        return String::new();
    }
    let option = |place: &Place| {
        let selected = if place.workspace == chosen.workspace {
            " selected"
        } else {
            ""
        };
        format!(
            "<option value=\"{}\"{selected}>{}</option>",
            place.workspace,
            escape(&place.name)
        )
    };
    let options: String = places.iter().map(option).collect();
    format!(
        "<form method=\"post\" action=\"{AUTHORIZE}\">{}<p><label>Workspace <select name=\"workspace\">{options}</select></label> \
         <button name=\"decision\" value=\"elsewhere\">Choose</button></p></form>",
        bound.fields()
    )
}

/// The way to some accounts only.
fn limits(connections: &[Connection]) -> String {
    if connections.is_empty() {
        return String::new();
    }
    let each = connections.iter().map(|row| {
        format!(
            "<p><label><input type=\"checkbox\" name=\"connection\" value=\"{}\"> {} ({})</label></p>",
            row.id,
            escape(&row.name),
            row.network
        )
    });
    let each: String = each.collect();
    format!(
        "<h2>With which accounts</h2><p>Tick some to let it deal with those alone. With none ticked it deals with all.</p>{each}"
    )
}

/// How a policy names where an app is answered.
fn target(redirect_uri: &str) -> String {
    let Ok(url) = Url::parse(redirect_uri) else {
        return "'self'".to_owned();
    };
    match url.host() {
        // A policy knows no addresses of IPv6.
        Some(url::Host::Ipv6(_)) | None => format!("{}:", url.scheme()),
        Some(_) => url.origin().ascii_serialization(),
    }
}

fn shown(status: StatusCode, title: &str, body: &str, forms: &[String]) -> Response {
    let headers: [(HeaderName, HeaderValue); 3] = [
        (header::CONTENT_SECURITY_POLICY, page::with_forms(forms)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // Without it browsers would not say where a form of this page comes from.
        (
            header::REFERRER_POLICY,
            HeaderValue::from_static("same-origin"),
        ),
    ];
    (status, headers, Html(page::page(title, body))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_may_lead_to_where_the_app_is_answered() {
        for (address, expected) in [
            ("https://app.example/back?x", "https://app.example"),
            ("http://127.0.0.1:5100/back", "http://127.0.0.1:5100"),
            ("http://[::1]:5100/back", "http:"),
            ("com.example.app:/back", "com.example.app:"),
        ] {
            assert_eq!(target(address), expected);
        }
    }
}
