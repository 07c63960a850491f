//! What an entry's values must be, beyond their shape.

use std::net::IpAddr;

use ipnet::IpNet;

use super::place::Problems;
use super::shape::{
    Entry, EntryAccess, EntryCas, EntryLogout, EntryProxy, EntryRelease, EntryRest, EntryWindow,
};
use crate::accounts::{Affiliation, GroupName, OrgPath};
use crate::applications::access::{parse_date, parse_day};
use crate::applications::{
    AccessPolicy, Application, ApplicationId, BadAddress, CasSide, ClockTime, LogoutRule, Names,
    OpaqueService, PatternRules, ProxyRule, RegisteredUrl, Release, ReleaseSource, RestRule,
    ServicePattern, TimeWindow,
};
use crate::cas::AttributeName;
use crate::secrets::Tag;
use crate::signin::PersonState;

/// Characters of a name that still fit into a heading on a phone.
const MAX_NAME_CHARS: usize = 60;
/// Characters of “whom to ask”: an office, a number, a room.
const MAX_CONTACT_CHARS: usize = 120;
const MAX_SERVICES: usize = 100;
const MAX_OPAQUE_SERVICES: usize = 20;
const MAX_CALLBACKS: usize = 20;
const MAX_TARGETS: usize = 100;
const MAX_NETWORKS: usize = 50;
const MAX_RELEASES: usize = 50;
const MAX_CONSTANT_CHARS: usize = 200;
const MAX_ORG_UNITS: usize = 200;
const MAX_GROUPS: usize = 100;
const MAX_WINDOWS: usize = 50;

impl Entry {
    pub(super) fn check(self, demo: bool, problems: &mut Problems) -> Option<Application> {
        let id = problems.note("id", ApplicationId::parse(&self.id));
        check_names("name", &self.name, MAX_NAME_CHARS, problems);
        if let Some(contact) = &self.contact {
            check_names("contact", contact, MAX_CONTACT_CHARS, problems);
        }
        if self.cas.is_none() {
            problems.add("cas", "is missing: the entry would be reachable by nobody");
        }
        let cas = self.cas.map(|cas| cas.check(demo, problems));
        let release = check_releases(self.release, problems);
        let access = self.access.check(problems);
        Some(Application {
            id: id?,
            names: self.name,
            enabled: self.enabled,
            contact: self.contact,
            cas,
            account_number: self.account_number,
            release,
            access,
        })
    }
}

fn check_names(key: &str, names: &Names, most: usize, problems: &mut Problems) {
    for (language, text) in [("zh-CN", &names.zh_cn), ("en", &names.en)] {
        if !is_line(text, most) {
            let limits = format!("must be 1 to {most} characters on one line");
            problems.add(&format!("{key}.{language}"), limits);
        }
    }
}

fn is_line(text: &str, most: usize) -> bool {
    !text.trim().is_empty() && text.chars().count() <= most && !text.chars().any(char::is_control)
}

impl EntryCas {
    fn check(self, demo: bool, problems: &mut Problems) -> CasSide {
        let rules = PatternRules {
            plain_http: self.plain_http,
            demo,
        };
        if self.services.is_empty() {
            let limits = format!("must have 1 to {MAX_SERVICES} entries");
            problems.add("cas.services", limits);
        }
        let services = problems.list("cas.services", &self.services, MAX_SERVICES, |text| {
            ServicePattern::parse(text, rules)
        });
        let opaque = &self.opaque_services;
        let opaque_services = problems.list(
            "cas.opaque_services",
            opaque,
            MAX_OPAQUE_SERVICES,
            OpaqueService::parse,
        );
        // Where a service was refused, an address “elsewhere” would only say so again.
        let known = (services.len() == self.services.len()).then_some(services.as_slice());
        let logout = self.logout.check(known, rules, problems);
        CasSide {
            services,
            opaque_services,
            plain_http: self.plain_http,
            spa_fragment: self.spa_fragment,
            require_fresh: self.require_fresh,
            logout,
            proxy: self.proxy.map(|proxy| proxy.check(demo, problems)),
            rest: self.rest.and_then(|rest| rest.check(problems)),
        }
    }
}

impl EntryLogout {
    fn check(
        self,
        services: Option<&[ServicePattern]>,
        rules: PatternRules,
        problems: &mut Problems,
    ) -> LogoutRule {
        let url = self.url.and_then(|text| {
            let parsed = RegisteredUrl::parse(&text, rules).and_then(|url| {
                // Another host would learn who was signed in here, and be asked by our server.
                let is_ours = |services: &[ServicePattern]| {
                    services.iter().any(|s| s.is_origin_of(url.service_url()))
                };
                if services.is_none_or(is_ours) {
                    Ok(url)
                } else {
                    Err(BadAddress::Elsewhere)
                }
            });
            problems.note(
                "cas.logout.url",
                parsed.map_err(|e| format!("{text:?} {e}")),
            )
        });
        LogoutRule {
            channel: self.channel,
            url,
        }
    }
}

impl EntryProxy {
    fn check(self, demo: bool, problems: &mut Problems) -> ProxyRule {
        ProxyRule {
            callbacks: problems.list(
                "cas.proxy.callbacks",
                &self.callbacks,
                MAX_CALLBACKS,
                |text| RegisteredUrl::parse_callback(text, demo),
            ),
            targets: problems.list(
                "cas.proxy.targets",
                &self.targets,
                MAX_TARGETS,
                ApplicationId::parse,
            ),
        }
    }
}

impl EntryRest {
    fn check(self, problems: &mut Problems) -> Option<RestRule> {
        let key = "cas.rest.networks";
        if self.networks.is_empty() {
            problems.add(key, format!("must have 1 to {MAX_NETWORKS} entries"));
        }
        let networks = problems.list(key, &self.networks, MAX_NETWORKS, network);
        // A hash that can't be read must not become “no key needed”.
        let key_sha256 = match self.key_sha256 {
            None => None,
            Some(text) => Some(problems.note("cas.rest.key_sha256", sha256(&text))?),
        };
        Some(RestRule {
            networks,
            key_sha256,
        })
    }
}

/// A range of addresses; one address is a range too. Not all there are (NET-02).
fn network(text: &str) -> Result<IpNet, &'static str> {
    let net = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address.to_canonical()),
        Err(_) => text
            .parse::<IpNet>()
            .map_err(|_| "is no address range; write 10.8.3.0/24 or an address")?,
    };
    if net.prefix_len() == 0 {
        Err("is every address there is; name the ranges you mean")
    } else if net.addr() != net.network() {
        Err("has bits beyond its prefix")
    } else {
        Ok(net)
    }
}

fn sha256(text: &str) -> Result<Tag, &'static str> {
    let mut bytes = [0; 32];
    let well_formed = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    for (index, byte) in bytes.iter_mut().enumerate() {
        let digits = text.get(2 * index..2 * index + 2);
        *byte = digits
            .filter(|_| well_formed)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
            .ok_or("must be 64 hexadecimal digits: the SHA-256 of the key, not the key")?;
    }
    Ok(Tag(bytes))
}

fn check_releases(entries: Vec<EntryRelease>, problems: &mut Problems) -> Vec<Release> {
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

impl EntryAccess {
    fn check(self, problems: &mut Problems) -> AccessPolicy {
        let most = Affiliation::ALL.len();
        let affiliations = problems.list(
            "access.affiliations",
            &self.affiliations,
            most,
            Affiliation::parse,
        );
        let org_units = problems.list(
            "access.org_units",
            &self.org_units,
            MAX_ORG_UNITS,
            OrgPath::parse,
        );
        let groups = problems.list("access.groups", &self.groups, MAX_GROUPS, GroupName::parse);
        let states = problems.list("access.states", &self.states, 1, state);
        let mut date = |key: &str, text: Option<String>| {
            text.and_then(|text| problems.note(key, parse_date(&text)))
        };
        let from = date("access.from", self.from);
        let until = date("access.until", self.until);
        if from.zip(until).is_some_and(|(from, until)| until <= from) {
            problems.add("access.until", "must be later than \"from\"");
        }
        AccessPolicy {
            affiliations,
            org_units,
            groups,
            states,
            from,
            until,
            times: check_windows(self.times, problems),
        }
    }
}

fn state(word: &str) -> Result<PersonState, &'static str> {
    if word == PersonState::Active.as_str() {
        Ok(PersonState::Active)
    } else if word == PersonState::Suspended.as_str() {
        Err("can't be let in: a suspended account gets nothing anywhere")
    } else {
        Err("is no state of an account; write \"active\"")
    }
}

fn check_windows(entries: Vec<EntryWindow>, problems: &mut Problems) -> Vec<TimeWindow> {
    if entries.len() > MAX_WINDOWS {
        problems.add(
            "access.times",
            format!("must have at most {MAX_WINDOWS} entries"),
        );
        return Vec::new();
    }
    let mut windows = Vec::with_capacity(entries.len());
    for (index, entry) in entries.into_iter().enumerate() {
        let key = format!("access.times[{index}]");
        windows.extend(entry.check(&key, problems));
    }
    windows
}

impl EntryWindow {
    fn check(self, key: &str, problems: &mut Problems) -> Option<TimeWindow> {
        let days_key = format!("{key}.days");
        if self.days.as_ref().is_some_and(Vec::is_empty) {
            problems.add(&days_key, "is empty; leave it out for every day");
        }
        let days = self.days.unwrap_or_default();
        let days = problems.list(&days_key, &days, 7, parse_day);
        let from = problems.note(&format!("{key}.from"), ClockTime::parse(&self.from));
        let to = problems.note(&format!("{key}.to"), ClockTime::parse(&self.to));
        let (from, to) = (from?, to?);
        if from == to {
            let place = format!("{key}.to");
            problems.add(
                &place,
                "is \"from\" itself; for a whole day write 00:00 to 24:00",
            );
        }
        Some(TimeWindow { days, from, to })
    }
}
