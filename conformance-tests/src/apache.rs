//! Debian's Apache with `mod_auth_cas`: the application of the story.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::php;
use crate::process::{Running, free_ports};
use crate::server::{Node, Server};
use crate::stage::Stage;
use crate::tls::Tls;

const PROGRAM: &str = "/usr/sbin/apache2";
const MODULES: &str = "/usr/lib/apache2/modules";
const START_PATIENCE: Duration = Duration::from_secs(20);
const PLAIN_MODULES: [&str; 8] = [
    "mpm_event",
    "authn_core",
    "authz_core",
    "authz_user",
    "include",
    "mime",
    "dir",
    "auth_cas",
];
const SECURE_MODULES: &[&str] = &[
    "socache_shmcb",
    "ssl",
    "proxy",
    "proxy_http",
    "env",
    "alias",
    "actions",
    "cgi",
];
/// What Apache's user may write to: sessions of each host, and what PHP keeps.
const STATES: [&str; 4] = [
    "127.0.0.1-sessions",
    "localhost-sessions",
    "saml-sessions",
    "state",
];
const GREETING: &str = r#"<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>图书馆</title>
<h1 id="user"><!--#echo var="REMOTE_USER" --></h1>
<p id="name"><!--#echo var="HTTP_CAS_NAME" --></p>
<p id="affiliation"><!--#echo var="HTTP_CAS_AFFILIATION" --></p></html>
"#;
const PROTECTED: &str = "<Location /secret>
    AuthType CAS
    CASAuthNHeader CAS-User
    CASScope /
    Require valid-user
</Location>";

/// Serves `/secret/`, which `mod_auth_cas` protects and which greets its visitor by name. One Apache
/// is two applications: by the names `127.0.0.1` and `localhost` it has different addresses, so
/// different services for CAS, and its cookie under one is unknown under the other.
///
/// With TLS it has a second port: there `/secret/` is validated by SAML 1.1, and the applications of
/// `clients/` are served beside it.
#[derive(Debug)]
pub struct Apache {
    port: u16,
    secure_port: Option<u16>,
    _running: Running,
}

impl Apache {
    pub async fn start(stage: &Stage, server: &Server) -> Result<Self> {
        let [port] = free_ports()?;
        let plain = |place: &Place| plain_hosts(place, port, server);
        Self::launch(stage, port, None, plain).await
    }

    /// Also by https, as `127.0.0.1`; `/mail/` is what listens on `mail_port`.
    pub async fn start_with_tls(
        stage: &Stage,
        server: &Server,
        tls: &Tls,
        mail_port: u16,
    ) -> Result<Self> {
        let [port, secure_port] = free_ports()?;
        let hosts = |place: &Place| {
            let plain = plain_hosts(place, port, server);
            plain + &secure_host(place, secure_port, server, tls, mail_port)
        };
        Self::launch(stage, port, Some(secure_port), hosts).await
    }

    async fn launch(
        stage: &Stage,
        port: u16,
        secure_port: Option<u16>,
        hosts: impl Fn(&Place) -> String,
    ) -> Result<Self> {
        if !Path::new(MODULES).join("mod_auth_cas.so").exists() {
            bail!("these tests need Debian's apache2 and libapache2-mod-auth-cas");
        }
        let place = Place::new(stage)?;
        if secure_port.is_some() {
            php::lay_out(&place.www())?;
        }
        let file = place.folder.join("httpd.conf");
        let more = if secure_port.is_some() {
            SECURE_MODULES
        } else {
            &[]
        };
        fs::write(&file, common(&place, port, more) + &hosts(&place))?;
        let mut command = Command::new(PROGRAM);
        // -X: one process, so that none is left when it is killed.
        command.arg("-f").arg(&file).arg("-X");
        let mut running = Running::start("apache2", &mut command, &stage.log("apache"))?;
        let is_ready = async || {
            tokio::net::TcpStream::connect(("127.0.0.1", port))
                .await
                .is_ok()
        };
        running.ready(START_PATIENCE, is_ready).await?;
        Ok(Self {
            port,
            secure_port,
            _running: running,
        })
    }

    /// The protected page of the first application.
    pub fn secret(&self) -> String {
        format!("http://127.0.0.1:{}/secret/", self.port)
    }

    /// The same page as a second application.
    pub fn other_secret(&self) -> String {
        format!("http://localhost:{}/secret/", self.port)
    }

    /// The origin of the secure host; the plain one's where there is none.
    pub fn secure_url(&self) -> String {
        match self.secure_port {
            Some(port) => format!("https://127.0.0.1:{port}"),
            None => format!("http://127.0.0.1:{}", self.port),
        }
    }
}

/// The folders of one Apache.
struct Place {
    folder: PathBuf,
}

impl Place {
    fn new(stage: &Stage) -> Result<Self> {
        let place = Self {
            folder: stage.folder().join("apache"),
        };
        let page = place.www().join("secret");
        fs::create_dir_all(&page)?;
        fs::write(page.join("index.shtml"), GREETING)?;
        let owner = www_data()?;
        for folder in STATES.map(|name| place.folder.join(name)) {
            fs::create_dir_all(&folder)?;
            if let Some((user, group)) = owner {
                chown(&folder, Some(user), Some(group))?;
            }
        }
        // The test's folder is closed to others; Apache's children are somebody else.
        let_enter(stage.folder())?;
        Ok(place)
    }

    fn www(&self) -> PathBuf {
        self.folder.join("www")
    }
}

/// The ids of Debian's `www-data`, which Apache's children become; None where the test isn't root
/// and they stay who they are.
fn www_data() -> Result<Option<(u32, u32)>> {
    let id = |option: &str, user: &[&str]| -> Result<u32> {
        let output = Command::new("id").arg(option).args(user).output()?;
        let text = String::from_utf8(output.stdout)?;
        text.trim()
            .parse()
            .with_context(|| format!("id {option} {user:?}"))
    };
    if id("-u", &[])? != 0 {
        return Ok(None);
    }
    Ok(Some((id("-u", &["www-data"])?, id("-g", &["www-data"])?)))
}

fn let_enter(folder: &Path) -> Result<()> {
    const ENTER: u32 = 0o711;
    fs::set_permissions(folder, fs::Permissions::from_mode(ENTER))?;
    Ok(())
}

fn modules(names: &[&str]) -> String {
    let line = |name: &&str| format!("LoadModule {name}_module {MODULES}/mod_{name}.so\n");
    names.iter().map(line).collect()
}

fn common(place: &Place, port: u16, more: &[&str]) -> String {
    let modules = modules(&PLAIN_MODULES) + &self::modules(more);
    let folder = place.folder.display();
    format!(
        r"{modules}
ServerRoot {folder}
DefaultRuntimeDir {folder}
PidFile {folder}/httpd.pid
ErrorLog /dev/stderr
LogLevel warn auth_cas:debug
ServerName 127.0.0.1:{port}
User www-data
Group www-data
TypesConfig /etc/mime.types
AddDefaultCharset UTF-8
AddType text/html .shtml
AddOutputFilter INCLUDES .shtml
DirectoryIndex index.shtml index.php
DocumentRoot {folder}/www
CASDebug On
CASVersion 2
<Directory {folder}/www>
    Options +Includes
    Require all granted
</Directory>
"
    )
}

/// One host a name: the module names the service by the host's own name, not by the visitor's.
fn plain_hosts(place: &Place, port: u16, server: &Node) -> String {
    let hosts = ["127.0.0.1", "localhost"].map(|name| plain_host(place, name, port, server));
    format!("Listen 127.0.0.1:{port}\n{}", hosts.concat())
}

fn plain_host(place: &Place, name: &str, port: u16, server: &Node) -> String {
    let folder = place.folder.display();
    let cas = server.url();
    format!(
        r"
<VirtualHost 127.0.0.1:{port}>
ServerName http://{name}:{port}
CASCookiePath {folder}/{name}-sessions/
CASLoginURL {cas}cas/login
CASValidateURL {cas}cas/p3/serviceValidate
CASAttributePrefix CAS-
CASSSOEnabled On
{PROTECTED}
</VirtualHost>
"
    )
}

fn secure_host(place: &Place, port: u16, server: &Node, tls: &Tls, mail_port: u16) -> String {
    let folder = place.folder.display();
    let cas = server.url();
    let certificate = tls.certificate.display();
    let key = tls.key.display();
    let authority = tls.authority.display();
    let own_url = format!("https://127.0.0.1:{port}");
    let php = php::configuration(&own_url, server, tls, &place.folder.join("state"));
    format!(
        r"
Listen 127.0.0.1:{port}
<VirtualHost 127.0.0.1:{port}>
ServerName https://127.0.0.1:{port}
SSLEngine On
SSLCertificateFile {certificate}
SSLCertificateKeyFile {key}
CASCookiePath {folder}/saml-sessions/
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
