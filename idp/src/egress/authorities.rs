//! Whose word on certificates we take.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore};

use super::BadEgress;
use crate::Clock;

/// TLS 1.2 and 1.3, with the public authorities (compiled in: a container may have none) and the
/// school's own. There is no way to switch the check off.
pub(super) fn client(ca_file: Option<&Path>, clock: &Clock) -> Result<ClientConfig, BadEgress> {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    if let Some(file) = ca_file {
        add(&mut roots, file).map_err(|reason| BadEgress::Authorities {
            file: file.to_owned(),
            reason,
        })?;
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let time = Arc::new(OurTime(clock.clone()));
    let mut config = ClientConfig::builder_with_details(provider, time)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // A session taken up again would go on with a certificate that was checked long ago.
    config.resumption = Resumption::disabled();
    Ok(config)
}

fn add(roots: &mut RootCertStore, file: &Path) -> Result<(), String> {
    let certificates = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| match error {
            pem::Error::Io(error) => error.to_string(),
            error => format!("is no PEM file ({error})"),
        })?;
    if certificates.is_empty() {
        return Err("holds no certificate".into());
    }
    for (at, certificate) in (1..).zip(certificates) {
        roots
            .add(certificate)
            .map_err(|error| format!("certificate {at} can't be an authority's ({error})"))?;
    }
    Ok(())
}

/// Certificates are good or expired by the same clock as all else.
#[derive(Debug)]
struct OurTime(Clock);

impl TimeProvider for OurTime {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.now().as_second()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}
