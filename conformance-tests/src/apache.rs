//! Debian's Apache with `mod_auth_cas`: the application of the story.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::process::{Running, free_ports};
use crate::server::Server;
use crate::stage::Stage;

const PROGRAM: &str = "/usr/sbin/apache2";
const MODULES: &str = "/usr/lib/apache2/modules";
const START_PATIENCE: Duration = Duration::from_secs(20);

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
        if !Path::new(MODULES).join("mod_auth_cas.so").exists() {
            bail!("these tests need Debian's apache2 and libapache2-mod-auth-cas");
        }
        let [port] = free_ports()?;
        let folder = stage.folder().join("apache");
        lay_out(&folder)?;
        // The test's folder is closed to others; Apache's children are somebody else.
        let_enter(stage.folder())?;
        let file = folder.join("httpd.conf");
        fs::write(&file, configuration(&folder, port, server))?;
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
}

fn lay_out(folder: &Path) -> Result<()> {
    let page = folder.join("www/secret");
    let sessions = folder.join("sessions");
    fs::create_dir_all(&page)?;
    fs::create_dir_all(&sessions)?;
    fs::write(
        page.join("index.shtml"),
        "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\"><title>图书馆</title>\n\
         <h1 id=\"user\"><!--#echo var=\"REMOTE_USER\" --></h1>\n\
         <p id=\"name\"><!--#echo var=\"HTTP_CAS_NAME\" --></p>\n\
         <p id=\"affiliation\"><!--#echo var=\"HTTP_CAS_AFFILIATION\" --></p></html>\n",
    )?;
    if let Some((user, group)) = www_data()? {
        chown(&sessions, Some(user), Some(group))?;
    }
    Ok(())
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

fn configuration(folder: &Path, port: u16, server: &Server) -> String {
    let folder = folder.display();
    let modules: String = [
        "mpm_event",
        "authn_core",
        "authz_core",
        "authz_user",
        "include",
        "mime",
        "dir",
        "auth_cas",
    ]
    .map(|name| format!("LoadModule {name}_module {MODULES}/mod_{name}.so\n"))
    .concat();
    let cas = server.url();
    format!(
        r"{modules}
ServerRoot {folder}
DefaultRuntimeDir {folder}
PidFile {folder}/httpd.pid
ErrorLog /dev/stderr
LogLevel warn auth_cas:debug
Listen 127.0.0.1:{port}
ServerName 127.0.0.1:{port}
# The service is named as the visitor named it: one Apache is two applications.
UseCanonicalName Off
User www-data
Group www-data
TypesConfig /etc/mime.types
AddDefaultCharset UTF-8
AddType text/html .shtml
AddOutputFilter INCLUDES .shtml
DirectoryIndex index.shtml
DocumentRoot {folder}/www

CASDebug On
CASVersion 2
CASCookiePath {folder}/sessions/
CASLoginURL {cas}cas/login
CASValidateURL {cas}cas/p3/serviceValidate
CASAttributePrefix CAS-

<Directory {folder}/www>
    Options +Includes
    Require all granted
</Directory>
<Location /secret>
    AuthType CAS
    CASAuthNHeader CAS-User
    CASScope /
    Require valid-user
</Location>
"
    )
}
