//! The applications of `docs/integrate.md`, made of its text.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use anyhow::Result;
use serde_json::{Value, json};

use super::program::launch;
use super::registration::SECRET;
use crate::binary::crate_folder;
use crate::document::Example;
use crate::process::{Running, free_ports};
use crate::server::Server;
use crate::stage::Stage;
use crate::tools;

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guide {
    Node,
    Django,
}

/// A running one, registered at the server as the document says.
#[derive(Debug)]
pub struct Documented {
    guide: Guide,
    own: String,
    _running: Running,
}

impl Documented {
    pub async fn start(stage: &Stage, server: &Server, guide: Guide) -> Result<Self> {
        let [port] = free_ports()?;
        let own = format!("http://127.0.0.1:{port}");
        let written = Written {
            server,
            own: &own,
            port,
        };
        server
            .register_client(&written.entry(guide.addresses())?)
            .await?;
        let folder = stage.folder().join("documented");
        let program = match guide {
            Guide::Node => written.node(&folder)?,
            Guide::Django => written.django(&folder)?,
        };
        Ok(Self {
            guide,
            _running: launch(stage, program, port).await?,
            own,
        })
    }

    /// Says in JSON who is signed in.
    pub fn page(&self) -> String {
        format!("{}/", self.own)
    }

    /// Signs out here and at the provider.
    pub fn sign_out(&self) -> String {
        let path = match self.guide {
            Guide::Node => "/signout",
            Guide::Django => "/oidc/logout/",
        };
        format!("{}{path}", self.own)
    }

    /// Where people come to after that.
    pub fn goodbye(&self) -> String {
        format!("{}/goodbye", self.own)
    }

    /// To Django it is as if the interval had passed after which it asks the provider again.
    pub fn later(&self) -> String {
        format!("{}/later", self.own)
    }
}

impl Guide {
    fn addresses(self) -> &'static str {
        match self {
            Self::Node => "openid-client.addresses",
            Self::Django => "django.addresses",
        }
    }
}

/// The document with the addresses of the test.
struct Written<'a> {
    server: &'a Server,
    own: &'a str,
    port: u16,
}

impl Written<'_> {
    fn block(&self, name: &str) -> Result<String> {
        Ok(Example::named(name)?.at(self.server.url(), self.own, SECRET))
    }

    fn entry(&self, addresses: &str) -> Result<Value> {
        let mut oidc: Value = serde_json::from_str(&self.block(addresses)?)?;
        oidc["client_secret"] = SECRET.into();
        Ok(json!({
            "id": "library",
            "name": {"zh-CN": "图书馆", "en": "Library"},
            "release": ["name", "number", "affiliation", "email"],
            "oidc": oidc,
        }))
    }

    fn node(&self, folder: &Path) -> Result<Command> {
        fs::create_dir_all(folder)?;
        symlink(
            tools::node_packages()?.join("node_modules"),
            folder.join("node_modules"),
        )?;
        fs::write(folder.join("app.mjs"), self.block("openid-client")?)?;
        let mut node = Command::new("node");
        node.arg("app.mjs")
            .current_dir(folder)
            .env("PORT", self.port.to_string());
        Ok(node)
    }

    /// A new project, with the document's lines where it says that they belong.
    fn django(&self, folder: &Path) -> Result<Command> {
        let project = crate_folder().join("clients/django_relying_party");
        fs::create_dir_all(folder.join("library"))?;
        for (file, block) in [
            ("serve.py", None),
            ("library/__init__.py", None),
            ("library/settings.py", Some("django.settings")),
            ("library/urls.py", Some("django.urls")),
        ] {
            let mut text = fs::read_to_string(project.join(file))?;
            if let Some(block) = block {
                text.push_str(&self.block(block)?);
            }
            fs::write(folder.join(file), text)?;
        }
        fs::write(
            folder.join("library/campus.py"),
            self.block("django.campus")?,
        )?;
        let mut python = Command::new(tools::relying_python()?);
        python
            .arg("serve.py")
            .arg(self.port.to_string())
            .current_dir(folder);
        Ok(python)
    }
}
