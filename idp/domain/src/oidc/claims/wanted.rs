use crate::applications::{Application, Release, ReleaseSource, ReleasedAttribute};
use crate::oidc::{Disclosed, Granted, Scope, Scopes};

/// Where claims are told (OpenID Connect Core §5.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    UserInfo,
    /// The protocol's own claims, and what is asked for by name (§5.4).
    IdToken,
}

/// The claims that an application is to be told, and where each comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted<'a>(pub(super) Vec<(&'a str, &'a ReleaseSource)>);

impl<'a> Wanted<'a> {
    /// What the entry of now releases, of what was agreed to: a longer list there tells nothing
    /// more under what was granted before, and a shorter one tells less at once (OID-29).
    pub fn at(
        place: Place,
        application: &'a Application,
        scopes: &Scopes,
        granted: &Granted,
    ) -> Self {
        let asked = match place {
            Place::UserInfo => &granted.claims.userinfo,
            Place::IdToken => &granted.claims.id_token,
        };
        let agreed = |release: &Release| match &release.source {
            ReleaseSource::Attribute(attribute) => {
                granted.disclosure.has(&Disclosed::Attribute(*attribute))
            }
            // It says nothing of her.
            ReleaseSource::Constant(_) => true,
        };
        let mut wanted: Vec<(&str, &ReleaseSource)> = Vec::new();
        for release in application.release.iter().filter(|one| agreed(one)) {
            let by_scope = place == Place::UserInfo && scopes.has(&scope(release));
            for name in names(release) {
                let known = wanted.iter().any(|(other, _)| *other == name);
                if (by_scope || asked.contains_key(name)) && !known {
                    wanted.push((name, &release.source));
                }
            }
        }
        Self(wanted)
    }

    /// Whether one of them comes from this.
    pub fn needs(&self, attribute: ReleasedAttribute) -> bool {
        let mut sources = self.0.iter().map(|(_, source)| *source);
        sources.any(|source| *source == ReleaseSource::Attribute(attribute))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn scope(release: &Release) -> Scope {
    match &release.source {
        ReleaseSource::Attribute(attribute) => attribute.scope(),
        ReleaseSource::Constant(_) => Scope::Profile,
    }
}

/// The claims' names: those of the standard, or the one that the entry gives.
fn names(release: &Release) -> Vec<&str> {
    match &release.source {
        ReleaseSource::Attribute(attribute) if release.name.as_str() == attribute.as_str() => {
            attribute.claims().to_vec()
        }
        _ => vec![release.name.as_str()],
    }
}
