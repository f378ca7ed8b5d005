//! Where requests of the service may go: `[outgoing]`.
//!
//! Owns how a host or a network is written, and which address is in which network. It must not know which addresses are
//! public: that is `hook::address`.

use super::public_url::host_of;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::fmt::{self, Display};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use url::{Host, Url};

/// `[outgoing]`: where requests of the service may go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutgoingSettings {
    /// The hosts and networks that requests may reach although their addresses are not public.
    #[serde(default)]
    pub allow_private: Vec<Reachable>,
}

impl OutgoingSettings {
    /// Whether a host of this name may have any address. Case and a dot at the end are ignored.
    #[must_use]
    pub fn allows_host(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.');
        self.allow_private.iter().any(|allowed| match allowed {
            Reachable::Host(name) => name.eq_ignore_ascii_case(host),
            Reachable::Network(_) => false,
        })
    }

    /// Whether nobody between here and the host of a URL can read along: it is https, or the host may be private.
    #[must_use]
    pub fn is_safe(&self, url: &Url) -> bool {
        let host = host_of(url);
        url.scheme() == "https"
            || self.allows_host(host)
            || host.parse().is_ok_and(|address| self.allows_address(address))
    }

    /// Whether an address may be reached under any name.
    #[must_use]
    pub fn allows_address(&self, address: IpAddr) -> bool {
        self.allow_private.iter().any(|allowed| match allowed {
            Reachable::Host(_) => false,
            Reachable::Network(network) => network.contains(address),
        })
    }
}

/// A host by its name, or a network: `zammad.internal`, `10.0.0.0/8`, `10.1.2.3` or `fd00::/8`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reachable {
    /// The name in lower case, without a dot at its end.
    Host(String),
    /// A network; a single address is one, too.
    Network(Network),
}

impl FromStr for Reachable {
    type Err = String;

    /// # Errors
    /// The text and what was expected instead, in one sentence.
    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = |expected| Err(format!("{text:?}: expected {expected}"));
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        if let Ok(base) = address.parse::<IpAddr>() {
            let longest = if base.is_ipv4() { 32 } else { 128 };
            let Ok(bits) = bits.map_or(Ok(longest), str::parse::<u8>) else {
                return refuse("a network such as \"10.0.0.0/8\"");
            };
            return match Network::new(base, bits) {
                Some(network) => Ok(Self::Network(network)),
                None => refuse("a network whose address ends where its bits end, such as \"10.0.0.0/8\""),
            };
        }
        let expected = "a host such as \"zammad.internal\", or a network such as \"10.0.0.0/8\"";
        match Host::parse(text) {
            // What a URL reads as an address, such as `127.1`, is no name.
            Ok(Host::Domain(name)) if name == text.to_ascii_lowercase() && !name.trim_end_matches('.').is_empty() => {
                Ok(Self::Host(name.trim_end_matches('.').to_owned()))
            }
            _ => refuse(expected),
        }
    }
}

impl<'de> Deserialize<'de> for Reachable {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

/// The addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    base: IpAddr,
    bits: u8,
}

impl Network {
    /// A network of IPv4, for tables.
    #[must_use]
    pub const fn v4([a, b, c, d]: [u8; 4], bits: u8) -> Self {
        Self { base: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), bits }
    }

    /// A network of IPv6 by the first two groups of its address, for tables.
    #[must_use]
    pub const fn v6([a, b]: [u16; 2], bits: u8) -> Self {
        Self { base: IpAddr::V6(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0)), bits }
    }

    /// `None` if there are more bits than an address has, or the address goes on after them.
    fn new(base: IpAddr, bits: u8) -> Option<Self> {
        let (longest, number) = number(base);
        let fits = bits <= longest && cut(number, longest, bits) == number;
        fits.then_some(Self { base, bits })
    }

    /// Whether an address is in it. An address of the other family never is.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let ((longest, base), (other, number)) = (number(self.base), number(address));
        longest == other && cut(number, longest, self.bits) == base
    }
}

impl Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.bits)
    }
}

/// How many bits an address has, and the number that they are.
fn number(address: IpAddr) -> (u8, u128) {
    match address {
        IpAddr::V4(v4) => (32, v4.to_bits().into()),
        IpAddr::V6(v6) => (128, v6.to_bits()),
    }
}

/// The first `bits` of a number of `longest` bits; the others become 0.
fn cut(number: u128, longest: u8, bits: u8) -> u128 {
    let others = u32::from(longest.saturating_sub(bits));
    number.checked_shr(others).unwrap_or(0).checked_shl(others).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_or_a_network_is_read_and_nothing_else() {
        for (text, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.0"),
            ("10.1.2.3", "10.1.2.3", "10.1.2.4"),
            ("0.0.0.0/0", "8.8.8.8", "::1"),
            ("fd00::/8", "fdff::1", "fe00::1"),
            ("::1", "::1", "::2"),
            ("::/0", "fe80::1", "10.0.0.1"),
        ] {
            let settings = OutgoingSettings { allow_private: vec![text.parse().expect(text)] };
            assert!(settings.allows_address(inside.parse().expect("an address")), "{text} holds {inside}");
            assert!(!settings.allows_address(outside.parse().expect("an address")), "{text} lacks {outside}");
            assert!(!settings.allows_host(inside), "{text}");
        }
        let hosts = OutgoingSettings { allow_private: vec!["Zammad.internal.".parse().expect("a host")] };
        assert!(hosts.allows_host("zammad.INTERNAL") && hosts.allows_host("zammad.internal."));
        assert!(!hosts.allows_host("internal") && !hosts.allows_host("a.zammad.internal"));
        for wrong in [
            "",
            ".",
            "10.0.0.1/8",
            "10.0.0.0/33",
            "10.0.0.0/-1",
            "10.0.0.0/",
            "fd00::/129",
            "127.1",
            "0x7f.1",
            "http://a",
            "a:80",
            "a/8",
            "[::1]",
            "a b",
            "user@a",
        ] {
            let error = wrong.parse::<Reachable>().expect_err(wrong);
            assert!(error.starts_with(&format!("{wrong:?}: expected a ")), "{error}");
        }
    }
}
