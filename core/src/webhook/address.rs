use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use crate::{Error, ErrorCode, Result};

/// Longest address of an endpoint.
const LONGEST: usize = 2048;

/// Whether an address belongs to the public internet. Private networks, this machine, link-local
/// (cloud metadata), carrier-grade NAT, documentation, multicast and whatever carries one of them
/// inside IPv6 do not (IANA special-purpose registries, RFC 6890).
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => match inner_v4(v6) {
            Some(v4) => is_public_v4(v4),
            None => is_public_v6(v6),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = a == 0
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_documentation()
        // Carrier-grade NAT, RFC 6598.
        || (a == 100 && b & 0xc0 == 64)
        // Protocol assignments and the old 6to4 relay.
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        // Benchmarks, RFC 2544.
        || (a == 198 && b & 0xfe == 18)
        // Multicast, reserved and broadcast.
        || a >= 224;
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    // Only global unicast is handed out; within it Teredo, ORCHID and documentation are not hosts.
    let global = first & 0xe000 == 0x2000;
    let special = match first {
        0x2001 => second < 0x0200 || second == 0x0db8,
        0x3fff => second < 0x1000,
        _ => false,
    };
    global && !special
}

/// The IPv4 address that an IPv6 address stands for: mapped, compatible, NAT64 or 6to4.
fn inner_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x2002, high, low, ..] => v4(high, low),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => v4(high, low),
        _ => None,
    }
}

/// Reads the address of an endpoint: https, no credentials, no fragment, no private host. A name is
/// looked up only when something is sent. `allow_private` also takes http and this machine.
pub fn check_url(text: &str, allow_private: bool) -> Result<Url> {
    let refuse =
        |why: &str| Err(Error::new(ErrorCode::WebhookAddressRefused, why.to_owned()).at(["url"]));
    if text.len() > LONGEST {
        return refuse("The address is longer than 2048 characters.");
    }
    let Ok(url) = Url::parse(text.trim()) else {
        return refuse("This is not an absolute web address.");
    };
    match url.scheme() {
        "https" => {}
        "http" if allow_private => {}
        "http" => return refuse("The address must begin with https://."),
        _ => return refuse("The address must be a web address (https://…)."),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("The address must not carry a user name or password; verify the signature.");
    }
    if url.fragment().is_some() {
        return refuse("The address must not have a fragment (#…).");
    }
    let literal = match url.host() {
        Some(Host::Ipv4(v4)) => Some(IpAddr::V4(v4)),
        Some(Host::Ipv6(v6)) => Some(IpAddr::V6(v6)),
        Some(Host::Domain(_)) => None,
        None => return refuse("The address names no host."),
    };
    if !allow_private && literal.is_some_and(|address| !is_public(address)) {
        return refuse("The address is not on the public internet.");
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hosts_of_the_public_internet_are_public() {
        for text in [
            "93.184.215.14",
            "1.1.1.1",
            "100.128.0.1",
            "172.32.0.1",
            "2606:4700:4700::1111",
            "2a00:1450:4001:81b::200e",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
        for text in [
            "0.0.0.0",
            "10.1.2.3",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "100.127.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "::ffff:0:127.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2002:a00:1::",
            "fe80::1",
            "fc00::1",
            "fd12:3456::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "3fff::1",
            "64:ff9b:1::1",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
    }

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
