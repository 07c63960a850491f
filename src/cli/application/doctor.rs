mod words;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use idp::egress::Resolver;
use idp::{AppParts, CantExamine, Examination, Idp, Plan};
use idp_domain::applications::ApplicationId;
use idp_domain::applications::doctor::{Finding, Severity};
use serde_json::{Value, json};
use themes::Themes;

use super::super::examples::examples;
use super::super::flags::{ServerFlags, StoreFlags};
use super::super::store::{self, Migrate, Store};
use super::super::terminal;
use crate::config::Loaded;
use crate::sms;

/// How long each request to the application may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Make a round trip through an application, and say what is wrong on which side
///
/// Asks for the application's page as a visitor without a ticket, takes a ticket for the probe there,
/// watches whether it is validated, and sends the notice of a logout. The probe is the user
/// "yimen-probe", who can't sign in, has no affiliation, and may enter this application only; the
/// application's own rules decide what it sees. A server must be running for the application to ask.
///
/// Ends with 0 when all is well or only worth a remark, with 1 when something is wrong, with 2 when
/// there is nothing to examine.
#[derive(Debug, Args)]
#[command(after_help = examples!(
    "yimen application doctor library" => "the round trip through the library, from its first service",
    "yimen application doctor library --service https://lib.example.edu.cn/my/books" => "from this page of it",
    "yimen application doctor library --json" => "the findings for a program",
))]
pub(super) struct Doctor {
    /// The application's id
    id: String,
    /// Begin at this page, which must be a service of the application
    #[arg(long, value_name = "URL")]
    service: Option<String>,
    /// How long the application may take to have the ticket validated
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 15,
        value_parser = clap::value_parser!(u32).range(1..=300)
    )]
    within: u32,
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    store: StoreFlags,
    #[command(flatten)]
    server: ServerFlags,
}

impl Doctor {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let Ok(id) = ApplicationId::parse(&self.id) else {
            return Ok(unusable(&format!("{:?} is no application's id", self.id)));
        };
        let loaded = self.store.load_with(&self.server)?;
        let plan = Plan {
            application: &id,
            service: self.service.as_deref(),
            within: Duration::from_secs(self.within.into()),
            patience: PATIENCE,
        };
        if !self.json {
            terminal::note(&format!(
                "Examining {id}, which may take {} seconds …",
                self.within
            ));
        }
        let issuer = loaded.resolved.idp.server.issuer.to_string();
        match store::block_on(examine(loaded, &plan))? {
            Ok(examination) => {
                if self.json {
                    terminal::out(&serde_json::to_string_pretty(&as_json(&id, &examination)?)?)?;
                } else {
                    tell(&id, &examination, &issuer)?;
                }
                Ok(if examination.is_well() {
                    ExitCode::SUCCESS
                } else {
                    ExitCode::FAILURE
                })
            }
            Err(
                error @ (CantExamine::NotRegistered(_)
                | CantExamine::NoService { .. }
                | CantExamine::OthersService { .. }),
            ) => Ok(unusable(&error.to_string())),
            Err(error) => Err(error.into()),
        }
    }
}

/// The command line names nothing that could be examined.
fn unusable(message: &str) -> ExitCode {
    terminal::error(message);
    ExitCode::from(2)
}

async fn examine(
    loaded: Loaded,
    plan: &Plan<'_>,
) -> anyhow::Result<Result<Examination, CantExamine>> {
    let store = Store::open(&loaded, Migrate::New).await?;
    let config = loaded.resolved.idp;
    let themes = Themes::load(&config.school.theme_options()).context("school.theme")?;
    let idp = Box::pin(Idp::start(AppParts {
        config,
        db: store.db,
        keys: store.keys,
        themes,
        clock: store.clock,
        entropy: store.entropy,
        sms: sms::nobody(),
        resolver: Resolver::system(),
    }))
    .await?;
    Ok(Box::pin(idp.examine(plan)).await)
}

fn tell(id: &ApplicationId, examination: &Examination, issuer: &str) -> std::io::Result<()> {
    for finding in &examination.findings {
        let mark = match finding.severity() {
            Severity::Well => "✓",
            Severity::Remark => "!",
            Severity::Wrong => "✗",
        };
        let step = words::step(finding.step());
        terminal::out(&format!("{mark} {step:<8} {}", words::what(finding)))?;
        if let (Some(side), Some(advice)) = (finding.side(), words::advice(finding, issuer)) {
            terminal::out(&format!("           {}: {advice}", words::side(side)))?;
        }
    }
    let wrong = |finding: &&Finding| finding.severity() == Severity::Wrong;
    terminal::out(&match examination.findings.iter().filter(wrong).count() {
        0 => format!("{id} is well"),
        1 => format!("{id}: one thing is wrong"),
        several => format!("{id}: {several} things are wrong"),
    })
}

fn as_json(id: &ApplicationId, examination: &Examination) -> serde_json::Result<Value> {
    let mut findings = Vec::new();
    for finding in &examination.findings {
        findings.push(json!({
            "step": finding.step(),
            "severity": finding.severity(),
            "side": finding.side(),
            "text": words::what(finding),
            "seen": serde_json::to_value(finding)?,
        }));
    }
    Ok(json!({
        "application": id,
        "well": examination.is_well(),
        "findings": findings,
    }))
}
