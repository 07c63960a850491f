//! The flags that stand for keys of the configuration, and how they become one.

use std::path::PathBuf;

use clap::Args;

use crate::config::{self, ConfigError, Flag, Loaded, Sources};

/// Where the configuration and the data are; for every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Configuration")]
pub(super) struct StoreFlags {
    /// Read this file instead of yimen.toml in the working directory
    #[arg(
        long,
        value_name = "FILE",
        env = "YIMEN_CONFIG",
        hide_env_values = true
    )]
    config: Option<PathBuf>,
    /// The folder of the embedded database and of master.key [default: data]
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
    /// sqlite://PATH or postgres://… [default: yimen.db in the data folder]
    #[arg(long, value_name = "URL")]
    database: Option<String>,
}

/// A server of any kind; for the commands that serve everything, and those that check.
#[derive(Debug, Args)]
#[command(next_help_heading = "Server")]
pub(super) struct ServerFlags {
    #[command(flatten)]
    listen: ListenFlags,
    /// A demonstration campus, on loopback only: people, an application and an inbox for its messages
    #[arg(long)]
    demo: bool,
}

/// How a server is reached.
#[derive(Debug, Args)]
#[command(next_help_heading = "Server")]
pub(super) struct ListenFlags {
    /// The address that browsers know, such as https://id.example.edu [default: http://localhost:8080]
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// Listen here [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Health and metrics [default: 127.0.0.1:9090]
    #[arg(long, value_name = "ADDR")]
    management: Option<String>,
    /// Proxies whose X-Forwarded-For is believed; nobody's unless named
    #[arg(long, value_name = "CIDR,…")]
    trusted_proxies: Option<String>,
    /// Certificate chain (PEM); TLS is spoken when it is given
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<String>,
    /// Its private key (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<String>,
}

/// How a hall that runs alone is reached, and its provider.
#[derive(Debug, Args)]
#[command(next_help_heading = "Hall")]
pub(super) struct HallFlags {
    /// The identity provider, such as https://id.example.edu
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// The hall's address that browsers know [default: http://localhost:8090]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Listen here [default: 127.0.0.1:8090]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Health and metrics [default: 127.0.0.1:9091]
    #[arg(long, value_name = "ADDR")]
    management: Option<String>,
    /// Proxies whose X-Forwarded-For is believed; nobody's unless named
    #[arg(long, value_name = "CIDR,…")]
    trusted_proxies: Option<String>,
}

impl HallFlags {
    fn flags(&self) -> Vec<Flag> {
        given([
            ("--issuer", "portal.issuer", &self.issuer),
            ("--url", "portal.url", &self.url),
            ("--listen", "portal.listen", &self.listen),
            ("--management", "portal.management", &self.management),
            (
                "--trusted-proxies",
                "server.trusted_proxies",
                &self.trusted_proxies,
            ),
        ])
    }
}

impl StoreFlags {
    /// The configuration for a command that works on the data alone.
    pub(super) fn load(&self) -> Result<Loaded, ConfigError> {
        config::load(&self.sources()?)
    }

    /// The configuration for a command that serves or checks.
    pub(super) fn load_with(&self, server: &ServerFlags) -> Result<Loaded, ConfigError> {
        let mut sources = self.sources()?;
        sources.demo = server.demo;
        sources.flags.extend(server.listen.flags());
        config::load(&sources)
    }

    /// The configuration for a command that serves, never a demonstration.
    pub(super) fn load_as_node(&self, listen: &ListenFlags) -> Result<Loaded, ConfigError> {
        let mut sources = self.sources()?;
        sources.flags.extend(listen.flags());
        config::load(&sources)
    }

    /// The configuration for a hall that runs alone.
    pub(super) fn load_as_hall(&self, hall: &HallFlags) -> Result<Loaded, ConfigError> {
        let mut sources = self.sources()?;
        for flag in &mut sources.flags {
            // Its sessions are all that this program keeps.
            if flag.key == "database.url" {
                flag.key = "portal.database.url";
            }
        }
        sources.flags.extend(hall.flags());
        config::load(&sources)
    }

    fn sources(&self) -> Result<Sources, ConfigError> {
        Ok(Sources {
            file: self.config.clone(),
            variables: config::variables()?,
            flags: given([
                ("--data", "data", &self.data),
                ("--database", "database.url", &self.database),
            ]),
            demo: false,
        })
    }
}

impl ListenFlags {
    fn flags(&self) -> Vec<Flag> {
        given([
            ("--issuer", "server.issuer", &self.issuer),
            ("--listen", "server.listen", &self.listen),
            ("--management", "server.management", &self.management),
            (
                "--trusted-proxies",
                "server.trusted_proxies",
                &self.trusted_proxies,
            ),
            ("--tls-cert", "server.tls.cert", &self.tls_cert),
            ("--tls-key", "server.tls.key", &self.tls_key),
        ])
    }
}

fn given<const N: usize>(flags: [(&'static str, &'static str, &Option<String>); N]) -> Vec<Flag> {
    flags
        .into_iter()
        .filter_map(|(name, key, value)| {
            let value = value.clone()?;
            Some(Flag { name, key, value })
        })
        .collect()
}
