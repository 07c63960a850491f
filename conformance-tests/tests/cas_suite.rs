//! The suite itself: on a server without a fault no case fails, and each fault is found by the
//! cases that are about it and by no other. A suite that can't fail proves nothing.
#![expect(clippy::unwrap_used, reason = "a server in a test may panic")]

mod tiny_cas;

use anyhow::Result;
use conformance_tests::suite::cas;
use conformance_tests::suite::case::Case;
use conformance_tests::suite::context::Context;
use conformance_tests::suite::options::{Options, Profile};
use conformance_tests::suite::runner::{self, Standing};
use conformance_tests::suite::selection::Selection;
use tiny_cas::Defect;

/// What the tiny server is large enough for.
const CASES: &str = "1-28,31-39,41-49";

async fn failing(defect: Defect, profile: Profile) -> Result<(Vec<String>, usize)> {
    let base = tiny_cas::start(defect).await?;
    let mut context = Context::new(Options {
        other_service: Some(tiny_cas::OTHER.to_owned()),
        profile,
        ..Options::new(base, tiny_cas::USER, tiny_cas::PASSWORD, tiny_cas::SERVICE)
    })
    .await?;
    let chosen: Selection = CASES.parse()?;
    let cases: Vec<&'static Case> = cas::all().filter(|case| chosen.contains(case)).collect();
    let outcomes = runner::run(&mut context, cases, |_| ()).await;
    for outcome in &outcomes {
        let evidence = serde_json::to_string(&outcome.evidence)?;
        assert!(
            !evidence.contains("p%26p") && !evidence.contains("p&p"),
            "{evidence}"
        );
    }
    let passed = outcomes
        .iter()
        .filter(|it| it.standing == Standing::Pass)
        .count();
    let failed = outcomes.iter().filter(|it| it.standing == Standing::Fail);
    Ok((failed.map(|it| it.case.id()).collect(), passed))
}

#[tokio::test]
async fn a_server_without_a_fault_fails_nothing() -> Result<()> {
    let (failed, passed) = failing(Defect::None, Profile::Strict).await?;
    assert_eq!(failed, Vec::<String>::new());
    assert!(passed >= 55, "only {passed} cases applied");
    Ok(())
}

#[tokio::test]
async fn each_fault_is_found_by_the_cases_about_it() -> Result<()> {
    let found: [(Defect, &[&str]); 14] = [
        (Defect::TakesAnyPassword, &["31b", "31c", "38a", "38b"]),
        (
            Defect::TakesAnyService,
            &["7", "15", "28a", "28b", "28c", "47"],
        ),
        (
            Defect::EntersSilentlyDespiteRenew,
            &["9", "10a", "10b", "25", "41"],
        ),
        (Defect::AsksDespiteGateway, &["12"]),
        (Defect::RepeatsThePost, &["33"]),
        (Defect::GivesTwoTickets, &["35", "36a", "36b", "36c"]),
        (Defect::LetsCachesKeepIt, &["39a", "39b"]),
        (Defect::KeepsTheSessionAlive, &["42b"]),
        (Defect::LeavesTheCookie, &["42a"]),
        (Defect::LeadsAnywhereAfterLogout, &["47"]),
        (Defect::FollowsUrl, &["48"]),
        (
            Defect::DropsTheQuery,
            &["6a", "6b", "6c", "6d", "6e", "6f", "36b"],
        ),
        (Defect::TakesCapitals, &["2a", "2b", "2c", "44"]),
        (Defect::SaysNothingOfFailedTrust, &["23"]),
    ];
    let mut wrong = Vec::new();
    for (defect, expected) in found {
        let (failed, _) = failing(defect, Profile::Strict).await?;
        if failed != expected {
            wrong.push(format!("{defect:?}: {failed:?}, expected {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[tokio::test]
async fn the_lenient_profile_forgives_what_is_no_must() -> Result<()> {
    let (strict, _) = failing(Defect::LetsCachesKeepIt, Profile::Strict).await?;
    let (lenient, _) = failing(Defect::LetsCachesKeepIt, Profile::Lenient).await?;
    assert_eq!(strict, ["39a", "39b"]);
    assert_eq!(lenient, Vec::<String>::new());
    Ok(())
}
