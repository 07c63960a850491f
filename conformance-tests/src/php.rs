//! phpCAS, a real CAS client that proxies: the applications of `clients/php`, run by php-cgi behind
//! the Apache of the test.

use std::fs;
use std::path::Path;

use anyhow::{Result, bail};

use crate::binary::crate_folder;
use crate::server::Node;
use crate::tls::Tls;

/// Debian's php-cgi.
pub const PROGRAM: &str = "/usr/bin/php-cgi";
const LIBRARY: &str = "/usr/share/php/CAS.php";
const FILES: [&str; 4] = [
    "application.php",
    "portal/index.php",
    "archive/index.php",
    "saml/index.php",
];

/// Copies the applications to a folder that Apache's user may read.
pub fn lay_out(www: &Path) -> Result<()> {
    if !Path::new(PROGRAM).exists() || !Path::new(LIBRARY).exists() {
        bail!("these tests need Debian's php-cas and php-cgi");
    }
    let from = crate_folder().join("clients/php");
    for file in FILES {
        let to = www.join(file);
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::copy(from.join(file), to)?;
    }
    Ok(())
}

/// What Apache is told: every `.php` of the host goes to php-cgi, which knows where the server is.
/// `state` is a folder that Apache's user may write to.
pub fn configuration(own_url: &str, server: &Node, tls: &Tls, state: &Path) -> String {
    let authority = tls.authority.display();
    let state = state.display();
    let port = server.url().port().unwrap_or(443);
    format!(
        r"
ScriptAlias /php-cgi {PROGRAM}
<Location /php-cgi>
    Require env REDIRECT_STATUS
</Location>
Action phpcas /php-cgi
AddHandler phpcas .php
SetEnv CAS_PORT {port}
SetEnv CAS_CA {authority}
SetEnv OWN_URL {own_url}
SetEnv STATE {state}
"
    )
}
