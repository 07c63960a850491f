//! Certificates for the callback listener: an authority of the suite's own, good ones by it, and
//! bad ones of every kind that a server must refuse.

use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _, Zoned};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;

/// The host that a certificate for the wrong host names: reserved, so nobody's (RFC 6761).
const WRONG_HOST: &str = "wrong-host.invalid";
const NAME: &str = "CAS conformance suite, for one run";

/// An authority that exists as long as the run: its key is never written anywhere.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    today: Zoned,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

/// What a certificate is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    None,
    /// Ended last week.
    Expired,
    /// Names [`WRONG_HOST`].
    WrongHost,
    /// Signed by itself.
    SelfSigned,
}

impl Authority {
    /// A new one, valid from yesterday for a week: no longer than a run needs, so that a forgotten
    /// trust in it ends by itself.
    pub fn new(now: Timestamp) -> Result<Self> {
        let today = now.to_zoned(TimeZone::UTC);
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, NAME);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        set_validity(&mut params, &today, -1, 7)?;
        Ok(Self {
            issuer: CertifiedIssuer::self_signed(params, KeyPair::generate()?)?,
            today,
        })
    }

    /// Its certificate: what the server under test must trust.
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A certificate for `host`, a DNS name or an IP address.
    pub fn certificate(&self, host: &str, flaw: Flaw) -> Result<Arc<CertifiedKey>> {
        let named = if flaw == Flaw::WrongHost {
            WRONG_HOST
        } else {
            host
        };
        let mut params = server_params(&[named])?;
        let (from, until) = if flaw == Flaw::Expired {
            (-30, -7)
        } else {
            (-1, 7)
        };
        set_validity(&mut params, &self.today, from, until)?;
        let key = KeyPair::generate()?;
        let certificate = if flaw == Flaw::SelfSigned {
            params.self_signed(&key)?
        } else {
            params.signed_by(&key, &self.issuer)?
        };
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        certified(vec![certificate.der().clone()], key)
    }

    /// A good certificate for all of `hosts` and its key, both PEM: for servers that read files.
    pub fn pem_for(&self, hosts: &[&str]) -> Result<(String, String)> {
        let mut params = server_params(hosts)?;
        set_validity(&mut params, &self.today, -1, 7)?;
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok((certificate.pem(), key.serialize_pem()))
    }
}

/// What a server's certificate says, without its validity.
fn server_params(hosts: &[&str]) -> Result<CertificateParams> {
    let names: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let mut params = CertificateParams::new(names)?;
    if let Some(first) = hosts.first() {
        params.distinguished_name.push(DnType::CommonName, *first);
    }
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// A certificate and its chain from the operator's PEM files.
pub fn from_pem(certificates: &[u8], key: &[u8]) -> Result<Arc<CertifiedKey>> {
    let chain = CertificateDer::pem_slice_iter(certificates)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| anyhow!("no PEM certificates: {error}"))?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| anyhow!("no PEM key: {error}"))?;
    certified(chain, key)
}

/// The only cryptography in the tree.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn certified(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<CertifiedKey>> {
    let certified = CertifiedKey::from_der(chain, key, &provider())
        .context("the key is not the certificate's")?;
    Ok(Arc::new(certified))
}

/// Whole days around today: enough, and no clock of a second is involved.
fn set_validity(
    params: &mut CertificateParams,
    today: &Zoned,
    from: i64,
    until: i64,
) -> Result<()> {
    let day = |offset: i64| -> Result<_> {
        let date = today.checked_add(offset.days())?;
        let (month, day) = (u8::try_from(date.month())?, u8::try_from(date.day())?);
        Ok(date_time_ymd(i32::from(date.year()), month, day))
    };
    params.not_before = day(from)?;
    params.not_after = day(until)?;
    Ok(())
}
