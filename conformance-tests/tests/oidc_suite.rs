//! The OpenID Connect suite itself: in front of a provider that keeps the documents stands what
//! breaks one thing, and the cases about that thing find it, and no others. A suite that can't fail
//! proves nothing.
#![expect(clippy::unwrap_used, reason = "a proxy in a test may panic")]

mod breaking_proxy;

use std::net::TcpListener;

use anyhow::Result;
use breaking_proxy::{Defect, Proxy};
use conformance_tests::oidc_control::OidcControl;
use conformance_tests::suite::case::Case;
use conformance_tests::suite::expectations::Expectations;
use conformance_tests::suite::oidc;
use conformance_tests::suite::oidc::provider::{Options, Provider};
use conformance_tests::suite::runner::{self, Standing};
use conformance_tests::suite::selection::Selection;

const KNOWN: &str = include_str!("../expectations/oidc-provider.toml");

/// What fails beyond what this provider is known to fail.
async fn failing(options: &Options, cases: &str) -> Result<Vec<String>> {
    let known = Expectations::parse(&oidc::SUITE, KNOWN)?;
    let mut provider = Provider::new(options.clone()).await?;
    let chosen: Selection = cases.parse()?;
    let cases: Vec<&'static Case<Provider>> =
        oidc::all().filter(|case| chosen.contains(case)).collect();
    let outcomes = runner::run(&mut provider, cases, |_| ()).await;
    let secret = options.target.clients.basic.client_secret.as_deref();
    for outcome in &outcomes {
        let evidence = serde_json::to_string(&outcome.evidence)?;
        assert!(
            !evidence.contains(&options.target.user.password),
            "{evidence}"
        );
        assert!(!evidence.contains(secret.unwrap()), "{evidence}");
    }
    let failed = outcomes.iter().filter(|it| it.standing == Standing::Fail);
    let failed = failed.map(|it| it.case.id());
    Ok(failed.filter(|id| known.reason(id).is_none()).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_is_found_by_the_cases_about_it() -> Result<()> {
    let found: &[(Defect, &str, &[&str])] = &[
        (
            Defect::None,
            "1-14,16b,20-23,28,39,43,47,63-66,70-74,91,93,99,112,114",
            &[],
        ),
        (
            Defect::LosesState,
            "1,4,5,7,10,22a,93",
            &["4a", "4b", "7a", "7b", "22a"],
        ),
        (
            Defect::LosesIssuer,
            "1,4,5,7,10,22a,93",
            &["4a", "4b", "22a", "93a", "93b"],
        ),
        (Defect::ForgetsNonce, "1,7,10", &["10b"]),
        (
            Defect::ForgetsPrompt,
            "1,11-15,21a",
            &["11", "13", "14a", "14b", "15a", "21a"],
        ),
        (Defect::ForgetsMaxAge, "1,16", &["16a", "16b", "16c", "16d"]),
        (Defect::RepeatsCredentials, "1,28", &["28a"]),
        (
            Defect::LetsCachesKeepIt,
            "1,31,47,92,95c",
            &["31b", "47b", "47d", "92b", "95c"],
        ),
        (Defect::TakesTokenRequestsByGet, "1,39", &["39a"]),
        (
            Defect::HasNoChallenge,
            "1,43,66",
            &["43a", "43c", "66a", "66b"],
        ),
        (Defect::PublishesPrivateKey, "1,74", &["74a"]),
        (Defect::TellsAnotherSubject, "1,62,63,64", &["62b", "64a"]),
        (
            Defect::ForgetsProofs,
            "1,98,99",
            &[
                "98a", "98b", "98c", "98d", "98e", "98f", "98g", "98i", "98j", "98l", "98m", "98n",
                "98o", "99a", "99b", "99c",
            ],
        ),
        (
            Defect::TellsOfInactiveTokens,
            "1,91,92",
            &["91b", "91c", "91d", "92a"],
        ),
        (
            Defect::TakesAnyUriForAnError,
            "2,3,5,29",
            &[
                "2", "3a", "3b", "3d", "3e", "3f", "3g", "3h", "3i", "3j", "3l", "3n", "5a", "5b",
                "29",
            ],
        ),
        (Defect::ForgetsChallengeMethod, "33,34", &["33b", "34"]),
        (
            Defect::ForgetsResponseMode,
            "31,113b,114a",
            &["31a", "31b", "31c", "113b", "114a"],
        ),
        (Defect::GivesCodesUnpushed, "112", &["112b"]),
        (Defect::TakesAnyPush, "112", &["112c", "112d", "112e"]),
        (Defect::TakesBoundTokensFromAnybody, "112", &["112i"]),
    ];
    let folder = tempfile::tempdir()?;
    // Held from now on, so that nobody else takes the port.
    let front = TcpListener::bind(("127.0.0.1", 0))?;
    let (control, behind) =
        OidcControl::start_behind(folder.path(), front.local_addr()?.port()).await?;
    let proxy = Proxy::start(front, behind)?;
    let mut options = control.options();
    options.target.listen = None;
    let mut wrong = Vec::new();
    for (defect, cases, expected) in found {
        proxy.break_it(*defect);
        let failed = failing(&options, cases).await?;
        if failed != *expected {
            wrong.push(format!("{defect:?}: {failed:?}, expected {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}
