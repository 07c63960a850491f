use crate::applications::{ReleasedAttribute, canonical_host, is_line};

/// What an administrator's initial access token lets the clients have that register by it
/// (RFC 7591 §1.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// For whom the token was made. People who are asked about such a client see it as whom to ask.
    pub label: String,
    /// What the clients may be told of people, each once.
    pub releasable: Vec<ReleasedAttribute>,
    /// Where their redirect URIs must be, or below; none: anywhere. ASCII, lower case.
    pub hosts: Vec<String>,
}

/// Why a token can't permit this.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPermission {
    #[error(
        "the label must be 1 to {longest} characters on one line: people see it as whom to ask",
        longest = Permission::LONGEST_LABEL
    )]
    Label,
    #[error("{0:?} is no host name: write cs.example.edu, which stands for those below it too")]
    Host(String),
    #[error("at most {most} hosts", most = Permission::MOST_HOSTS)]
    Hosts,
}

impl Permission {
    /// Characters of a label.
    pub const LONGEST_LABEL: usize = 120;
    pub const MOST_HOSTS: usize = 32;

    /// As an administrator wrote it down.
    ///
    /// # Errors
    /// [`BadPermission`]
    pub fn new(
        label: &str,
        releasable: &[ReleasedAttribute],
        hosts: &[String],
    ) -> Result<Self, BadPermission> {
        let label = label.trim();
        if !is_line(label, Self::LONGEST_LABEL) {
            return Err(BadPermission::Label);
        }
        if hosts.len() > Self::MOST_HOSTS {
            return Err(BadPermission::Hosts);
        }
        let canonical =
            |host: &String| canonical_host(host).map_err(|_| BadPermission::Host(host.clone()));
        let mut releasable = releasable.to_vec();
        releasable.sort_unstable();
        releasable.dedup();
        Ok(Self {
            label: label.to_owned(),
            releasable,
            hosts: hosts.iter().map(canonical).collect::<Result<_, _>>()?,
        })
    }

    /// Whether codes may go to this host, which is in canonical form.
    pub(super) fn admits(&self, host: &str) -> bool {
        let below = |named: &String| {
            let rest = host.strip_suffix(named.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        self.hosts.is_empty() || self.hosts.iter().any(below)
    }
}
