//! A campus over TLS: the server, and applications of several makes that trust its authority and
//! whose authority it trusts. What proxying, SAML 1.1 and their logout need.

use anyhow::Result;
use serde_json::{Value, json};

use crate::apache::SecureApache;
use crate::process::Running;
use crate::python;
use crate::server::{Server, Site};
use crate::stage::Stage;
use crate::tls::Tls;

#[derive(Debug)]
pub struct Campus {
    pub server: Server,
    apache: SecureApache,
    _mail: Running,
}

impl Campus {
    /// Starts all of it.
    pub async fn open(stage: &Stage) -> Result<Self> {
        let tls = Tls::new(stage.folder())?;
        let settings = format!("[egress]\nca_file = '{}'\n", tls.authority.display());
        let site = Site::new(stage, "server", &settings).await?;
        let site = site.with_certificate(tls.certificate.clone(), tls.key.clone())?;
        let server = site.start().await?;
        let apache = SecureApache::start(stage, &server, &tls).await?;
        let campus = Self {
            _mail: python::mail_application(stage, &server, &apache, &tls).await?,
            server,
            apache,
        };
        campus.register().await?;
        Ok(campus)
    }

    /// phpCAS; fetches from `mail` with `?fetch=ADDRESS`.
    pub fn portal(&self) -> String {
        self.address("portal/")
    }

    /// python-cas; fetches from `archive` with `?onward`.
    pub fn mail(&self) -> String {
        self.address("mail/")
    }

    /// phpCAS; takes proxy tickets of people who came by `portal` and `mail`.
    pub fn archive(&self) -> String {
        self.address("archive/")
    }

    /// phpCAS by SAML 1.1.
    pub fn php_saml(&self) -> String {
        self.address("saml/")
    }

    /// `mod_auth_cas` by SAML 1.1.
    pub fn apache_saml(&self) -> String {
        self.address("secret/")
    }

    pub fn address(&self, path: &str) -> String {
        format!("{}/{path}", self.apache.url())
    }

    async fn register(&self) -> Result<()> {
        let entry = |id: &str, service: String, proxy: Option<Value>| {
            let mut entry = json!({
                "id": id,
                "name": {"zh-CN": id, "en": id},
                "cas": {"services": [format!("{service}*")]},
                "release": ["name", "number", "affiliation"],
            });
            if let Some(proxy) = proxy {
                entry["cas"]["proxy"] = proxy;
            }
            entry
        };
        let portal = json!({"callbacks": [self.portal()], "targets": ["mail"]});
        let mail = json!({"callbacks": [self.address("mail/pgt")], "targets": ["archive"]});
        let entries = json!([
            entry("portal", self.portal(), Some(portal)),
            entry("mail", self.mail(), Some(mail)),
            entry("archive", self.archive(), None),
            entry("php-saml", self.php_saml(), None),
            entry("apache-saml", self.apache_saml(), None),
        ]);
        self.server.register(&entries, &self.portal()).await
    }
}
