//! The settings of a service that have no counterpart: those that kept people out close the entry,
//! the others are told.

use serde_json::Value;

use super::client;
use super::document::{class, flag, is_blank, list, pairs, text, texts};
use super::notes::Notes;

/// What is dealt with elsewhere, or says nothing about how a service works.
const KNOWN: [&str; 23] = [
    "@class",
    "serviceId",
    "name",
    "id",
    "evaluationOrder",
    "accessStrategy",
    "attributeReleasePolicy",
    "usernameAttributeProvider",
    "usernameAttribute",
    "proxyPolicy",
    "allowedToProxy",
    "logoutType",
    "logoutUrl",
    "contacts",
    "expirationPolicy",
    "matchingStrategy",
    "environments",
    "singleSignOnParticipationPolicy",
    "enabled",
    "ssoEnabled",
    "anonymousAccess",
    "allowedAttributes",
    "templateName",
];

/// Settings by their key, and what is to be said where they are set.
const TOLD: [(&str, &str); 15] = [
    ("description", "an entry has no description"),
    ("informationUrl", "an entry has no page about it"),
    ("privacyUrl", "the privacy notice is the school's"),
    ("logo", "an entry has no picture"),
    ("theme", "one theme serves all applications"),
    ("locale", "the visitor chooses the language"),
    (
        "redirectUrl",
        "the ticket goes to the service's own address, and nowhere else",
    ),
    (
        "publicKey",
        "nothing is encrypted for a service: passwords are never told, and proxy-granting \
         tickets go to the callback",
    ),
    (
        "acceptableUsagePolicy",
        "there is no policy to accept for one service",
    ),
    ("webflowInterruptPolicy", "a sign-in isn't interrupted"),
    (
        "ticketGrantingTicketExpirationPolicy",
        "sessions last as long for all applications",
    ),
    (
        "serviceTicketExpirationPolicy",
        "a ticket lasts 10 s and serves once",
    ),
    (
        "proxyGrantingTicketExpirationPolicy",
        "a proxy-granting ticket lasts as long as its session",
    ),
    (
        "proxyTicketExpirationPolicy",
        "a ticket lasts 10 s and serves once",
    ),
    ("ignoreAttributes", "the release policy counts always"),
];

pub(super) fn tell(service: &Value, environments: &[String], notes: &mut Notes) {
    second_factor(&service["multifactorPolicy"], notes);
    authentication(service, notes);
    environment(service, environments, notes);
    if !is_blank(&service["templateName"]) {
        let says = "takes settings from a template, which isn't read";
        notes
            .closes(&["templateName"], says)
            .value(text(&service["templateName"]))
            .instead("write the template's settings into the entry");
    }
    response(&service["responseType"], notes);
    protocols(&service["supportedProtocols"], notes);
    properties(&service["properties"], notes);
    if !is_blank(&service["allowedAttributes"]) {
        let says = "are released by \"attributeReleasePolicy\" since version 4; nothing is told";
        notes
            .left_out(&["allowedAttributes"], says)
            .value(texts(&service["allowedAttributes"]).join(", "));
    }
    let of_client = class(service) == "OidcRegisteredService";
    for (key, value) in pairs(service) {
        if of_client && client::KNOWN.contains(&key) {
            continue;
        }
        if is_blank(value) || value == &Value::Bool(false) || KNOWN.contains(&key) {
            continue;
        }
        match TOLD.iter().find(|(known, _)| *known == key) {
            Some((_, says)) => {
                let value = if value.is_object() {
                    class(value).to_owned()
                } else {
                    text(value)
                };
                notes.left_out(&[key], *says).value(value);
            }
            None if [
                "multifactorPolicy",
                "authenticationPolicy",
                "requiredHandlers",
            ]
            .contains(&key) => {}
            None if ["responseType", "supportedProtocols", "properties"].contains(&key) => {}
            None => {
                notes
                    .left_out(&[key], "is no setting that is known here")
                    .value(text(value));
            }
        }
    }
}

fn second_factor(policy: &Value, notes: &mut Notes) {
    let path = &["multifactorPolicy"];
    let providers = texts(&policy["multifactorAuthenticationProviders"]);
    let other = !matches!(
        class(policy),
        "" | "DefaultRegisteredServiceMultifactorPolicy"
    );
    let triggers =
        !is_blank(&policy["principalAttributeNameTrigger"]) || !is_blank(&policy["script"]);
    if !providers.is_empty() || other || triggers || flag(policy, "forceExecution", false) {
        let says = "a second factor can't be asked for by one application yet";
        let value = if providers.is_empty() {
            class(policy).to_owned()
        } else {
            providers.join(", ")
        };
        notes.closes(path, says).value(value);
    } else if flag(policy, "bypassEnabled", false) {
        notes.left_out(
            path,
            "who must show a second factor must do so for this service too",
        );
    }
}

fn authentication(service: &Value, notes: &mut Notes) {
    let policy = &service["authenticationPolicy"];
    let path = &["authenticationPolicy"];
    let criteria = class(&policy["criteria"]);
    let loose = ["AnyAuthenticationHandler", "NotPrevented"];
    if !criteria.is_empty() && !loose.iter().any(|name| criteria.starts_with(name)) {
        let says = "a condition on the way of sign-in has no counterpart";
        notes.closes(&[path[0], "criteria"], says).value(criteria);
    }
    for (holder, key) in [
        (policy, "requiredAuthenticationHandlers"),
        (policy, "excludedAuthenticationHandlers"),
        (service, "requiredHandlers"),
    ] {
        let handlers = texts(&holder[key]);
        if !handlers.is_empty() {
            let path: &[&str] = if key == "requiredHandlers" {
                &[key]
            } else {
                &[path[0], key]
            };
            let says =
                "there is one source of accounts here, and it may hold more people than these";
            notes.closes(path, says).value(handlers.join(", "));
        }
    }
}

fn environment(service: &Value, environments: &[String], notes: &mut Notes) {
    let wanted = texts(&service["environments"]);
    if wanted.is_empty() {
        return;
    }
    let path = &["environments"];
    if wanted.iter().any(|name| environments.contains(name)) {
        notes
            .converted(path, "is one of those that were asked for")
            .value(wanted.join(", "));
    } else {
        let says = "is for some environments only, and which one this is wasn't said";
        notes
            .closes(path, says)
            .value(wanted.join(", "))
            .instead(format!("yimen import apereo --environment {}", wanted[0]));
    }
}

/// Whether the service is for other environments than those that were named.
pub(super) fn is_elsewhere(service: &Value, environments: &[String]) -> bool {
    let wanted = texts(&service["environments"]);
    !environments.is_empty()
        && !wanted.is_empty()
        && !wanted.iter().any(|name| environments.contains(name))
}

fn response(kind: &Value, notes: &mut Notes) {
    let text = text(kind);
    if is_blank(kind) || text == "REDIRECT" {
        return;
    }
    let says = "the ticket comes by redirect, unless the application asks otherwise";
    notes
        .differs(&["responseType"], says)
        .value(&text)
        .instead(format!("/cas/login?service=…&method={text}"));
}

fn protocols(protocols: &Value, notes: &mut Notes) {
    if !is_blank(protocols) {
        let says = "every version of the protocol is spoken with every application";
        notes
            .differs(&["supportedProtocols"], says)
            .value(texts(protocols).join(", "));
    }
}

fn properties(properties: &Value, notes: &mut Notes) {
    for (name, value) in pairs(properties) {
        let values = list(&value["values"])
            .into_iter()
            .map(text)
            .collect::<Vec<_>>();
        let says = if name == "jwtAsServiceTicket" {
            "a ticket is a ticket of the CAS protocol, never a JWT"
        } else {
            "an entry has no free properties"
        };
        notes
            .left_out(&["properties", name], says)
            .value(values.join(", "));
    }
}
