//! What every request shares.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::response::Response;
use futures_util::future::BoxFuture;
use idp_domain::secrets::Keyring;
use idp_domain::sessions::SessionRules;
use idp_domain::signin::{Destination, StepPolicy};
use migrations::Db;
use themes::Themes;

use crate::ambient::{Clock, Entropy};
use crate::applications::ApplicationRegistry;
use crate::config::{Config, Requirement};
use crate::egress::{Egress, Resolver};
use crate::factors::hash_pool::{BadCost, Cost, HashPool};
use crate::jobs::outbox::{Bell, SmsSender};
use crate::logout::Protocols;
use crate::oidc::client_auth::NotedRefusals;
use crate::oidc::keys::SigningKeys;
use crate::oidc::remote_keys::RemoteKeys;
use crate::oidc::{PublicDocument, discovery};
use crate::rate::Limiters;
use crate::refusal::Refusal;
use crate::sessions::Arrival;
use crate::signin::goal::FindGoal;
use crate::signin::queue::WaitingRoom;
use crate::visit::Visit;

/// Takes a complete sign-in on to where it was going. Set once by `lib.rs`, the only place that
/// knows every protocol, so that the steps need not know any.
pub type Arrive =
    for<'a> fn(&'a mut Visit, Arrival, &'a Destination) -> BoxFuture<'a, Result<Response, Refusal>>;

/// The parts that an identity provider is made of.
#[derive(Debug)]
pub struct AppParts {
    pub config: Config,
    pub db: Db,
    pub keys: Keyring,
    pub themes: Themes,
    pub clock: Clock,
    pub entropy: Entropy,
    pub sms: SmsSender,
    /// Who resolves the hosts that our own requests go to.
    pub resolver: Resolver,
}

/// One node of the identity provider.
pub struct App {
    pub config: Config,
    pub db: Db,
    pub keys: Keyring,
    pub themes: Arc<Themes>,
    pub clock: Clock,
    pub entropy: Entropy,
    pub sms: SmsSender,
    pub applications: ApplicationRegistry,
    /// Of OpenID Connect's tokens.
    pub signing_keys: SigningKeys,
    /// What clients read of us.
    pub discovery: PublicDocument,
    /// Keys of clients that publish them.
    pub remote_keys: RemoteKeys,
    pub hashing: HashPool,
    /// Our own requests to applications.
    pub egress: Egress,
    pub waiting: WaitingRoom,
    /// The campus-wide alarm against spraying stands: strangers are asked for a captcha.
    pub alarm: AtomicBool,
    /// Rung when a code was put into the outbox.
    pub bell: Bell,
    /// Rung when a logout notice was.
    pub notice_bell: Bell,
    /// Names of the host that requests may come by.
    pub hosts: Vec<String>,
    /// Refused clients that were written into the audit trail.
    pub(crate) client_refusals: NotedRefusals,
    pub(crate) limiters: Limiters,
    pub(crate) arrive: Arrive,
    /// How applications are told of a logout.
    pub(crate) protocols: Protocols,
    pub(crate) goal: FindGoal,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl App {
    /// # Errors
    /// [`BadCost`] when the configured argon2 parameters can't be used.
    pub(crate) fn assemble(
        parts: AppParts,
        (applications, signing_keys): (ApplicationRegistry, SigningKeys),
        (limiters, egress): (Limiters, Egress),
        (arrive, goal, protocols): (Arrive, FindGoal, Protocols),
    ) -> Result<Arc<Self>, BadCost> {
        let argon2 = &parts.config.password.argon2;
        let cost = Cost {
            memory_kib: argon2.memory_kib.get(),
            passes: argon2.passes.get(),
            lanes: argon2.lanes.get(),
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let most = parts.config.limits.queue_length.get() as usize;
        let hashing = HashPool::start(threads, most, cost, &mut parts.entropy.rng())?;
        Ok(Arc::new(Self {
            hosts: hosts(&parts.config),
            discovery: discovery::document(&parts.config),
            waiting: WaitingRoom::new(most),
            config: parts.config,
            db: parts.db,
            keys: parts.keys,
            themes: Arc::new(parts.themes),
            clock: parts.clock,
            entropy: parts.entropy,
            sms: parts.sms,
            applications,
            signing_keys,
            remote_keys: RemoteKeys::default(),
            hashing,
            egress,
            limiters,
            alarm: AtomicBool::new(false),
            bell: Bell::default(),
            notice_bell: Bell::default(),
            client_refusals: NotedRefusals::default(),
            arrive,
            protocols,
            goal,
        }))
    }

    pub fn is_https(&self) -> bool {
        self.config.server.issuer.is_https()
    }

    pub fn alarm_stands(&self) -> bool {
        self.alarm.load(Ordering::Relaxed)
    }

    pub fn session_rules(&self) -> SessionRules {
        SessionRules {
            ordinary: self.config.session.lifetime(),
            idle: self.config.session.idle(),
            remembered: self.config.session.remembered(),
        }
    }

    pub fn phone_required(&self) -> bool {
        self.config.activation.requires(Requirement::Phone)
    }

    pub fn step_policy(&self) -> StepPolicy {
        StepPolicy {
            phone_required: self.phone_required(),
            notice_version: self.config.notice.version.clone(),
            zone: self.config.school.timezone.get().clone(),
        }
    }
}

/// The hosts that we answer to. A loopback issuer is the same machine by each of its names.
fn hosts(config: &Config) -> Vec<String> {
    let server = &config.server;
    let mut hosts = vec![server.issuer.authority().to_ascii_lowercase()];
    if server.issuer.is_loopback() {
        let port = server.issuer.url().port_or_known_default();
        for name in ["localhost", "127.0.0.1", "[::1]"] {
            hosts.push(match port {
                Some(80 | 443) | None => name.to_owned(),
                Some(port) => format!("{name}:{port}"),
            });
        }
    }
    hosts.extend(server.extra_hosts.iter().cloned());
    hosts
}
