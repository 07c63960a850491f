//! By which name people are known to a client (OIDC Core §8).

use crate::applications::entry::place::Problems;
use crate::applications::entry::shape::{EntryOidc, SubjectWord};
use crate::applications::{RedirectUri, SubjectType, origin};

const KEY: &str = "oidc.sector_identifier";

pub(super) fn check(
    entry: &EntryOidc,
    uris: &[RedirectUri],
    problems: &mut Problems,
) -> Option<SubjectType> {
    let named = entry.sector_identifier.as_deref();
    match (entry.subject_type, named) {
        (SubjectWord::Public, None) => Some(SubjectType::Public),
        (SubjectWord::Public, Some(_)) => {
            problems.add(KEY, "is for \"subject_type\": \"pairwise\"; leave it out");
            None
        }
        (SubjectWord::Pairwise, Some(host)) => {
            let sector = origin::canonical_host(host);
            let sector =
                problems.note(KEY, sector.map_err(|_| format!("{host:?} is no host name")));
            Some(SubjectType::Pairwise { sector: sector? })
        }
        (SubjectWord::Pairwise, None) => {
            let sector = only_host(uris);
            // Where a redirect URI was refused, this would only say so again.
            if sector.is_none() && uris.len() == entry.redirect_uris.len() {
                let problem = "is missing: the redirect URIs aren't all at one host; name the host \
                               under which they are one application";
                problems.add(KEY, problem);
            }
            Some(SubjectType::Pairwise { sector: sector? })
        }
    }
}

/// OIDC Core §8.1
fn only_host(uris: &[RedirectUri]) -> Option<String> {
    let first = uris.first()?.host()?;
    let same = uris.iter().all(|uri| uri.host() == Some(first));
    same.then(|| first.to_owned())
}
