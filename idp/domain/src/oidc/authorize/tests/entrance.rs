//! Whether a session is enough, and what is asked.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use uuid::Uuid;

use super::super::*;
use super::{E, check, check_at, registry};
use crate::ids::{PersonId, Sid};
use crate::secrets::Tag;
use crate::sessions::Session;
use crate::signin::{Answers, Question};

fn session(signed_in: &str) -> Session {
    Session {
        id_hash: Tag([0; 32]),
        sid: Sid(Uuid::nil()),
        person: PersonId(Uuid::nil()),
        factors: vec![Factor::Password],
        signed_in_at: signed_in.parse().unwrap(),
        last_seen_at: signed_in.parse().unwrap(),
        expires_at: "2026-11-21T16:00:00Z".parse().unwrap(),
        ended: false,
        warn: false,
        remembered: false,
        not_before: Timestamp::UNIX_EPOCH,
    }
}

#[test] // OIDC 11, 12, 14, 16, 17; OID-19
fn a_session_is_enough_or_credentials_are_wanted() {
    let now: Timestamp = "2026-11-21T08:01:00Z".parse().unwrap();
    let session = session("2026-11-21T08:00:00Z");
    let ask = |changes: &[(&str, &str)], fresh, expected| {
        let here = Here {
            session: &session,
            fresh,
            expected,
        };
        check(changes)
            .unwrap()
            .entrance(Some(here), now)
            .map_err(|e| e.code)
    };
    let stranger = |changes: &[(&str, &str)]| {
        check(changes)
            .unwrap()
            .entrance(None, now)
            .map_err(|e| e.code)
    };
    assert_eq!(stranger(&[]), Ok(Entrance::SignIn));
    assert_eq!(stranger(&[("prompt", "none")]), Err(E::LoginRequired));
    assert_eq!(ask(&[], false, true), Ok(Entrance::Open));
    assert_eq!(ask(&[("prompt", "none")], false, true), Ok(Entrance::Open));
    for wanting in [("prompt", "login"), ("max_age", "59"), ("max_age", "0")] {
        assert_eq!(
            ask(&[wanting], false, true),
            Ok(Entrance::SignIn),
            "{wanting:?}"
        );
        assert_eq!(
            ask(&[wanting], true, true),
            Ok(Entrance::Open),
            "{wanting:?}"
        );
    }
    assert_eq!(ask(&[("max_age", "60")], false, true), Ok(Entrance::Open));
    let silent_and_old = [("prompt", "none"), ("max_age", "59")];
    assert_eq!(ask(&silent_and_old, false, true), Err(E::LoginRequired));
    // Somebody else: asked to sign in, and if it still isn't she, never answered with a code.
    assert_eq!(ask(&[], false, false), Ok(Entrance::SignIn));
    assert_eq!(
        ask(&[("prompt", "none")], false, false),
        Err(E::LoginRequired)
    );
    assert_eq!(ask(&[], true, false), Err(E::LoginRequired));
}

#[test] // OID-19, OIDC 16: what the application will hold against its limit is not stretched
fn who_left_a_question_open_signs_in_once_more() {
    let session = session("2026-11-21T08:00:00Z");
    let ask = |most: &str, seconds: i64, fresh| {
        let here = Here {
            session: &session,
            fresh,
            expected: true,
        };
        let now = session.signed_in_at + SignedDuration::from_secs(seconds);
        let request = check(&[("max_age", most)]).unwrap();
        request.entrance(Some(here), now).unwrap()
    };
    for (most, enough) in [("1", 60), ("59", 60), ("60", 60), ("300", 300)] {
        assert_eq!(ask(most, enough, true), Entrance::Open, "{most}");
        assert_eq!(ask(most, enough + 1, true), Entrance::SignIn, "{most}");
    }
    // Credentials were shown for this very request: more isn't asked for.
    assert_eq!(ask("0", 600, true), Entrance::Open);
    assert_eq!(ask("0", 0, false), Entrance::SignIn);
    assert_eq!(ask("1", 2, false), Entrance::SignIn);
}

#[test] // OIDC 11, 15: one question after the other, in one order
fn questions_come_in_their_order_and_once() {
    let asking = registry(&json!({ "consent": "ask" }));
    let request = check_at(&asking, &[("prompt", "consent select_account")]).unwrap();
    let mut answers = Answers::default();
    let mut seen = Vec::new();
    for _ in 0..5 {
        let open = Open {
            answers: &answers,
            fresh: false,
            number: !seen.contains(&Question::Number),
            consented: true,
            warn: true,
        };
        let Some(question) = request.question(open).unwrap() else {
            break;
        };
        seen.push(question);
        answers.add(question);
    }
    // Who agreed was asked whether to enter.
    assert_eq!(
        seen,
        [Question::Account, Question::Number, Question::Consent]
    );
    let silent = check_at(&asking, &[("prompt", "none")]).unwrap();
    let ask = |number, consented, warn| {
        let open = Open {
            answers: &Answers::default(),
            fresh: false,
            number,
            consented,
            warn,
        };
        silent.question(open).map_err(|e| e.code)
    };
    assert_eq!(ask(true, true, false), Err(E::InteractionRequired));
    assert_eq!(ask(false, false, false), Err(E::ConsentRequired));
    assert_eq!(ask(false, true, true), Err(E::InteractionRequired));
    assert_eq!(ask(false, true, false), Ok(None));
}
