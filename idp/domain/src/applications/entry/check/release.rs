use super::is_line;
use crate::applications::entry::place::Problems;
use crate::applications::entry::shape::EntryRelease;
use crate::applications::{Release, ReleaseSource};
use crate::cas::AttributeName;

const MAX_RELEASES: usize = 50;
const MAX_CONSTANT_CHARS: usize = 200;
/// Claims that the protocol's own rules are about: an entry mustn't say who somebody is, for whom
/// a token is, or how long it is good (OIDC Core §2, RFC 9068 §2.2, RFC 7662 §2.2, RFC 7800).
const PROTOCOL_CLAIMS: [&str; 24] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "nonce",
    "auth_time",
    "acr",
    "amr",
    "azp",
    "at_hash",
    "c_hash",
    "s_hash",
    "sid",
    "sub_jwk",
    "cnf",
    "events",
    "act",
    "client_id",
    "scope",
    "active",
    "token_type",
];

pub(super) fn check_releases(
    entries: Vec<EntryRelease>,
    has_oidc: bool,
    problems: &mut Problems,
) -> Vec<Release> {
    if entries.len() > MAX_RELEASES {
        problems.add(
            "release",
            format!("must have at most {MAX_RELEASES} entries"),
        );
        return Vec::new();
    }
    let mut releases: Vec<Release> = Vec::with_capacity(entries.len());
    for (index, entry) in entries.into_iter().enumerate() {
        let key = format!("release[{index}]");
        match problems.note(&key, entry.check()) {
            Some(release) if releases.iter().any(|known| known.name == release.name) => {
                let name = release.name.as_str();
                problems.add(&key, format!("{name:?} stands here twice"));
            }
            Some(release) if has_oidc && PROTOCOL_CLAIMS.contains(&release.name.as_str()) => {
                let name = release.name.as_str();
                problems.add(
                    &key,
                    format!("{name:?} is a claim of OpenID Connect itself"),
                );
            }
            release => releases.extend(release),
        }
    }
    releases
}

impl EntryRelease {
    fn check(self) -> Result<Release, String> {
        let (name, source) = match self {
            Self::Word(word) => (word.as_str().to_owned(), ReleaseSource::Attribute(word)),
            Self::Named(named) => {
                let source = match (named.attribute, named.constant) {
                    (Some(attribute), None) => ReleaseSource::Attribute(attribute),
                    (None, Some(text)) if is_line(&text, MAX_CONSTANT_CHARS) => {
                        ReleaseSource::Constant(text)
                    }
                    (None, Some(_)) => {
                        return Err(format!(
                            "the constant must be 1 to {MAX_CONSTANT_CHARS} characters on one line"
                        ));
                    }
                    _ => return Err("must have either \"attribute\" or \"constant\"".into()),
                };
                (named.name, source)
            }
        };
        let name = AttributeName::parse(&name).ok_or_else(|| {
            format!(
                "{name:?} can't be the name of an attribute: write 1 to 64 of letters, digits, \
                 '_', '-' and '.', starting with a letter, and none that the answer uses itself"
            )
        })?;
        Ok(Release { name, source })
    }
}
