//! Which addresses are public.
//!
//! A URL that somebody configures or sends must not make the service ask a machine that only the service can reach: a
//! database beside it, or the server that gives a cloud machine its credentials. Pure: it must not know where an address
//! came from.

use crate::config::Network;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The addresses of IPv4 that are not public: those that the registry of special addresses (RFC 6890) calls not globally
/// reachable, and two more.
const NOT_PUBLIC_V4: [Network; 16] = [
    Network::v4([0, 0, 0, 0], 8),        // this network, and the unspecified address
    Network::v4([10, 0, 0, 0], 8),       // private
    Network::v4([100, 64, 0, 0], 10),    // shared by the customers of a provider (CGNAT)
    Network::v4([127, 0, 0, 0], 8),      // loopback
    Network::v4([168, 63, 129, 16], 32), // public by the registry, but on Azure it is the host of the machine
    Network::v4([169, 254, 0, 0], 16),   // link-local: there cloud machines get their credentials
    Network::v4([172, 16, 0, 0], 12),    // private
    Network::v4([192, 0, 0, 0], 24),     // protocols of the IETF
    Network::v4([192, 0, 2, 0], 24),     // documentation
    Network::v4([192, 88, 99, 0], 24),   // relays of 6to4, which nobody runs any more
    Network::v4([192, 168, 0, 0], 16),   // private
    Network::v4([198, 18, 0, 0], 15),    // benchmarks
    Network::v4([198, 51, 100, 0], 24),  // documentation
    Network::v4([203, 0, 113, 0], 24),   // documentation
    Network::v4([224, 0, 0, 0], 4),      // multicast
    Network::v4([240, 0, 0, 0], 4),      // reserved, and broadcast
];
/// All that IPv6 has for public addresses so far (RFC 4291). Loopback, private (ULA), link-local, multicast and translated
/// addresses are outside.
const GLOBAL_V6: Network = Network::v6([0x2000, 0], 3);
/// What is not public in it.
const NOT_PUBLIC_V6: [Network; 3] = [
    Network::v6([0x2001, 0], 23), // protocols of the IETF; Teredo, which hides an address of IPv4
    Network::v6([0x2001, 0x0db8], 32), // documentation
    Network::v6([0x3fff, 0], 20), // documentation
];
/// Addresses of IPv6 that stand for one of IPv4, and the byte that it begins at.
const TRANSLATED: [(Network, usize); 2] = [
    (Network::v6([0x0064, 0xff9b], 96), 12), // NAT64 (RFC 6052): how a machine without IPv4 sees public hosts
    (Network::v6([0x2002, 0], 16), 2),       // 6to4 (RFC 3056)
];

/// Whether an address can be reached from everywhere, as far as its form tells. An address of IPv6 that stands for one of
/// IPv4 is judged as that.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match plain(address) {
        IpAddr::V4(_) => !NOT_PUBLIC_V4.iter().any(|network| network.contains(plain(address))),
        IpAddr::V6(v6) => match translated(v6) {
            Some(v4) => is_public(v4.into()),
            None => GLOBAL_V6.contains(address) && !NOT_PUBLIC_V6.iter().any(|network| network.contains(address)),
        },
    }
}

/// An address as the system connects to it: `::ffff:10.0.0.1` is `10.0.0.1`.
#[must_use]
pub fn plain(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// The address of IPv4 that a gateway would translate this one to.
fn translated(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let (_, at) = TRANSLATED.iter().find(|(network, _)| network.contains(address.into()))?;
    let octets = address.octets();
    let v4 = <[u8; 4]>::try_from(octets.get(*at..at + 4)?).ok()?;
    Some(v4.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_public_addresses_are_public() {
        for public in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "168.63.129.15",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "191.255.255.255",
            "192.0.1.0",
            "192.0.3.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2000::",
            "2001:200::1",
            "2003::1",
            "2606:4700::1111",
            "3ffe::1",
            "2a00:1450::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
        ] {
            assert!(is_public(public.parse().expect("an address")), "{public}");
        }
        for not_public in [
            "0.0.0.0",
            "0.255.255.255",
            "10.0.0.0",
            "10.255.255.255",
            "100.64.0.0",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "168.63.129.16",
            "169.254.0.0",
            "169.254.169.254",
            "172.16.0.0",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.0",
            "192.168.255.255",
            "198.18.0.0",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.0",
            "255.255.255.255",
            "::",
            "::1",
            "::2",
            "::127.0.0.1",
            "::10.0.0.1",
            "::8.8.8.8",
            "::ffff:0.0.0.0",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0:127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "64:ff9b:0:0:0:1:808:808",
            "100::1",
            "2001::1",
            "2001:1::1",
            "2001:10::1",
            "2001:20::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "2002:a00:1::",
            "2002:c0a8:1::",
            "2002:a9fe:a9fe::",
            "3fff::1",
            "4000::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "ff0e::1",
        ] {
            assert!(!is_public(not_public.parse().expect("an address")), "{not_public}");
        }
    }

    proptest! {
        #[test]
        fn another_spelling_of_an_address_is_no_more_public(bits in any::<u32>()) {
            let v4 = Ipv4Addr::from_bits(bits);
            let [a, b, c, d] = v4.octets().map(u16::from);
            let (high, low) = ((a << 8) | b, (c << 8) | d);
            for spelling in [
                v4.to_ipv6_mapped(),
                Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
                Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
            ] {
                prop_assert_eq!(is_public(spelling.into()), is_public(v4.into()), "{}", spelling);
            }
            prop_assert!(!is_public(Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low).into()));
        }

        /// The standard library knows most of them, too.
        #[test]
        fn what_the_standard_library_calls_local_is_not_public(bits in any::<u32>(), long in any::<u128>()) {
            let (v4, v6) = (Ipv4Addr::from_bits(bits), Ipv6Addr::from_bits(long));
            let local = v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_multicast() || v4.is_broadcast()
                || v4.is_documentation() || v4.is_unspecified();
            prop_assert!(!(local && is_public(v4.into())), "{}", v4);
            let local = v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_multicast();
            prop_assert!(!(local && is_public(v6.into())), "{}", v6);
        }
    }
}
