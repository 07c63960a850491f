//! The application doctor: a real round trip through a registered service, with a ticket for the
//! probe. It works beside running servers: the validation is done by whichever node the application
//! asks, and seen in the database.

mod probe;
mod seen;

use std::sync::Arc;
use std::time::Duration;

use idp_domain::applications::doctor::{
    self, AfterTicket, Finding, Landing, MOST_REDIRECTS, Severity, TicketSeen, Trouble,
};
use idp_domain::applications::{
    Application, ApplicationId, BadEntries, CasSide, OutboundUrl, ProvenService,
    Refusal as Refused, Registry,
};
use idp_domain::cas::{LOGOUT_PARAMETER, ServiceTicket};
use idp_domain::ids::GrantId;
use idp_domain::signin::PROBE_NUMBER;
use idp_storage::{DbError, applications, probes};
use jiff::{SignedDuration, Timestamp};

use super::slo;
use crate::app::App;
use crate::egress::Answer;
use crate::refusal::Refusal;
use crate::sessions::ending;
use crate::visit::{Context, Visit};
use seen::{stage_trouble, trouble, verdict};

/// How often the database is asked whether the ticket was validated.
const LOOK: Duration = Duration::from_millis(100);

/// What is to be examined.
#[derive(Clone, Debug)]
pub struct Plan<'a> {
    pub application: &'a ApplicationId,
    /// Where to begin; the first service of the entry without one.
    pub service: Option<&'a str>,
    /// How long the application may take to have the ticket validated.
    pub within: Duration,
    /// How long each of our requests may take.
    pub patience: Duration,
}

/// What was found, in the order of the round trip.
#[derive(Clone, Debug)]
pub struct Examination {
    pub findings: Vec<Finding>,
}

impl Examination {
    /// Nothing is wrong; there may be remarks.
    pub fn is_well(&self) -> bool {
        self.findings.iter().all(|f| f.severity() < Severity::Wrong)
    }
}

/// Why there is nothing to examine.
#[derive(Debug, thiserror::Error)]
pub enum CantExamine {
    #[error("there is no application {0}")]
    NotRegistered(ApplicationId),
    #[error("{service} is no service of {application}: {refused}")]
    NoService {
        service: String,
        application: ApplicationId,
        refused: Refused,
    },
    #[error("{service} is a service of {owner}, not of {application}")]
    OthersService {
        service: String,
        application: ApplicationId,
        owner: ApplicationId,
    },
    #[error(transparent)]
    Db(#[from] DbError),
    #[error("the probe's ticket could not be issued")]
    Failed,
}

impl From<Refusal> for CantExamine {
    fn from(_: Refusal) -> Self {
        // Its cause is in the log.
        Self::Failed
    }
}

/// The way through one application.
struct Doctor<'a> {
    app: &'a Arc<App>,
    plan: &'a Plan<'a>,
    registry: Arc<Registry>,
    application: Arc<Application>,
    findings: Vec<Finding>,
}

/// Examines an application. What can't be tried after a finding isn't tried.
///
/// # Errors
/// [`CantExamine`]
pub async fn examine(app: &Arc<App>, plan: &Plan<'_>) -> Result<Examination, CantExamine> {
    let registry = app.applications.current();
    let Some(application) = registry.get(plan.application).cloned() else {
        return unusable(app, plan.application).await;
    };
    let mut doctor = Doctor {
        app,
        plan,
        registry,
        application,
        findings: Vec::new(),
    };
    doctor.examine().await?;
    Ok(Examination {
        findings: doctor.findings,
    })
}

/// An entry that isn't in the registry: nobody's, or one that every node leaves out.
async fn unusable(app: &App, id: &ApplicationId) -> Result<Examination, CantExamine> {
    let stored = applications::find(&mut app.db.read().await?, id).await?;
    let problems: Option<BadEntries> =
        stored.and_then(|stored| Application::from_json(&stored.entry, app.config.demo).err());
    match problems {
        None => Err(CantExamine::NotRegistered(id.clone())),
        Some(problems) => Ok(Examination {
            findings: vec![Finding::EntryUnusable {
                problems: problems.to_string(),
            }],
        }),
    }
}

impl Doctor<'_> {
    async fn examine(&mut self) -> Result<(), CantExamine> {
        let application = Arc::clone(&self.application);
        let Some(cas) = application.cas.as_ref() else {
            self.findings.push(Finding::NoCas);
            return Ok(());
        };
        let Some(tried) = self.begin(cas)? else {
            return Ok(());
        };
        if !self.reach(&tried).await {
            return Ok(());
        }
        let Some(service) = self.without_ticket(cas, &tried).await else {
            return Ok(());
        };
        self.with_ticket(cas, &service).await
    }

    /// The service to begin with.
    fn begin(&mut self, cas: &CasSide) -> Result<Option<ProvenService>, CantExamine> {
        let id = &self.application.id;
        let tried = match self.plan.service {
            Some(service) => Some(self.own_service(service)?),
            None => cas.first_address().and_then(|address| {
                let (owner, proven) = self.registry.resolve(&address).ok()?;
                (owner.id == *id).then_some(proven)
            }),
        };
        if !self.application.enabled {
            self.findings.push(Finding::Disabled);
            return Ok(None);
        }
        self.findings.push(match &tried {
            None => Finding::NothingToTry,
            Some(tried) => Finding::Tries {
                address: tried.canonical().to_owned(),
            },
        });
        Ok(tried)
    }

    fn own_service(&self, service: &str) -> Result<ProvenService, CantExamine> {
        let application = self.application.id.clone();
        let service_text = service.to_owned();
        match self.registry.resolve(service) {
            Ok((owner, proven)) if owner.id == application => Ok(proven),
            Ok((owner, _)) => Err(CantExamine::OthersService {
                service: service_text,
                application,
                owner: owner.id.clone(),
            }),
            Err(refused) => Err(CantExamine::NoService {
                service: service_text,
                application,
                refused,
            }),
        }
    }

    async fn reach(&mut self, service: &ProvenService) -> bool {
        let Some(to) = service.outbound() else {
            self.findings.push(Finding::NothingToTry);
            return false;
        };
        let (host, port) = (to.host().to_owned(), to.port());
        let reached = self.app.egress.reach(&to, self.plan.patience).await;
        let is_reached = reached.is_ok();
        self.findings.push(match reached {
            Ok(()) => Finding::Reached {
                host,
                port,
                https: to.is_https(),
            },
            Err(unreached) => Finding::Unreached {
                host,
                port,
                trouble: stage_trouble(unreached),
            },
        });
        is_reached
    }

    /// Where a visitor without a ticket is sent; the service to make one for.
    async fn without_ticket(
        &mut self,
        cas: &CasSide,
        tried: &ProvenService,
    ) -> Option<ProvenService> {
        let begin = tried.outbound()?;
        let (finding, service) = match self.follow(cas, begin, |_| true).await {
            Err(trouble) => (Finding::NoAnswer { trouble }, None),
            Ok(landing) => doctor::login(
                &landing,
                &self.registry,
                &self.application,
                tried,
                self.app.config.server.issuer.url(),
            ),
        };
        self.findings.push(finding);
        service
    }

    /// Asks, and follows redirects within the application as far as `goes_on` wants.
    async fn follow(
        &self,
        cas: &CasSide,
        mut to: OutboundUrl,
        goes_on: impl Fn(&OutboundUrl) -> bool,
    ) -> Result<Landing, Trouble> {
        let issuer = self.app.config.server.issuer.url();
        let mut followed = 0;
        loop {
            let asked = self.app.egress.get_within(&to, self.plan.patience).await;
            let answer = asked.map_err(trouble)?;
            let location = answer.location.as_deref();
            match doctor::landing(&to, answer.status, location, issuer, cas) {
                Landing::Onward(next) if followed < MOST_REDIRECTS && goes_on(&next) => {
                    followed += 1;
                    to = next;
                }
                landing => return Ok(landing),
            }
        }
    }

    /// A ticket for the probe: taken to the application, watched, and at last withdrawn.
    async fn with_ticket(
        &mut self,
        cas: &CasSide,
        service: &ProvenService,
    ) -> Result<(), CantExamine> {
        let mut visit = Visit::new(Context::own(self.app));
        let Some((session, ticket)) = self.issue(&mut visit, service).await? else {
            self.findings.push(Finding::NotIssued);
            return Ok(());
        };
        let seen = self.take_there(cas, service, &ticket, visit.now).await;
        let mut leaving = Visit::new(Context::own(self.app));
        let mut tx = self.app.db.write().await?;
        ending::end_probe(&mut leaving, &mut tx, &session.id_hash).await?;
        tx.commit().await?;
        let grant = seen?;
        self.notify(cas, service, grant, &ticket).await;
        Ok(())
    }

    /// Gives the ticket to the application as a browser would, and watches what becomes of it.
    async fn take_there(
        &mut self,
        cas: &CasSide,
        service: &ProvenService,
        ticket: &ServiceTicket,
        issued_at: Timestamp,
    ) -> Result<Option<GrantId>, CantExamine> {
        let Some(to) = service.outbound_with_ticket(ticket) else {
            self.findings.push(Finding::NotIssued);
            return Ok(None);
        };
        // A page that goes on without the ticket wants the cookie that we don't keep.
        let keeps_ticket =
            |to: &OutboundUrl| to.url().query_pairs().any(|(name, _)| name == "ticket");
        let (landed, seen) = tokio::join!(
            self.follow(cas, to, keeps_ticket),
            self.watch(ticket, issued_at)
        );
        let (grant, seen) = seen?;
        let within = SignedDuration::try_from(self.plan.within).unwrap_or_default();
        let finding = doctor::validation(&seen, service, within);
        let validated = finding.severity() == Severity::Well;
        self.findings.push(finding);
        let after = match landed {
            Ok(landing) => AfterTicket::Landed(landing),
            Err(trouble) => AfterTicket::NoAnswer(trouble),
        };
        self.findings.extend(doctor::after_ticket(after, validated));
        Ok(grant)
    }

    async fn watch(
        &self,
        ticket: &ServiceTicket,
        issued_at: Timestamp,
    ) -> Result<(Option<GrantId>, TicketSeen), CantExamine> {
        let mut seen = TicketSeen {
            issued_at,
            expires_at: Timestamp::MAX,
            consumed_at: None,
            verdict: None,
        };
        let mut grant = None;
        let mut looks = 0;
        loop {
            let mut conn = self.app.db.read().await?;
            if let Some(state) = probes::ticket(&mut conn, &ticket.hash()).await? {
                grant = Some(GrantId(state.grant));
                seen.expires_at = state.expires_at;
                seen.consumed_at = state.consumed_at;
            }
            if let (Some(_), Some(grant)) = (seen.consumed_at, grant) {
                let trail = probes::trail(&mut conn, issued_at).await?;
                seen.verdict = trail.iter().find_map(|row| verdict(row, grant));
                return Ok((Some(grant), seen));
            }
            drop(conn);
            if LOOK * looks >= self.plan.within {
                return Ok((grant, seen));
            }
            tokio::time::sleep(LOOK).await;
            looks += 1;
        }
    }

    /// The notice of the logout, as `slo` sends it.
    async fn notify(
        &mut self,
        cas: &CasSide,
        service: &ProvenService,
        grant: Option<GrantId>,
        ticket: &ServiceTicket,
    ) {
        let (to, grant) = match (doctor::logout(cas, service), grant) {
            (Err(finding), _) => return self.findings.push(finding),
            (Ok(_), None) => return,
            (Ok(to), Some(grant)) => (to, grant),
        };
        let now = self.app.clock.now();
        let document = slo::written(grant, PROBE_NUMBER, ticket.as_str(), now);
        let form = [(LOGOUT_PARAMETER, document.as_str())];
        let patience = self.plan.patience;
        let issuer = self.app.config.server.issuer.url();
        let sent = self.app.egress.post_form_within(&to, &form, patience).await;
        self.findings.push(match sent {
            Ok(answer) if (200..300).contains(&answer.status) => Finding::LogoutAccepted {
                status: answer.status,
            },
            Ok(Answer {
                status, location, ..
            }) if doctor::sends_to_login(&to, status, location.as_deref(), issuer) => {
                Finding::LogoutUnconfirmed { status }
            }
            Ok(answer) => Finding::LogoutRefused {
                status: answer.status,
            },
            Err(error) => Finding::LogoutUndelivered {
                host: to.host().to_owned(),
                port: to.port(),
                trouble: trouble(error),
            },
        });
    }
}
