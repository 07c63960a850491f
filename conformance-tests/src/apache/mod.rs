//! Debian's Apache with `mod_auth_cas`: the application of the story.

mod openid;
mod secure;

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::process::{Running, free_ports};
use crate::server::{Node, Server};
use crate::stage::Stage;

pub use openid::start_openid;
pub use secure::SecureApache;

const PROGRAM: &str = "/usr/sbin/apache2";
const MODULES: &str = "/usr/lib/apache2/modules";
const START_PATIENCE: Duration = Duration::from_secs(20);
const COMMON_MODULES: [&str; 7] = [
    "mpm_event",
    "authn_core",
    "authz_core",
    "authz_user",
    "include",
    "mime",
    "dir",
];
/// One host a name: the module names the service by the host's own name, not by the visitor's.
const HOSTS: [&str; 2] = ["127.0.0.1", "localhost"];
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
#[derive(Debug)]
pub struct Apache {
    port: u16,
    _running: Running,
}

impl Apache {
    pub async fn start(stage: &Stage, server: &Server) -> Result<Self> {
        let [port] = free_ports()?;
        let place = Place::new(stage, &HOSTS.map(sessions))?;
        let hosts = HOSTS.map(|name| host(&place, name, port, server)).concat();
        Ok(Self {
            port,
            _running: launch(stage, &place, SignIn::Cas, port, &hosts).await?,
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
}

/// The module that signs visitors in.
#[derive(Clone, Copy, Debug)]
enum SignIn {
    Cas,
    Openid,
}

impl SignIn {
    fn module(self) -> &'static str {
        match self {
            Self::Cas => "auth_cas",
            Self::Openid => "auth_openidc",
        }
    }

    fn settings(self) -> &'static str {
        match self {
            Self::Cas => "CASDebug On\nCASVersion 2\n",
            Self::Openid => "",
        }
    }
}

/// Starts Apache with what it always needs and `more`; it has to listen on `port` of 127.0.0.1.
async fn launch(
    stage: &Stage,
    place: &Place,
    sign_in: SignIn,
    port: u16,
    more: &str,
) -> Result<Running> {
    let module = format!("mod_{}", sign_in.module());
    if !Path::new(MODULES).join(format!("{module}.so")).exists() {
        let package = module.replace('_', "-");
        bail!("these tests need Debian's apache2 and libapache2-{package}");
    }
    let file = place.folder.join("httpd.conf");
    fs::write(&file, common(place, sign_in, port) + more)?;
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
    Ok(running)
}

/// The folders of one Apache.
struct Place {
    folder: PathBuf,
}

impl Place {
    /// With the protected page, and the folders of these names for Apache's user to write to.
    fn new(stage: &Stage, writable: &[String]) -> Result<Self> {
        let place = Self {
            folder: stage.folder().join("apache"),
        };
        let page = place.www().join("secret");
        fs::create_dir_all(&page)?;
        fs::write(page.join("index.shtml"), GREETING)?;
        let owner = www_data()?;
        for folder in writable.iter().map(|name| place.folder.join(name)) {
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

fn common(place: &Place, sign_in: SignIn, port: u16) -> String {
    let modules = modules(&COMMON_MODULES) + &modules(&[sign_in.module()]);
    let (module, settings) = (sign_in.module(), sign_in.settings());
    let folder = place.folder.display();
    format!(
        r"{modules}
Listen 127.0.0.1:{port}
ServerRoot {folder}
DefaultRuntimeDir {folder}
PidFile {folder}/httpd.pid
ErrorLog /dev/stderr
LogLevel warn {module}:debug
ServerName 127.0.0.1:{port}
User www-data
Group www-data
TypesConfig /etc/mime.types
AddDefaultCharset UTF-8
AddType text/html .shtml
AddOutputFilter INCLUDES .shtml
DirectoryIndex index.shtml index.php
DocumentRoot {folder}/www
{settings}<Directory {folder}/www>
    Options +Includes
    Require all granted
</Directory>
"
    )
}

/// A folder of a host's sessions.
fn sessions(host: &str) -> String {
    format!("{host}-sessions")
}

fn host(place: &Place, name: &str, port: u16, server: &Node) -> String {
    let folder = place.folder.display();
    let sessions = sessions(name);
    let cas = server.url();
    format!(
        r"
<VirtualHost 127.0.0.1:{port}>
ServerName http://{name}:{port}
CASCookiePath {folder}/{sessions}/
CASLoginURL {cas}cas/login
CASValidateURL {cas}cas/p3/serviceValidate
CASAttributePrefix CAS-
CASSSOEnabled On
{PROTECTED}
</VirtualHost>
"
    )
}
