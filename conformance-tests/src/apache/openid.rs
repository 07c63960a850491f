//! Apache with `mod_auth_openidc`, configured as `docs/integrate.md` says.

use std::fs;
use std::process::Command;

use anyhow::Result;

use super::{Place, SignIn, launch, modules};
use crate::document::Example;
use crate::php;
use crate::process::{Running, free_ports};
use crate::server::Server;
use crate::stage::Stage;

/// What the tests ask beyond the document: what the module knows of its visitor, in JSON.
const INFO: &str = "OIDCInfoHook iat access_token access_token_expires id_token userinfo";

/// The end of `/person.php`, which begins as the document's PHP does.
const SAY: &str = "header('Content-Type: application/json');
echo json_encode(['number' => $number, 'name' => $name], JSON_THROW_ON_ERROR);
";

/// Starts one on `port` of loopback, which protects all but `/goodbye`, and PHP beside it.
pub async fn start_openid(
    stage: &Stage,
    server: &Server,
    port: u16,
    secret: &str,
) -> Result<Vec<Running>> {
    let place = Place::new(stage, &[])?;
    let greeting = "<!--#echo var=\"REMOTE_USER\" -->";
    fs::write(place.www().join("index.shtml"), greeting)?;
    fs::write(place.www().join("goodbye"), "Goodbye")?;
    let php = Example::named("php.behind_apache")?.code;
    fs::write(
        place.www().join("person.php"),
        format!("<?php\n{php}\n{SAY}"),
    )?;
    let [php_port] = free_ports()?;
    let mut command = Command::new(php::PROGRAM);
    // FastCGI, as php-fpm speaks it.
    command.args(["-b", &format!("127.0.0.1:{php_port}")]);
    let php_running = Running::start("php-cgi", &mut command, &stage.log("php"))?;
    let example = Example::named("mod_auth_openidc")?;
    let documented = example.at(server.url(), &format!("http://127.0.0.1:{port}"), secret);
    let host = format!(
        "{modules}
<VirtualHost 127.0.0.1:{port}>
ServerName http://127.0.0.1:{port}
{documented}
{INFO}
<FilesMatch \\.php$>
ProxyFCGIBackendType GENERIC
SetHandler proxy:fcgi://127.0.0.1:{php_port}
</FilesMatch>
</VirtualHost>
",
        modules = modules(&["proxy", "proxy_fcgi"]),
    );
    let apache = launch(stage, &place, SignIn::Openid, port, &host).await?;
    Ok(vec![apache, php_running])
}
