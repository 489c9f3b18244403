//! What apps of others may register and ask for (OAuth 2.1): redirect addresses and scopes.

use url::{Host, Url};

use crate::{
    Error, ErrorCode, Result,
    access::{Permission, PermissionSet},
};

/// What people can let an app do: all but handing the workspace over and making keys, which would outlive it.
pub const GRANTABLE: PermissionSet = PermissionSet::ALL.without(PermissionSet::of(&[
    Permission::OwnWorkspace,
    Permission::ManageKeys,
]));

/// Longest redirect address.
const LONGEST: usize = 2000;

/// A scope as it is written: names of permissions, with a space between two.
pub fn scope(permissions: PermissionSet) -> String {
    permissions.names().join(" ")
}

/// What a scope asks for. None when there is a name in it that nobody can be asked for. Whoever asks for anything
/// asks to read.
pub fn permissions(scope: &str) -> Option<PermissionSet> {
    let mut asked = PermissionSet::of(&[Permission::Read]);
    for name in scope.split(' ').filter(|name| !name.is_empty()) {
        let one = PermissionSet::of(&[Permission::from_name(name)?]);
        if !GRANTABLE.covers(one) {
            return None;
        }
        asked = asked.either(one);
    }
    Some(asked)
}

/// Refuses an address that no app may be answered at: `https`, or for programs on the person's own machine `http` on
/// loopback (RFC 8252, 7.3) and schemes of their own (7.1), those for public apps only.
pub fn check_redirect(address: &str, is_confidential: bool) -> Result<()> {
    let refused = |message: &str| Err(Error::new(ErrorCode::InvalidInput, message));
    let Ok(url) = Url::parse(address) else {
        return refused("This is no address.");
    };
    let is_plain = address.len() <= LONGEST && address.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_plain
        || url.fragment().is_some()
        || address.contains(['*', '\\', '"', '\'', ';', ',', '<', '>'])
    {
        return refused(
            "An address has at most 2000 visible ASCII characters, no fragment and no wildcard.",
        );
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refused("An address names no user.");
    }
    match url.scheme() {
        "https" if url.host().is_some() => Ok(()),
        "http" if is_loopback(&url) => Ok(()),
        "http" => {
            refused("Without TLS only loopback is taken: http://127.0.0.1/… or http://[::1]/…")
        }
        // A name that its author owns, turned around: none that browsers or other programs give a meaning.
        own if own.contains('.') && !is_confidential && is_private(&url) => Ok(()),
        _ => refused(
            "An address begins with https://, or for public apps with a scheme like com.example.app:/",
        ),
    }
}

fn is_private(url: &Url) -> bool {
    // "com.example.app:/back", without a host that could be mistaken for one.
    url.cannot_be_a_base() || url.host_str().is_none_or(str::is_empty)
}

/// Whether it is this machine, by its number: a name could lead elsewhere.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    }
}

/// Whether an address is the registered one: letter by letter, but for the port on loopback, which a program
/// learns when it starts (RFC 8252, 7.3).
pub fn is_redirect(registered: &str, asked: &str) -> bool {
    if registered == asked {
        return true;
    }
    let (Ok(known), Ok(mut given)) = (Url::parse(registered), Url::parse(asked)) else {
        return false;
    };
    if known.scheme() != "http" || !is_loopback(&known) || asked.len() > LONGEST {
        return false;
    }
    // Written as it is read, so that no other spelling passes.
    given.as_str() == asked && given.set_port(known.port()).is_ok() && given == known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_names_of_what_people_can_give() {
        let read = |scope| permissions(scope).map(super::scope);
        assert_eq!(read(""), Some("READ".to_owned()));
        assert_eq!(read("WRITE"), Some("READ WRITE".to_owned()));
        assert_eq!(read("PUBLISH  READ"), Some("READ PUBLISH".to_owned()));
        for other in [
            "OWN_WORKSPACE",
            "MANAGE_KEYS",
            "read",
            "READ,WRITE",
            "READ\tWRITE",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn apps_are_answered_over_tls_on_loopback_or_by_a_scheme_of_their_own() {
        for (address, of_public, of_confidential) in [
            ("https://app.example/back?x=1", true, true),
            ("http://127.0.0.1/back", true, true),
            ("http://[::1]:4711/back", true, true),
            ("com.example.app:/back", true, false),
            ("http://localhost/back", false, false),
            ("http://app.example/back", false, false),
            ("https://app.example/back#x", false, false),
            ("https://*.app.example/back", false, false),
            ("https://ada:x@app.example/back", false, false),
            ("https://app.example/b;c", false, false),
            ("javascript:alert(1)", false, false),
            ("data:text/html,x", false, false),
            ("app:/back", false, false),
            ("com.example.app://evil.example/back", false, false),
            ("/back", false, false),
            ("https://app.example/ b", false, false),
        ] {
            let taken = [false, true].map(|kind| check_redirect(address, kind).is_ok());
            assert_eq!(taken, [of_public, of_confidential], "{address}");
        }
    }

    #[test]
    fn an_address_is_the_registered_one_letter_by_letter_but_for_the_port_on_loopback() {
        let web = "https://app.example/back";
        for other in [
            "https://app.example/back/",
            "https://app.example/back/more",
            "https://app.example/bac",
            "https://app.example/back?x=1",
            "https://APP.example/back",
            "https://app.example:444/back",
            "https://app.example:443/back",
            "http://app.example/back",
        ] {
            assert!(!is_redirect(web, other), "{other}");
        }
        assert!(is_redirect(web, web));
        let here = "http://127.0.0.1/back";
        assert!(is_redirect(here, "http://127.0.0.1:51004/back"));
        assert!(is_redirect(
            "http://[::1]:1/back",
            "http://[::1]:51004/back"
        ));
        for other in [
            "http://127.0.0.2:51004/back",
            "http://localhost:51004/back",
            "http://127.0.0.1:51004/back/more",
            "http://127.0.0.1:51004/x/../back",
            "http://2130706433:51004/back",
            "http://ada@127.0.0.1:51004/back",
            "https://127.0.0.1:51004/back",
            "http://127.0.0.1:51004/back#x",
        ] {
            assert!(!is_redirect(here, other), "{other}");
        }
    }
}
