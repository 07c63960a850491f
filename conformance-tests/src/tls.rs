//! Certificates for a test whose parties trust each other: an authority, and one certificate by it
//! for all that listens on loopback.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::suite::clock;
use crate::suite::listeners::Authority;

/// PEM files.
#[derive(Debug)]
pub struct Tls {
    /// The authority's own certificate: what the parties are told to trust.
    pub authority: PathBuf,
    /// For `localhost` and `127.0.0.1`.
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Tls {
    /// New ones in `folder`, good for a week.
    pub fn new(folder: &Path) -> Result<Self> {
        let authority = Authority::new(clock::now())?;
        let (certificate, key) = authority.pem_for(&["localhost", "127.0.0.1"])?;
        let tls = Self {
            authority: folder.join("authority.pem"),
            certificate: folder.join("server.pem"),
            key: folder.join("server-key.pem"),
        };
        fs::write(&tls.authority, authority.pem())?;
        fs::write(&tls.certificate, certificate)?;
        fs::write(&tls.key, key)?;
        Ok(tls)
    }
}
