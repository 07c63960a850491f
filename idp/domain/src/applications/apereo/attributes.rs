use std::collections::BTreeMap;

use serde::Deserialize;

use crate::accounts::Affiliation;

/// The names of the old server's attributes in our words, where they differ from the usual ones.
/// The file of `--attributes`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AttributeNames {
    /// `xgh = "number"`; `"none"` for one that isn't to be released.
    attributes: BTreeMap<String, Word>,
    /// Values of its affiliation attribute: `"JS" = "faculty"`.
    affiliations: BTreeMap<String, Affiliation>,
    /// Values of its unit attribute: `"0501" = "计算机学院"`.
    org_units: BTreeMap<String, String>,
    /// Values of its group attribute: `"cn=lib,ou=groups,dc=example" = "library-admins"`.
    groups: BTreeMap<String, String>,
    /// The attributes that it resolves, for services that are told all of them.
    return_all: Option<Vec<String>>,
}

/// What an attribute says about a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Word {
    Name,
    Number,
    Numbers,
    Affiliation,
    Org,
    Email,
    Phone,
    Groups,
    None,
}

impl Word {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Number => "number",
            Self::Numbers => "numbers",
            Self::Affiliation => "affiliation",
            Self::Org => "org",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Groups => "groups",
            Self::None => "none",
        }
    }
}

/// The names of LDAP, of eduPerson, and those that campuses use; in lower case.
const USUAL: &[(&str, Word)] = &[
    ("uid", Word::Number),
    ("userid", Word::Number),
    ("user_id", Word::Number),
    ("samaccountname", Word::Number),
    ("employeenumber", Word::Number),
    ("employeeid", Word::Number),
    ("studentnumber", Word::Number),
    ("studentid", Word::Number),
    ("xgh", Word::Number),
    ("number", Word::Number),
    ("cn", Word::Name),
    ("commonname", Word::Name),
    ("displayname", Word::Name),
    ("name", Word::Name),
    ("xm", Word::Name),
    ("mail", Word::Email),
    ("email", Word::Email),
    ("emailaddress", Word::Email),
    ("mobile", Word::Phone),
    ("mobilephone", Word::Phone),
    ("phone", Word::Phone),
    ("telephonenumber", Word::Phone),
    ("edupersonaffiliation", Word::Affiliation),
    ("edupersonprimaryaffiliation", Word::Affiliation),
    ("affiliation", Word::Affiliation),
    ("ou", Word::Org),
    ("org", Word::Org),
    ("department", Word::Org),
    ("departmentname", Word::Org),
    ("unit_name", Word::Org),
    ("memberof", Word::Groups),
    ("ismemberof", Word::Groups),
    ("groupmembership", Word::Groups),
    ("groups", Word::Groups),
];

/// What is released where a service was told everything and nobody says what that is: neither
/// addresses nor groups.
const RETURN_ALL: [&str; 4] = ["uid", "cn", "displayName", "eduPersonAffiliation"];

impl AttributeNames {
    /// What an attribute of the old server says, if that is known.
    pub(super) fn word(&self, name: &str) -> Option<Word> {
        if let Some(word) = self.attributes.get(name) {
            return Some(*word);
        }
        let lower = name.to_ascii_lowercase();
        let usual = USUAL.iter().find(|(known, _)| *known == lower);
        usual.map(|(_, word)| *word)
    }

    /// The affiliations that values stand for, each with the value that a person would have had.
    pub(super) fn affiliation_values(&self) -> Vec<(&str, Affiliation)> {
        let own = self.affiliations.iter().map(|(v, a)| (v.as_str(), *a));
        let words = Affiliation::ALL.into_iter().map(|a| (a.as_str(), a));
        own.chain(words.filter(|(word, _)| !self.affiliations.contains_key(*word)))
            .collect()
    }

    pub(super) fn org_unit<'a>(&'a self, value: &'a str) -> &'a str {
        self.org_units.get(value).map_or(value, String::as_str)
    }

    pub(super) fn group<'a>(&'a self, value: &'a str) -> &'a str {
        self.groups.get(value).map_or(value, String::as_str)
    }

    /// The attributes of a service that is told all, and whether somebody said which these are.
    pub(super) fn return_all(&self) -> (Vec<&str>, bool) {
        match &self.return_all {
            Some(names) => (names.iter().map(String::as_str).collect(), true),
            None => (RETURN_ALL.to_vec(), false),
        }
    }
}
