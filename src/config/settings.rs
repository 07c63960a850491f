use std::net::SocketAddr;
use std::path::PathBuf;

use idp::config::{
    Activation, Config, Database, Egress, Issuer, Limits, Networks, Notice, Oidc, Password,
    Problem, School, Server, Session, Tls,
};
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use sms_gateway::Deployment;

use super::Portal;

/// The file as a whole.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(title = "yimen.toml")]
pub(crate) struct Settings {
    /// The folder of the embedded database and of master.key.
    data: PathBuf,
    server: ServerKeys,
    database: Database,
    school: School,
    activation: Activation,
    password: Password,
    session: Session,
    limits: Limits,
    egress: Egress,
    oidc: Oidc,
    notice: Notice,
    portal: Portal,
    /// Text messages; without this section none are sent.
    #[serde(skip_serializing)]
    sms: Option<sms_gateway::Config>,
    /// A rehearsal: messages may go to the inbox, where `yimen inbox` reads them. Never true
    /// where real people sign in.
    test: bool,
}

/// What the parts of the program are started with.
#[derive(Debug)]
pub(crate) struct Resolved {
    pub(crate) idp: Config,
    /// None: no message can be sent.
    pub(crate) sms: Option<sms_gateway::Config>,
    pub(crate) deployment: Deployment,
    pub(crate) portal: Portal,
    /// The hall's address, where it is served beside the identity provider.
    pub(crate) hall: Option<Issuer>,
}

/// The signature of the demo's messages, which nobody outside ever gets.
const DEMO_SIGNATURE: &str = "一门大学";

/// How the world reaches this server.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct ServerKeys {
    /// The address by which browsers and applications know this server: `https://id.example.edu`.
    /// `http://localhost:PORT` unless set, while `listen` is a loopback address.
    issuer: Option<Issuer>,
    #[schemars(with = "String")]
    listen: SocketAddr,
    /// Health and metrics.
    #[schemars(with = "String")]
    management: SocketAddr,
    /// Address ranges whose X-Forwarded-For is believed; nobody's unless named.
    trusted_proxies: Networks,
    /// PEM files; without them plain HTTP is spoken, to a proxy that ends TLS.
    tls: Option<Tls>,
    /// Host headers served besides the issuer's own.
    extra_hosts: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            data: Config::data_folder(),
            server: ServerKeys::default(),
            database: Database::default(),
            school: School::default(),
            activation: Activation::default(),
            password: Password::default(),
            session: Session::default(),
            limits: Limits::default(),
            egress: Egress::default(),
            oidc: Oidc::default(),
            notice: Notice::default(),
            portal: Portal::default(),
            sms: None,
            test: false,
        }
    }
}

impl Default for ServerKeys {
    fn default() -> Self {
        Self {
            issuer: None,
            listen: Server::LISTEN,
            management: Server::MANAGEMENT,
            trusted_proxies: Networks::default(),
            tls: None,
            extra_hosts: Vec::new(),
        }
    }
}

impl Settings {
    /// Fills in what follows from other keys and checks that the keys fit each other.
    pub(crate) fn resolve(self, demo: bool) -> Result<Resolved, (String, String)> {
        let deployment = match (demo, self.test) {
            (true, _) => Deployment::Demo,
            (false, true) => Deployment::Test,
            (false, false) => Deployment::Production,
        };
        let named = |problem: Problem| (problem.key.to_owned(), problem.reason);
        let mut limits = self.limits;
        if demo && limits.campus_networks.is_empty() {
            // Everybody who tries a demonstration sits behind one address, as a campus does.
            limits.campus_networks = Networks::loopback();
        }
        let idp = Config {
            demo,
            server: self.server.resolve(demo).map_err(named)?,
            data: self.data,
            database: self.database,
            school: self.school,
            activation: self.activation,
            password: self.password,
            session: self.session,
            limits,
            egress: self.egress,
            oidc: self.oidc,
            notice: self.notice,
        };
        idp.check().map_err(named)?;
        let rehearsal = deployment != Deployment::Production;
        let sms = self
            .sms
            .or_else(|| rehearsal.then(|| sms_gateway::Config::inbox(DEMO_SIGNATURE)));
        if let Some(sms) = &sms {
            sms.validate(deployment)
                .map_err(|e| (format!("sms.{}", e.key), e.reason))?;
        }
        let hall = self.portal.beside(&idp.server, demo).map_err(named)?;
        Ok(Resolved {
            idp,
            sms,
            deployment,
            portal: self.portal,
            hall,
        })
    }

    /// The other way: what is in force, in the file's form.
    pub(crate) fn of(resolved: &Resolved) -> Self {
        let config = resolved.idp.clone();
        Self {
            data: config.data,
            server: ServerKeys {
                issuer: Some(config.server.issuer),
                listen: config.server.listen,
                management: config.server.management,
                trusted_proxies: config.server.trusted_proxies,
                tls: config.server.tls,
                extra_hosts: config.server.extra_hosts,
            },
            database: config.database,
            school: config.school,
            activation: config.activation,
            password: config.password,
            session: config.session,
            limits: config.limits,
            egress: config.egress,
            oidc: config.oidc,
            notice: config.notice,
            portal: resolved.portal.clone(),
            sms: None,
            test: resolved.deployment == Deployment::Test,
        }
    }
}

impl ServerKeys {
    fn resolve(self, demo: bool) -> Result<Server, Problem> {
        let local = || Server::local_issuer(self.listen, self.tls.is_some());
        let Some(issuer) = self.issuer.clone().or_else(local) else {
            return Err(self.no_issuer(demo));
        };
        Ok(Server {
            issuer,
            listen: self.listen,
            management: self.management,
            trusted_proxies: self.trusted_proxies,
            tls: self.tls,
            extra_hosts: self.extra_hosts,
        })
    }

    fn no_issuer(&self, demo: bool) -> Problem {
        if demo {
            return Problem::new("server.listen", Server::DEMO_IS_LOCAL);
        }
        Problem::new(
            "server.issuer",
            format!(
                "missing, since server.listen = {} is no loopback address: set it to the address that \
                 browsers know, in the file, as YIMEN_SERVER__ISSUER or by --issuer",
                self.listen
            ),
        )
    }
}

/// The JSON Schema of the file.
pub(crate) fn schema() -> Schema {
    schemars::schema_for!(Settings)
}
