use posthaste_core::{Error, ErrorCode, Result};
use url::{Host, Url};
use webauthn_rs::{Webauthn, WebauthnBuilder};

use crate::App;

/// The server as authenticators know it: by the host of its public URL, which passkeys are bound to. Browsers take a name there
/// and no address; this machine's own addresses have one.
pub(super) fn party(app: &App) -> Result<Webauthn> {
    let mut origin =
        Url::parse(&app.public_url).map_err(|error| Error::internal(error.to_string()))?;
    let is_own = match origin.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    };
    if is_own {
        origin
            .set_host(Some("localhost"))
            .map_err(|error| Error::internal(error.to_string()))?;
    }
    let Some(Host::Domain(name)) = origin.host() else {
        let message = "Passkeys need a name: this server's public URL has an address in its place.";
        return Err(Error::new(ErrorCode::InvalidState, message));
    };
    let name = name.to_owned();
    let built = WebauthnBuilder::new(&name, &origin).and_then(|it| it.rp_name("Posthaste").build());
    built.map_err(|error| Error::internal(error.to_string()))
}
