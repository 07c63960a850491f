//! One registered service as an entry of ours.

use serde_json::{Map, Value, json};

use super::access::{Access, Context};
use super::document::{Document, class, text};
use super::notes::Notes;
use super::pattern::{self, Services};
use super::release::Releases;
use super::report::{Finding, ServiceReport};
use super::{Options, settings, sides};

/// Characters of a name.
const MAX_NAME_CHARS: usize = 60;

/// An entry to be, without its id.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) file: String,
    pub(super) name: String,
    pub(super) number: Option<i64>,
    pub(super) service_id: String,
    /// How its addresses are compared in the old server.
    pub(super) strategy: String,
    pub(super) order: i64,
    pub(super) services: Services,
    /// Whether somebody was kept out.
    pub(super) restricted: bool,
    pub(super) closed: bool,
    /// On which line its `serviceId` stands.
    pub(super) line: Option<usize>,
    cas: Map<String, Value>,
    entry: Map<String, Value>,
    pub(super) findings: Vec<Finding>,
}

/// What kind of service an entry of the registry is.
pub(super) enum Kind {
    Cas,
    /// Of another protocol, with its name.
    Other(&'static str),
    Unknown,
}

impl Kind {
    pub(super) fn of(service: &Value) -> Self {
        match class(service) {
            "CasRegisteredService" | "RegexRegisteredService" => Self::Cas,
            "OidcRegisteredService" => Self::Other("OpenID Connect"),
            "OAuthRegisteredService" | "OAuth20RegisteredService" => Self::Other("OAuth 2.0"),
            "SamlRegisteredService" => Self::Other("SAML 2.0"),
            "WSFederationRegisteredService" => Self::Other("WS-Federation"),
            _ => Self::Unknown,
        }
    }
}

/// The id that the registry goes by: that of the entry, else that of the file's name.
pub(super) fn number(document: &Document) -> Option<i64> {
    let id = &document.value["id"];
    let given = id.as_i64().or_else(|| id.as_str()?.trim().parse().ok());
    given.filter(|id| *id >= 0).or_else(|| {
        let (_, end) = document.file.strip_suffix(".json")?.rsplit_once('-')?;
        end.parse().ok()
    })
}

/// The service's name; the file's where it has none.
pub(super) fn name(document: &Document) -> String {
    let name = document.value["name"].as_str().unwrap_or_default().trim();
    let file = document.file.rsplit('/').next().unwrap_or_default();
    let file = file.trim_end_matches(".json");
    if name.is_empty() { file } else { name }.to_owned()
}

pub(super) fn convert(document: &Document, options: Options) -> Draft {
    let service = &document.value;
    let mut notes = Notes::new(&document.places);
    let context = Context {
        names: options.names,
        zone: options.zone,
    };
    let demo = options.demo;
    let name = name(document);
    let short = shortened(&name, &mut notes);
    let services = pattern::convert(service, demo, &mut notes);
    let access = Access::of(service, context, &mut notes);
    let releases = Releases::of(service, options.names, &mut notes);
    sides::user_name(service, options.names, &mut notes);
    let logout = sides::logout(service, &services, demo, &mut notes);
    let proxy = sides::proxy(service, demo, &mut notes);
    let contact = sides::contact(service, &mut notes);
    settings::tell(service, options.environments, &mut notes);

    let policy = access.to_json();
    let mut entry = Map::new();
    entry.insert("name".into(), json!({ "zh-CN": short, "en": short }));
    put(&mut entry, "contact", contact);
    put(&mut entry, "release", releases.to_json());
    let restricted = notes.closed || policy.as_object().is_some_and(|p| !p.is_empty());
    put(&mut entry, "access", policy);
    let mut cas = Map::new();
    if access.require_fresh {
        cas.insert("require_fresh".into(), json!(true));
    }
    put(&mut cas, "logout", logout);
    put(&mut cas, "proxy", proxy);
    Draft {
        file: document.file.clone(),
        name,
        number: number(document),
        service_id: text(&service["serviceId"]),
        strategy: class(&service["matchingStrategy"]).to_owned(),
        order: service["evaluationOrder"].as_i64().unwrap_or_default(),
        services,
        restricted,
        closed: notes.closed,
        line: document.places.line(&["serviceId"]),
        cas,
        entry,
        findings: notes.found,
    }
}

fn put(object: &mut Map<String, Value>, key: &str, value: Value) {
    let empty =
        value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty);
    if !value.is_null() && !empty {
        object.insert(key.to_owned(), value);
    }
}

fn shortened(name: &str, notes: &mut Notes) -> String {
    let line: String = name.chars().filter(|c| !c.is_control()).collect();
    let short: String = line.chars().take(MAX_NAME_CHARS).collect();
    if short == name {
        notes.converted(&["name"], "→ in both languages");
    } else {
        notes
            .differs(&["name"], "was cut to 60 characters on one line")
            .value(name);
    }
    short
}

impl Draft {
    /// The whole entry, under its id.
    pub(super) fn to_json(&self, id: &str) -> Value {
        let patterns = self.services.patterns.iter().map(ToString::to_string);
        let mut cas = Map::new();
        cas.insert("services".into(), patterns.collect());
        if !self.services.opaque.is_empty() {
            cas.insert("opaque_services".into(), json!(self.services.opaque));
        }
        if self.services.plain_http() {
            cas.insert("plain_http".into(), json!(true));
        }
        cas.extend(self.cas.clone());
        let mut entry = Map::new();
        entry.insert("id".into(), json!(id));
        entry.extend(self.entry.clone());
        if self.closed {
            entry.insert("enabled".into(), json!(false));
        }
        entry.insert("cas".into(), Value::Object(cas));
        Value::Object(entry)
    }

    pub(super) fn report(self) -> ServiceReport {
        ServiceReport {
            file: self.file,
            name: Some(self.name),
            number: self.number,
            application: None,
            open: !self.closed,
            findings: self.findings,
        }
    }
}
