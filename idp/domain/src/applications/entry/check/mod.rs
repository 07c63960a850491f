//! What an entry's values must be, beyond their shape.

mod access;
mod cas;
mod credentials;
mod fapi2;
mod listed;
mod oidc;
mod release;
mod subject;

use self::release::check_releases;
use super::place::Problems;
use super::shape::Entry;
use crate::applications::{Application, ApplicationId, Names};
use crate::secrets::Tag;

/// Characters of a name that still fit into a heading on a phone.
const MAX_NAME_CHARS: usize = 60;
/// Characters of “whom to ask”: an office, a number, a room.
const MAX_CONTACT_CHARS: usize = 120;

impl Entry {
    pub(super) fn check(self, demo: bool, problems: &mut Problems) -> Option<Application> {
        let id = problems.note("id", ApplicationId::parse(&self.id));
        check_names("name", &self.name, MAX_NAME_CHARS, problems);
        if let Some(contact) = &self.contact {
            check_names("contact", contact, MAX_CONTACT_CHARS, problems);
        }
        if self.cas.is_none() && self.oidc.is_none() && self.listed.is_none() {
            problems.add(
                "cas",
                "is missing, as are \"oidc\" and \"listed\": the entry would be reachable by nobody",
            );
        }
        let cas = self.cas.map(|cas| cas.check(demo, problems));
        let has_oidc = self.oidc.is_some();
        let oidc = self
            .oidc
            .and_then(|oidc| oidc.check(&self.id, demo, problems));
        let listed = self.listed.and_then(|listed| listed.check(demo, problems));
        let release = check_releases(self.release, has_oidc, problems);
        let access = self.access.check(problems);
        Some(Application {
            id: id?,
            names: self.name,
            enabled: self.enabled,
            contact: self.contact,
            cas,
            oidc,
            listed,
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

pub(crate) fn is_line(text: &str, most: usize) -> bool {
    !text.trim().is_empty() && text.chars().count() <= most && !text.chars().any(char::is_control)
}

fn sha256(text: &str) -> Result<Tag, &'static str> {
    let mut bytes = [0; 32];
    let well_formed = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    for (index, byte) in bytes.iter_mut().enumerate() {
        let digits = text.get(2 * index..2 * index + 2);
        *byte = digits
            .filter(|_| well_formed)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
            .ok_or("must be 64 hexadecimal digits: the SHA-256 of it, not itself")?;
    }
    Ok(Tag(bytes))
}
