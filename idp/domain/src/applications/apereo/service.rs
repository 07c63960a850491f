//! One registered service as an entry of ours.

use serde_json::{Map, Value, json};

use super::access::{Access, Context};
use super::document::{Document, class, text};
use super::notes::Notes;
use super::pattern::{self, Services};
use super::release::Releases;
use super::report::{Finding, ServiceReport};
use super::{Options, client, settings, sides};

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
    /// A client of OpenID Connect: it has no `cas`, but an `oidc` side, if one could be made.
    is_client: bool,
    oidc: Option<Map<String, Value>>,
    entry: Map<String, Value>,
    pub(super) findings: Vec<Finding>,
}

/// What kind of service an entry of the registry is.
pub(super) enum Kind {
    Cas,
    Oidc,
    /// Of another protocol, with its name.
    Other(&'static str),
    Unknown,
}

impl Kind {
    pub(super) fn of(service: &Value) -> Self {
        match class(service) {
            "CasRegisteredService" | "RegexRegisteredService" => Self::Cas,
            "OidcRegisteredService" => Self::Oidc,
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
    let name = name(document);
    let short = shortened(&name, &mut notes);
    let sides = match Kind::of(service) {
        Kind::Oidc => Sides::of_client(document, options, context, &mut notes),
        _ => Sides::of_service(service, options, context, &mut notes),
    };
    let contact = sides::contact(service, &mut notes);
    settings::tell(service, options.environments, &mut notes);

    let mut entry = Map::new();
    entry.insert("name".into(), json!({ "zh-CN": short, "en": short }));
    put(&mut entry, "contact", contact);
    put(&mut entry, "release", sides.release);
    let policy = sides.policy.as_object();
    let restricted = notes.closed || policy.is_some_and(|p| !p.is_empty());
    put(&mut entry, "access", sides.policy);
    Draft {
        file: document.file.clone(),
        name,
        number: number(document),
        service_id: sides.service_id,
        strategy: class(&service["matchingStrategy"]).to_owned(),
        order: service["evaluationOrder"].as_i64().unwrap_or_default(),
        services: sides.services,
        restricted,
        closed: notes.closed,
        line: document.places.line(&["serviceId"]),
        cas: sides.cas,
        is_client: matches!(Kind::of(service), Kind::Oidc),
        oidc: sides.oidc,
        entry,
        findings: notes.found,
    }
}

/// What is read in another way for each protocol.
struct Sides {
    /// By which it is compared with others; empty where it isn't.
    service_id: String,
    services: Services,
    cas: Map<String, Value>,
    oidc: Option<Map<String, Value>>,
    policy: Value,
    release: Value,
}

impl Sides {
    fn of_service(service: &Value, options: Options, context: Context, notes: &mut Notes) -> Self {
        let demo = options.demo;
        let services = pattern::convert(service, demo, notes);
        let access = Access::of(service, context, notes);
        let releases = Releases::of(service, options.names, notes);
        sides::user_name(service, options.names, notes);
        let mut cas = Map::new();
        if access.require_fresh {
            cas.insert("require_fresh".into(), json!(true));
        }
        put(
            &mut cas,
            "logout",
            sides::logout(service, &services, demo, notes),
        );
        put(&mut cas, "proxy", sides::proxy(service, demo, notes));
        Self {
            service_id: text(&service["serviceId"]),
            services,
            cas,
            oidc: None,
            policy: access.to_json(),
            release: releases.to_json(),
        }
    }

    fn of_client(
        document: &Document,
        options: Options,
        context: Context,
        notes: &mut Notes,
    ) -> Self {
        let service = &document.value;
        let access = Access::of(service, context, notes);
        let releases = Releases::of(service, options.names, notes);
        let made = client::convert(document, options, access.require_fresh, notes);
        let (oidc, told) = made.unzip();
        let told = told.unwrap_or_default();
        Self {
            // It is found by its client id, and takes no address away from others.
            service_id: String::new(),
            services: Services::default(),
            cas: Map::new(),
            oidc,
            policy: access.to_json(),
            release: client::release(service, &releases.to_json(), &told),
        }
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
    /// Why it would be reachable by nobody.
    pub(super) fn nothing_left(&self) -> Option<&'static str> {
        if self.is_client && self.oidc.is_none() {
            Some("no client can be made of it; nothing is imported")
        } else if !self.is_client && self.services.patterns.is_empty() {
            Some("no address is left; nothing is imported")
        } else {
            None
        }
    }

    /// The whole entry, under its id.
    pub(super) fn to_json(&self, id: &str) -> Value {
        let mut entry = Map::new();
        entry.insert("id".into(), json!(id));
        entry.extend(self.entry.clone());
        if self.closed {
            entry.insert("enabled".into(), json!(false));
        }
        match &self.oidc {
            Some(oidc) => entry.insert("oidc".into(), Value::Object(oidc.clone())),
            None => entry.insert("cas".into(), self.cas_side()),
        };
        Value::Object(entry)
    }

    fn cas_side(&self) -> Value {
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
        Value::Object(cas)
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
