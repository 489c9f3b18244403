//! The person's node: name, pages with their tokens, permissions.

use axum::http::Method;
use serde_json::{Value, json};

use super::{
    super::{
        super::{
            Networks,
            accounts::{Account, PERSON_ID, PERSON_NAME},
            answer::Answer,
            kinds::Network,
            tokens::Bearer,
        },
        Graph, auth,
        error::GraphError,
        fields, params,
        route::At,
        success,
    },
    EAA,
};

/// Fields of a page that a person lists.
const PAGE_FIELDS: [&str; 9] = [
    "id",
    "name",
    "username",
    "access_token",
    "tasks",
    "category",
    "picture",
    "link",
    "instagram_business_account",
];

/// Answers calls to the person's node and edges; only her own tokens reach it.
pub fn person(at: &At<'_>, edge: Option<&str>) -> Graph {
    if at.bearer.account.is_some() {
        return Err(at.no_object());
    }
    match (at.call.method.clone(), edge) {
        (Method::GET, None) => me(at),
        (Method::GET, Some("accounts")) => accounts(at),
        (Method::GET, Some("businesses")) => {
            auth::scope(&at.bearer, "business_management")?;
            Ok(Answer::json(200, &json!({ "data": [] })))
        }
        (Method::GET, Some("permissions")) => Ok(permissions(at)),
        (Method::DELETE, Some("permissions")) => revoke(at),
        _ => Err(at.no_object()),
    }
}

fn me(at: &At<'_>) -> Graph {
    let params = params(at.call, &[])?;
    let node = json!({ "id": PERSON_ID, "name": PERSON_NAME, "first_name": "Ada" });
    let known = ["id", "name", "first_name", "picture", "email"];
    let wanted = params.text("fields")?;
    fields::select(&node, "User", &known, &["name", "id"], wanted.as_deref())
        .map(|node| Answer::json(200, &node))
}

/// The chosen pages; those of a chosen Instagram account count as chosen.
fn accounts(at: &At<'_>) -> Graph {
    auth::scope(&at.bearer, "pages_show_list")?;
    let params = params(at.call, &["limit", "after", "before"])?;
    let limit = params.number("limit")?.unwrap_or(25).clamp(1, 100) as usize;
    let after = params.text("after")?;
    let wanted = params.text("fields")?;
    let pages: Vec<Account> = at
        .networks
        .state()
        .accounts
        .of(Network::Facebook)
        .filter(|page| at.bearer.covers(&page.id))
        .cloned()
        .collect();
    let start = after
        .and_then(|after| pages.iter().position(|page| page.id == after))
        .map_or(0, |position| position + 1);
    let shown = &pages[start..pages.len().min(start + limit)];
    let default = ["access_token", "category", "name", "id", "tasks"];
    let data = shown
        .iter()
        .map(|page| {
            let node = page_node(at.networks, page, Some(page_token(at, page)));
            fields::select(&node, "Page", &PAGE_FIELDS, &default, wanted.as_deref())
        })
        .collect::<Result<Vec<_>, _>>()?;
    let mut body = json!({ "data": data });
    if let (Some(first), Some(last)) = (shown.first(), shown.last()) {
        body["paging"] = json!({ "cursors": { "before": first.id, "after": last.id } });
        if start + limit < pages.len() {
            let query = format!("v26.0/me/accounts?limit={limit}&after={}", last.id);
            body["paging"]["next"] = at.networks.url("graph.facebook.com", &query).into();
        }
    }
    Ok(Answer::json(200, &body))
}

/// A page token: without end when the person's token is long-lived.
fn page_token(at: &At<'_>, page: &Account) -> String {
    let now = at.networks.now();
    let Bearer {
        grant_id,
        issued_at,
        expires_at,
        ..
    } = &at.bearer;
    let short = expires_at.filter(|end| *end - *issued_at <= super::SHORT);
    let life = short.map(|end| end - now);
    let account = Some(page.id.clone());
    at.networks
        .state()
        .tokens
        .add_access(EAA, *grant_id, account, now, life)
}

/// A page as the Graph shows it.
pub fn page_node(networks: &Networks, page: &Account, token: Option<String>) -> Value {
    let avatar = networks.public_url().to_owned() + "/avatars/FACEBOOK/" + &page.id;
    json!({
        "id": page.id,
        "name": page.name,
        "username": page.username,
        "access_token": token,
        "category": "Local business",
        "tasks": ["ADVERTISE", "ANALYZE", "CREATE_CONTENT", "MESSAGING", "MODERATE", "MANAGE"],
        "picture": { "data": {
            "height": 200, "width": 200, "is_silhouette": false, "url": avatar,
        } },
        "link": networks.url("www.facebook.com", &page.username),
        "instagram_business_account": page.linked.as_ref().map(|id| json!({ "id": id })),
    })
}

fn permissions(at: &At<'_>) -> Answer {
    let granted = at.bearer.grant.scopes.iter();
    let data: Vec<_> = granted
        .map(|scope| json!({ "permission": scope, "status": "granted" }))
        .collect();
    Answer::json(200, &json!({ "data": data }))
}

/// `DELETE /{user}/permissions`: the person takes everything back.
fn revoke(at: &At<'_>) -> Graph {
    let mut state = at.networks.state();
    let grant = state.tokens.grant_mut(at.bearer.grant_id);
    grant
        .ok_or_else(|| GraphError::no_object("DELETE", PERSON_ID))?
        .revoked = true;
    Ok(success())
}
