//! What came of requests and validations, in the words of the judgement.

use std::io::ErrorKind;

use idp_domain::applications::doctor::{Trouble, Verdict, shown};
use idp_domain::audit::Event;
use idp_domain::ids::GrantId;
use idp_storage::audit::Recorded;

use crate::egress::{EgressError, Stage, Unreached};

/// What a row of the trail says of this ticket's validation.
pub(super) fn verdict(row: &Recorded, grant: GrantId) -> Option<Verdict> {
    if row.detail.0["grant"].as_str() != Some(&grant.to_string()) {
        return None;
    }
    let is = |event: Event| row.event == event.as_str();
    if is(Event::TicketValidated) {
        Some(Verdict::Validated)
    } else if is(Event::TicketMismatch) {
        let sent = row.detail.0["service"].as_str();
        Some(Verdict::OtherService(sent.map(str::to_owned)))
    } else if is(Event::TicketRefused) {
        Some(Verdict::Refused(row.reason.clone().unwrap_or_default()))
    } else {
        None
    }
}

pub(super) fn stage_trouble(Unreached { stage, error }: Unreached) -> Trouble {
    match (stage, error) {
        (Stage::Resolve, EgressError::TimedOut) => Trouble::ResolveTimedOut,
        (Stage::Connect, EgressError::TimedOut) => Trouble::ConnectTimedOut,
        (Stage::Tls, EgressError::TimedOut) => Trouble::TlsTimedOut,
        (_, error) => trouble(error),
    }
}

pub(super) fn trouble(error: EgressError) -> Trouble {
    match error {
        EgressError::Busy => Trouble::Busy,
        EgressError::Unresolved(_) => Trouble::Unresolved,
        EgressError::Forbidden(addresses) => Trouble::Forbidden { addresses },
        EgressError::Unreachable(error) => match error.kind() {
            ErrorKind::ConnectionRefused => Trouble::Refused,
            ErrorKind::TimedOut => Trouble::ConnectTimedOut,
            _ => Trouble::Unreachable {
                error: shown(&error.to_string()),
            },
        },
        EgressError::Tls(error) => Trouble::Tls {
            error: shown(&error.to_string()),
        },
        EgressError::Broken(error) => Trouble::Broken {
            error: shown(&error.to_string()),
        },
        EgressError::TimedOut => Trouble::AnswerTimedOut,
        EgressError::Unwritable => Trouble::Unwritable,
    }
}
