//! Apache over TLS: `mod_auth_cas` by SAML 1.1, and the applications of `clients/`.

use anyhow::Result;

use super::{PROTECTED, Place, SignIn, launch, modules};
use crate::php;
use crate::process::{Running, free_ports};
use crate::server::{Node, Server};
use crate::stage::Stage;
use crate::tls::Tls;

const MODULES: [&str; 8] = [
    "socache_shmcb",
    "ssl",
    "proxy",
    "proxy_http",
    "env",
    "alias",
    "actions",
    "cgi",
];
const SESSIONS: &str = "saml-sessions";
/// What PHP keeps.
const STATE: &str = "php";

/// `/secret/` is protected as in the plain one, but validated by SAML 1.1, which is for https only.
#[derive(Debug)]
pub struct SecureApache {
    port: u16,
    mail_port: u16,
    _running: Running,
}

impl SecureApache {
    pub async fn start(stage: &Stage, server: &Server, tls: &Tls) -> Result<Self> {
        // Both at once, so that they differ.
        let [port, mail_port] = free_ports()?;
        let place = Place::new(stage, &[SESSIONS, STATE].map(str::to_owned))?;
        php::lay_out(&place.www())?;
        let host = host(&place, [port, mail_port], server, tls);
        Ok(Self {
            port,
            mail_port,
            _running: launch(stage, &place, SignIn::Cas, port, &host).await?,
        })
    }

    /// The origin, without a slash.
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// What listens here on loopback is `/mail/`.
    pub fn mail_port(&self) -> u16 {
        self.mail_port
    }
}

fn host(place: &Place, apache: [u16; 2], server: &Node, tls: &Tls) -> String {
    let [port, mail_port] = apache;
    let folder = place.folder.display();
    let cas = server.url();
    let certificate = tls.certificate.display();
    let key = tls.key.display();
    let authority = tls.authority.display();
    let own_url = format!("https://127.0.0.1:{port}");
    let php = php::configuration(&own_url, server, tls, &place.folder.join(STATE));
    let modules = modules(&MODULES);
    format!(
        r"
{modules}
<VirtualHost 127.0.0.1:{port}>
ServerName {own_url}
SSLEngine On
SSLCertificateFile {certificate}
SSLCertificateKeyFile {key}
CASCookiePath {folder}/{SESSIONS}/
CASLoginURL {cas}cas/login
CASValidateURL {cas}cas/samlValidate
CASValidateSAML On
CASCertificatePath {authority}
CASAttributePrefix CAS-
CASSSOEnabled On
{PROTECTED}
ProxyPass /mail/ http://127.0.0.1:{mail_port}/mail/
{php}
</VirtualHost>
"
    )
}
