//! `conformance-tests oidc …`

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use conformance_tests::suite::case::Case;
use conformance_tests::suite::oidc;
use conformance_tests::suite::oidc::provider::{Options, Provider};
use conformance_tests::suite::oidc::registration::{self, Form};
use conformance_tests::suite::oidc::target::{Account, Target};
use url::Url;

use super::RunArguments;
use super::cas::web_address;

const EXAMPLES: &str = "\
Examples:
  # A file with clients nobody knows yet; put in who signs in
  conformance-tests oidc --new-target > target.toml

  # Their registration, for Yimen and for others
  conformance-tests oidc --target target.toml --print-registration yimen > applications.json
  conformance-tests oidc --target target.toml --print-registration rfc7591

  # The run
  conformance-tests oidc --issuer https://sso.example.edu --target target.toml --report report.html

  # A few cases only; what there is
  conformance-tests oidc … --only 12,30-41
  conformance-tests oidc --list

Exit codes: 0 no failure, 1 failures, 2 wrong use or no server.";

/// Where logout tokens are heard unless a target says otherwise.
const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 9912);

/// Checks an OpenID provider: Connect Core, Discovery, the logouts, and the RFCs of OAuth around
/// them.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct OidcArguments {
    /// The issuer, under which the configuration document lies.
    #[arg(long, value_name = "URL", value_parser = web_address,
        required_unless_present_any = ["list", "new_target", "print_registration"])]
    issuer: Option<Url>,
    /// Who signs in, and the clients that the server knows (TOML).
    #[arg(long, value_name = "FILE", required_unless_present_any = ["list", "new_target"])]
    target: Option<PathBuf>,
    /// Print a new target with fresh secrets and keys, and run nothing.
    #[arg(long, conflicts_with = "target")]
    new_target: bool,
    /// Print how the clients of --target are registered, and run nothing.
    #[arg(long, value_name = "FORM", requires = "target")]
    print_registration: Option<Form>,
    #[command(flatten)]
    run: RunArguments,
}

/// Runs the suite; true where nothing failed.
pub async fn oidc(arguments: Box<OidcArguments>) -> Result<bool> {
    let run = &arguments.run;
    let cases: Vec<&'static Case<Provider>> = run.choose(oidc::all())?;
    if run.list {
        super::list(&cases);
        return Ok(true);
    }
    if arguments.new_target {
        let account = |name: &str| Account {
            name: name.to_owned(),
            password: "change this".to_owned(),
        };
        let target = Target::fresh(LISTEN, account("user"), Some(account("other-user")))?;
        print!("{}", toml::to_string(&target)?);
        return Ok(true);
    }
    let target = Target::read(arguments.target.as_deref().context("--target is needed")?)?;
    if let Some(form) = arguments.print_registration {
        println!("{:#}", registration::write(&target, form)?);
        return Ok(true);
    }
    let plan = run.plan(&oidc::SUITE)?;
    let issuer = arguments.issuer.clone().context("--issuer is needed")?;
    let options = Options {
        profile: run.profile,
        issuer,
        target,
    };
    let mut provider = Provider::new(options).await?;
    plan.carry_out(&mut provider, cases).await
}
