//! Where a call to a Meta host goes, and what it is about.

use axum::http::Method;

use super::{
    super::{
        Networks,
        accounts::PERSON_ID,
        call::Call,
        kinds::{Network, Operation},
        module::Class,
        state::State,
        tokens::Bearer,
    },
    Graph, auth,
    error::GraphError,
    facebook, instagram, oauth,
    params::Params,
};

/// A place on the Meta hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// Facebook's consent.
    FacebookDialog,
    /// Instagram's consent.
    InstagramDialog,
    /// A permalink, by post or video id.
    FacebookPage(String),
    /// A permalink, by short code.
    InstagramPage(String),
    /// Instagram Login's code exchange.
    InstagramToken,
    /// Bytes of a video.
    Upload {
        /// Which upload service.
        kind: UploadKind,
        /// Video or container id.
        id: String,
    },
    /// A node or edge.
    Graph {
        /// Which Graph.
        host: GraphHost,
        /// Path after the version.
        path: Vec<String>,
    },
    /// Nothing lives there.
    Unknown,
}

/// Upload services of `rupload.facebook.com`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UploadKind {
    /// Reels and video stories of pages.
    FacebookVideo,
    /// Instagram containers.
    Instagram,
}

/// The two Graphs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GraphHost {
    /// `graph.facebook.com`, also for Instagram accounts linked to pages.
    Facebook,
    /// `graph.instagram.com`, for Instagram Login.
    Instagram,
}

/// Kinds of nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The person.
    Person,
    /// A Facebook page.
    Page,
    /// A page's post.
    Post,
    /// A page's photo.
    Photo,
    /// A page's video.
    Video,
    /// An Instagram account.
    Instagram,
    /// An Instagram container.
    Container,
    /// An Instagram media.
    Media,
}

/// Where a call goes.
pub fn route(call: &Call) -> Route {
    let segments = call.segments();
    let (version, path) = match segments.as_slice() {
        [first, rest @ ..] if is_version(first) => (true, rest),
        all => (false, all),
    };
    let owned = || path.iter().map(|s| (*s).to_owned()).collect();
    match (call.host.as_str(), path) {
        ("www.facebook.com", ["dialog", "oauth"]) => Route::FacebookDialog,
        ("www.facebook.com", [.., id]) if !version => Route::FacebookPage((*id).into()),
        ("www.instagram.com", ["oauth", "authorize"]) => Route::InstagramDialog,
        ("www.instagram.com", ["p" | "reel" | "stories", .., code]) => {
            Route::InstagramPage((*code).into())
        }
        ("api.instagram.com", ["oauth", "access_token"]) => Route::InstagramToken,
        ("rupload.facebook.com", ["video-upload", version, id]) if is_version(version) => {
            Route::Upload {
                kind: UploadKind::FacebookVideo,
                id: (*id).into(),
            }
        }
        ("rupload.facebook.com", ["ig-api-upload", version, id]) if is_version(version) => {
            Route::Upload {
                kind: UploadKind::Instagram,
                id: (*id).into(),
            }
        }
        ("graph.facebook.com" | "graph-video.facebook.com", [_, ..]) => Route::Graph {
            host: GraphHost::Facebook,
            path: owned(),
        },
        ("graph.instagram.com", [_, ..]) => Route::Graph {
            host: GraphHost::Instagram,
            path: owned(),
        },
        _ => Route::Unknown,
    }
}

/// `v20.0` to `v29.0`.
fn is_version(segment: &str) -> bool {
    matches!(
        segment.as_bytes(),
        [b'v', b'2', b'0'..=b'9', b'.', b'0'..=b'9']
    )
}

/// What a call is about.
pub fn classify(state: &State, call: &Call) -> Class {
    let class = |network, operation, account: Option<String>| Class {
        network,
        operation,
        account,
    };
    let token = Params::read(call)
        .ok()
        .and_then(|params| params.token(call));
    let path = match route(call) {
        Route::FacebookDialog => return class(Network::Facebook, Operation::Token, None),
        Route::InstagramDialog | Route::InstagramToken => {
            return class(Network::Instagram, Operation::Token, None);
        }
        Route::FacebookPage(_) | Route::Unknown => {
            return class(Network::Facebook, Operation::Any, None);
        }
        Route::InstagramPage(_) => return class(Network::Instagram, Operation::Any, None),
        Route::Upload { id, .. } => vec![id, "upload".into()],
        Route::Graph { path, .. } => path,
    };
    let me = token
        .as_deref()
        .and_then(|token| state.tokens.account_of(token));
    let id = match path[0].as_str() {
        "me" => me.unwrap_or_else(|| PERSON_ID.into()),
        id => id.into(),
    };
    let edge = path.get(1).map(String::as_str);
    match kind_of(state, &id) {
        Some((kind, account)) => {
            let network = match kind {
                Kind::Instagram | Kind::Container | Kind::Media => Network::Instagram,
                _ => Network::Facebook,
            };
            let account = (kind != Kind::Person).then_some(account);
            class(network, operation(call, kind, edge), account)
        }
        None => class(asking_network(call), Operation::Token, None),
    }
}

/// Which network a token call is for: known by the application or the host.
fn asking_network(call: &Call) -> Network {
    let client = call.query("client_id").or_else(|| call.form("client_id"));
    if call.host == "graph.instagram.com" || client.is_some_and(|c| c.contains("instagram")) {
        Network::Instagram
    } else {
        Network::Facebook
    }
}

fn operation(call: &Call, kind: Kind, edge: Option<&str>) -> Operation {
    let params = Params::read(call).ok();
    let text = |name: &str| params.as_ref().and_then(|p| p.get_text(name));
    let visible = params
        .as_ref()
        .is_none_or(|p| p.flag("published").ok().flatten() != Some(false));
    let publish_if = |yes: bool| {
        if yes {
            Operation::Publish
        } else {
            Operation::Prepare
        }
    };
    match (call.method.as_str(), kind, edge) {
        (_, Kind::Person, Some("permissions")) => Operation::Token,
        ("GET", Kind::Person | Kind::Page | Kind::Instagram, None) | ("GET", Kind::Person, _) => {
            Operation::Accounts
        }
        ("GET", _, Some("insights")) => Operation::Metrics,
        ("GET", ..) => Operation::Lookup,
        ("DELETE", _, None) => Operation::Delete,
        ("POST", Kind::Page, Some("feed" | "photos")) => publish_if(visible),
        ("POST", Kind::Page, Some("photo_stories"))
        | ("POST", Kind::Instagram, Some("media_publish")) => Operation::Publish,
        ("POST", Kind::Page, Some("video_reels" | "video_stories")) => {
            publish_if(text("upload_phase").as_deref() == Some("finish"))
        }
        ("POST", Kind::Page, Some("videos")) => {
            let phase = text("upload_phase");
            publish_if(visible && matches!(phase.as_deref(), None | Some("finish")))
        }
        ("POST", Kind::Post, None) if text("is_published").is_some() => Operation::Publish,
        ("POST", _, Some("upload" | "media")) => Operation::Prepare,
        _ => Operation::Any,
    }
}

/// What an id is, and the account it belongs to.
pub fn kind_of(state: &State, id: &str) -> Option<(Kind, String)> {
    if id == PERSON_ID {
        return Some((Kind::Person, id.into()));
    }
    if state.accounts.get(Network::Facebook, id).is_some() {
        return Some((Kind::Page, id.into()));
    }
    if state.accounts.get(Network::Instagram, id).is_some() {
        return Some((Kind::Instagram, id.into()));
    }
    state
        .meta
        .facebook
        .kind_of(id)
        .or_else(|| state.meta.instagram.kind_of(id))
}

/// Answers a call to the Graph.
pub async fn graph(networks: &Networks, call: &Call, host: GraphHost, path: &[String]) -> Graph {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match (host, path.as_slice()) {
        (GraphHost::Facebook, ["oauth", "access_token"]) => {
            return oauth::facebook_token(networks, call);
        }
        (GraphHost::Facebook, ["debug_token"]) => return oauth::debug_token(networks, call),
        (GraphHost::Instagram, ["access_token"]) => {
            return oauth::instagram_long_lived(networks, call);
        }
        (GraphHost::Instagram, ["refresh_access_token"]) => {
            return oauth::instagram_refresh(networks, call);
        }
        _ => {}
    }
    let bearer = auth::bearer(networks, call, &Params::read(call)?)?;
    let (id, edge) = match path.as_slice() {
        [id] => (*id, None),
        [id, edge] => (*id, Some(*edge)),
        _ => return Err(GraphError::unknown_path(&path.join("/"))),
    };
    login_matches(networks, &bearer, host)?;
    let id = match id {
        "me" => bearer.account.clone().unwrap_or_else(|| PERSON_ID.into()),
        id => id.to_owned(),
    };
    let found = kind_of(&networks.state(), &id);
    let (kind, account) = found.ok_or_else(|| GraphError::no_object(call.method.as_str(), &id))?;
    let at = At {
        networks,
        call,
        bearer,
        id: &id,
        account: &account,
    };
    let instagram = matches!(kind, Kind::Instagram | Kind::Container | Kind::Media);
    match (call.method.clone(), kind, edge) {
        (_, Kind::Person, edge) => oauth::person(&at, edge),
        _ if host == GraphHost::Instagram && !instagram => Err(at.no_object()),
        (Method::GET | Method::POST | Method::DELETE, ..) if instagram => {
            instagram::handle(&at, kind, edge).await
        }
        _ => facebook::handle(&at, kind, edge).await,
    }
}

/// Tokens of Instagram Login work on `graph.instagram.com`, all others on `graph.facebook.com`.
fn login_matches(networks: &Networks, bearer: &Bearer, host: GraphHost) -> Result<(), GraphError> {
    let state = networks.state();
    let account = bearer.account.as_deref();
    let instagram = account.is_some_and(|id| state.accounts.get(Network::Instagram, id).is_some());
    if instagram == (host == GraphHost::Instagram) {
        Ok(())
    } else {
        let text = "Invalid OAuth access token - Cannot parse access token";
        Err(GraphError::new(190, None, text))
    }
}

/// Answers a call to the upload service.
pub async fn upload(networks: &Networks, call: &Call, kind: UploadKind, id: &str) -> Graph {
    let token = call.bearer().ok_or_else(GraphError::no_token)?;
    let bearer = auth::check(networks, token)?;
    let found = kind_of(&networks.state(), id);
    let (node, account) = found.ok_or_else(|| GraphError::no_object("POST", id))?;
    let at = At {
        networks,
        call,
        bearer,
        id,
        account: &account,
    };
    match (kind, node) {
        (UploadKind::FacebookVideo, Kind::Video) => facebook::upload(&at).await,
        (UploadKind::Instagram, Kind::Container) => instagram::upload(&at).await,
        _ => Err(at.no_object()),
    }
}

/// A call to a node or edge with everything needed to answer it.
pub struct At<'a> {
    /// The networks.
    pub networks: &'a Networks,
    /// The call.
    pub call: &'a Call,
    /// Who calls.
    pub bearer: Bearer,
    /// The node.
    pub id: &'a str,
    /// The page or Instagram account it belongs to.
    pub account: &'a str,
}

impl At<'_> {
    /// 100/33 about this node.
    pub fn no_object(&self) -> GraphError {
        GraphError::no_object(self.call.method.as_str(), self.id)
    }
}
