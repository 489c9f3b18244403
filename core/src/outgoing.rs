//! Where requests of ours may go.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Which hosts a request may reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Only the networks' own hosts, whose names are fixed; in a sandbox the one where all simulated networks are.
    #[default]
    Networks,
    /// Only the public internet, whatever the name resolves to ([`check_public`]): for addresses that people
    /// or answers give us.
    Public,
    /// Wherever the address leads: only for what the operator set, or allowed.
    Anywhere,
}

/// Ports that web servers are found at; others could be used to look for services.
const PORTS: [u16; 3] = [80, 443, 8443];

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

/// Judges an address that somebody else gave us: https at one of the usual ports, no credentials, no
/// host of a private network. Names are judged by what they resolve to, when the connection is made. The error
/// says what is wrong, for a person.
pub fn check_public(url: &Url) -> Result<(), &'static str> {
    if url.scheme() != "https" {
        return Err("The address must begin with https://.");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("The address must not carry a user name or password.");
    }
    let literal = match url.host() {
        Some(Host::Ipv4(v4)) => Some(IpAddr::V4(v4)),
        Some(Host::Ipv6(v6)) => Some(IpAddr::V6(v6)),
        Some(Host::Domain(_)) => None,
        None => return Err("The address names no host."),
    };
    if literal.is_some_and(|address| !is_public(address)) {
        return Err("The address is not on the public internet.");
    }
    if !url
        .port_or_known_default()
        .is_some_and(|port| PORTS.contains(&port))
    {
        return Err("The address must use port 443, 8443 or 80.");
    }
    Ok(())
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
    fn public_addresses_are_https_at_usual_ports_without_credentials() {
        let judged = |text: &str| check_public(&Url::parse(text).unwrap());
        for good in [
            "https://example.org/",
            "https://example.org:8443/hook",
            "https://1.1.1.1/",
            "https://[2606:4700:4700::1111]/",
        ] {
            assert_eq!(judged(good), Ok(()), "{good}");
        }
        let https = "The address must begin with https://.";
        let port = "The address must use port 443, 8443 or 80.";
        let credentials = "The address must not carry a user name or password.";
        for (bad, why) in [
            ("http://example.org/", https),
            ("gopher://example.org/", https),
            ("file:///etc/passwd", https),
            ("https://example.org:22/", port),
            ("https://example.org:6379/", port),
            ("https://user@example.org/", credentials),
            ("https://:word@example.org/", credentials),
        ] {
            assert_eq!(judged(bad), Err(why), "{bad}");
        }
    }
}
