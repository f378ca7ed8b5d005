//! How long a server's certificate is good for.
//!
//! It must not know what the server does.

use chrono::TimeDelta;
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The furthest day that is looked at. Public authorities give less.
const FURTHEST: u64 = 4000;
const DAY: u64 = 86_400;

/// The authorities that this machine trusts, and those of a PEM file, as far as they can be read.
#[must_use]
pub fn authorities(ca_file: Option<&Path>) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let more = ca_file.and_then(|file| CertificateDer::pem_file_iter(file).ok());
    roots.add_parsable_certificates(more.into_iter().flatten().flatten());
    roots
}

/// How many whole days from `now` (since 1970) a chain is still good for this host, as far as certificates of `roots` vouch
/// for it; `None` if it is not good now.
///
/// Nothing here reads a certificate: the days are found by asking the verifier about them.
#[must_use]
pub fn days_left(chain: &[Vec<u8>], host: &str, roots: RootCertStore, now: TimeDelta) -> Option<u64> {
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().ok()?;
    let host = ServerName::try_from(host.to_owned()).ok()?;
    let chain: Vec<_> = chain.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    let (end, between) = chain.split_first()?;
    let now = u64::try_from(now.num_seconds()).ok()?;
    let is_good = |days: u64| {
        let then = UnixTime::since_unix_epoch(Duration::from_secs(now + days * DAY));
        verifier.verify_server_cert(end, between, &host, &[], then).is_ok()
    };
    if !is_good(0) {
        return None;
    }
    let (mut good, mut bad) = (0, FURTHEST);
    while bad - good > 1 {
        let middle = good.midpoint(bad);
        if is_good(middle) { good = middle } else { bad = middle }
    }
    Some(good)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The end of the certificate that the tests call `sound`: the first day of 2120.
    const END: i64 = 4_733_510_400;

    fn days(pem: &[u8], host: &str, seconds: i64) -> Option<u64> {
        let mut roots = RootCertStore::empty();
        let authority = include_bytes!("../../tests/data/tls/authority.pem");
        roots.add(CertificateDer::from_pem_slice(authority).expect("a certificate")).expect("an authority");
        let chain = [CertificateDer::from_pem_slice(pem).expect("a certificate").to_vec()];
        days_left(&chain, host, roots, TimeDelta::seconds(seconds))
    }

    #[test]
    fn whole_days_to_the_end_are_left_for_the_host_of_a_certificate() {
        let sound = include_bytes!("../../tests/data/tls/sound.pem");
        let day = 86_400;
        for (before, left) in
            [(day / 2, Some(0)), (10 * day + day / 2, Some(10)), (-day, None), (9000 * day, Some(3999))]
        {
            assert_eq!(days(sound, "127.0.0.1", END - before), left, "{before}");
        }
        let expired = include_bytes!("../../tests/data/tls/expired.pem");
        assert_eq!((days(sound, "127.0.0.2", END - day), days(expired, "127.0.0.1", END - day)), (None, None));
    }
}
