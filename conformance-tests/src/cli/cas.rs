//! `conformance-tests cas …`

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use conformance_tests::suite::cas;
use conformance_tests::suite::case::Case;
use conformance_tests::suite::client::Browser;
use conformance_tests::suite::context::Context;
use conformance_tests::suite::evidence::Party;
use conformance_tests::suite::options::{Options, Password, SAMPLES, UNREGISTERED};
use url::Url;

use super::RunArguments;

const EXAMPLES: &str = "\
Examples:
  # What can be said with one registered service
  conformance-tests cas --base https://sso.example.edu/cas --user u --password p \\
      --service https://app.example.edu/

  # With single logout: the server is told of the service http://127.0.0.1:9911/*
  conformance-tests cas --base http://127.0.0.1:8000/cas --user u --password p \\
      --service http://127.0.0.1:9900/app --other-service http://127.0.0.1:9901/app \\
      --listen 127.0.0.1:9911 --report report.html --report junit.xml

  # A few cases only; what there is
  conformance-tests cas … --only 12,30-41
  conformance-tests cas --list

Exit codes: 0 no failure, 1 failures, 2 wrong use or no server.";

/// Checks a CAS server against the protocol, version 3.0.3.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct CasArguments {
    /// The address that the server's /login and the rest lie under, as `http://localhost:8080/cas`.
    #[arg(long, value_name = "URL", required_unless_present = "list", value_parser = web_address)]
    base: Option<Url>,
    /// Who signs in.
    #[arg(long, value_name = "NAME", required_unless_present = "list")]
    user: Option<String>,
    /// Their password; better in the environment, where no list of processes shows it.
    #[arg(
        long,
        env = "CAS_PASSWORD",
        hide_env_values = true,
        required_unless_present = "list"
    )]
    password: Option<String>,
    /// A service that the server knows.
    #[arg(long, value_name = "URL", required_unless_present = "list", value_parser = service)]
    service: Option<String>,
    /// Another one, of another application.
    #[arg(long, value_name = "URL", value_parser = service)]
    other_service: Option<String>,
    /// One over https.
    #[arg(long, value_name = "URL", value_parser = service)]
    https_service: Option<String>,
    /// A service that the server doesn't know.
    #[arg(long, value_name = "URL", default_value = UNREGISTERED)]
    unregistered: String,
    /// The name of the login form's field for the user, where it isn't found.
    #[arg(long, value_name = "NAME")]
    username_field: Option<String>,
    /// The name of the field for the password.
    #[arg(long, value_name = "NAME")]
    password_field: Option<String>,
    /// Serve applications for single logout here; the server must know `http://ADDR/*`.
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// The address by which the server reaches --listen, where it is another one.
    #[arg(long, value_name = "URL", requires = "listen")]
    listen_url: Option<Url>,
    /// The proxy callback that the server allows to --service; the suite serves it. With a query,
    /// as `https://localhost:9443/pgt?x=1`, more can be checked.
    #[arg(long, value_name = "URL")]
    callback: Option<Url>,
    /// Where the callback listens, if not on loopback at the port of --callback.
    #[arg(long, value_name = "ADDR", requires = "callback")]
    callback_listen: Option<SocketAddr>,
    /// A proxy callback that the server doesn't allow.
    #[arg(long, value_name = "URL")]
    callback_denied: Option<Url>,
    /// A service that --service may get proxy tickets for.
    #[arg(long, value_name = "URL", value_parser = service)]
    proxy_target: Option<String>,
    /// The callback that the server allows to --proxy-target, for chains: at the same host and port
    /// as --callback.
    #[arg(long, value_name = "URL", requires = "proxy_target")]
    target_callback: Option<Url>,
    /// A service that --proxy-target may get proxy tickets for, if not for itself.
    #[arg(long, value_name = "URL", requires = "target_callback", value_parser = service)]
    chain_target: Option<String>,
    /// A target that is no web address, as `imap://mail.example.edu`.
    #[arg(long, value_name = "NAME", requires = "proxy_target")]
    opaque_target: Option<String>,
    /// A registered service that may not proxy.
    #[arg(long, value_name = "URL", requires = "callback", value_parser = service)]
    no_proxy_service: Option<String>,
    /// A registered service that is told an attribute whose name is no XML name.
    #[arg(long, value_name = "URL", value_parser = service)]
    awkward_service: Option<String>,
    /// How long the server's tickets live: their end is waited for. At most 4 minutes.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=240))]
    ticket_lifetime: Option<u64>,
    /// After how long an unused session ends: it is waited for, and two minutes more.
    #[arg(long, value_name = "SECONDS", requires = "listen", value_parser = clap::value_parser!(u64).range(1..=3600))]
    idle_timeout: Option<u64>,
    /// How many tickets are drawn to judge their randomness.
    #[arg(long, value_name = "NUMBER", default_value_t = SAMPLES, value_parser = samples)]
    samples: usize,
    /// The callback's certificate chain (PEM), which the server must trust. Without it the suite
    /// makes a CA of its own for the run.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Its key (PEM).
    #[arg(long, value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// The CA that signed it (PEM).
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Where the suite's own CA is written (PEM), for the server to trust.
    #[arg(long, value_name = "FILE", conflicts_with = "tls_cert")]
    ca_out: Option<PathBuf>,
    #[command(flatten)]
    run: RunArguments,
}

/// Runs the suite; true where nothing failed.
pub async fn cas(arguments: Box<CasArguments>) -> Result<bool> {
    let run = arguments.run.clone();
    let cases: Vec<&'static Case> = run.choose(cas::all())?;
    if run.list {
        super::list(&cases);
        return Ok(true);
    }
    let plan = run.plan(&cas::SUITE)?;
    let mut context = Context::new(options(*arguments)?).await?;
    reach(&context).await?;
    plan.carry_out(&mut context, cases).await
}

fn options(arguments: CasArguments) -> Result<Options> {
    let (Some(base), Some(user), Some(password), Some(service)) = (
        arguments.base,
        arguments.user,
        arguments.password,
        arguments.service,
    ) else {
        bail!("--base, --user, --password and --service are needed");
    };
    Ok(Options {
        base,
        user,
        password: Password(password),
        service,
        other_service: arguments.other_service,
        https_service: arguments.https_service,
        unregistered: arguments.unregistered,
        profile: arguments.run.profile,
        username_field: arguments.username_field,
        password_field: arguments.password_field,
        listen: arguments.listen,
        listen_url: arguments.listen_url,
        callback: arguments.callback,
        callback_denied: arguments.callback_denied,
        callback_listen: arguments.callback_listen,
        proxy_target: arguments.proxy_target,
        target_callback: arguments.target_callback,
        chain_target: arguments.chain_target,
        opaque_target: arguments.opaque_target,
        no_proxy_service: arguments.no_proxy_service,
        awkward_service: arguments.awkward_service,
        tls_cert: arguments.tls_cert,
        tls_key: arguments.tls_key,
        ca: arguments.ca,
        ca_out: arguments.ca_out,
        ticket_lifetime: arguments.ticket_lifetime,
        idle_timeout: arguments.idle_timeout,
        samples: arguments.samples,
    })
}

/// An address with a host.
pub fn web_address(text: &str) -> Result<Url, String> {
    let url: Url = text.parse().map_err(|error| format!("{error}"))?;
    if matches!(url.scheme(), "http" | "https") && url.has_host() {
        Ok(url)
    } else {
        Err("it begins neither with http:// nor with https://".to_owned())
    }
}

/// Kept as it was written: the protocol promises that it comes back byte for byte.
fn service(text: &str) -> Result<String, String> {
    web_address(text).map(|_| text.to_owned())
}

/// Fewer say nothing, more are no sample.
fn samples(text: &str) -> Result<usize, String> {
    let number = text.parse().map_err(|_| "no number".to_owned())?;
    if (20..=100_000).contains(&number) {
        Ok(number)
    } else {
        Err("between 20 and 100000".to_owned())
    }
}

/// A server that isn't there fails no case: the call was wrong.
async fn reach(context: &Context) -> Result<()> {
    let mut browser = Browser::new(
        Party::Browser,
        &context.options.base,
        context.evidence.clone(),
    )?;
    let page = browser.get(context.url("login", &[])?).await;
    let page = page.with_context(|| format!("no server at {}", context.options.base))?;
    ensure!(
        page.status != 404,
        "no /login under {}: is --base right?",
        context.options.base
    );
    Ok(())
}
