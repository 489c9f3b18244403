use url::Url;

use crate::{Error, ErrorCode, Result, outgoing::check_public};

/// Longest address of an endpoint.
const LONGEST: usize = 2048;

/// Reads the address of an endpoint: https, no credentials, no fragment, no private host. A name is
/// looked up only when something is sent. `allow_private` also takes http, other ports and this machine.
pub fn check_url(text: &str, allow_private: bool) -> Result<Url> {
    let refuse =
        |why: &str| Err(Error::new(ErrorCode::WebhookAddressRefused, why.to_owned()).at(["url"]));
    if text.len() > LONGEST {
        return refuse("The address is longer than 2048 characters.");
    }
    let Ok(url) = Url::parse(text.trim()) else {
        return refuse("This is not an absolute web address.");
    };
    if !matches!(url.scheme(), "https" | "http") {
        return refuse("The address must be a web address (https://…).");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("The address must not carry a user name or password; verify the signature.");
    }
    if url.fragment().is_some() {
        return refuse("The address must not have a fragment (#…).");
    }
    if !allow_private && let Err(why) = check_public(&url) {
        return refuse(why);
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_https_and_public_unless_private_ones_are_allowed() {
        for good in [
            "https://example.org/hook?x=1",
            "https://example.org:8443/",
            "https://1.1.1.1/",
        ] {
            assert!(check_url(good, false).is_ok(), "{good}");
        }
        for bad in [
            "http://example.org/",
            "ftp://example.org/",
            "example.org/hook",
            "https://user:pass@example.org/",
            "https://example.org/#a",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            // Written in other ways, the same addresses.
            "https://0x7f.1/",
            "https://2130706433/",
            "https://017700000001/",
            "",
        ] {
            let error = check_url(bad, false).unwrap_err();
            assert_eq!(
                (error.code, error.path_text()),
                (ErrorCode::WebhookAddressRefused, "url".to_owned()),
                "{bad}"
            );
        }
        assert!(check_url("http://127.0.0.1:5000/hook", true).is_ok());
        assert!(check_url("ftp://127.0.0.1/", true).is_err());
    }
}
