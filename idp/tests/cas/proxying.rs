//! A campus with proxies, and what they ask.

use std::collections::BTreeMap;

use serde_json::json;

use crate::support::kit::{address, register, ticket};
use crate::support::outside::{Authority, Outside, status};
use crate::support::{Campus, Visitor, each_campus_with};

pub const PORTAL: &str = "https://portal.uni.edu.cn/in";

pub const MAIL: &str = "https://mail.uni.edu.cn/in";

pub const STORE: &str = "imap://store.uni.edu.cn";

/// The callbacks of the proxies, on this machine, behind a certificate of the school's.
pub struct Callbacks {
    server: Outside,
}

impl Callbacks {
    pub fn url(&self, application: &str) -> String {
        format!(
            "https://{application}.uni.edu.cn:{}/pgt?own=1",
            self.server.port()
        )
    }

    /// How many there were.
    pub fn count(&self) -> usize {
        self.server.requests().len()
    }

    /// What the newest callback brought.
    pub fn newest(&self) -> BTreeMap<String, String> {
        let requests = self.server.requests();
        let line = requests
            .last()
            .expect("a callback")
            .lines()
            .next()
            .unwrap()
            .to_owned();
        let query = line.split(['?', ' ']).nth(2).unwrap();
        url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect()
    }
}

/// Runs a test on a campus where the portal may act at mail, and mail at the store.
pub async fn each_proxying_campus(code: u16, test: impl AsyncFn(&Campus, &Callbacks)) {
    let authority = Authority::new();
    let file = authority.file();
    let trusting = |config: &mut idp::config::Config| config.egress.ca_file = Some(file.clone());
    each_campus_with(trusting, async |campus| {
        let hosts = [
            "portal.uni.edu.cn",
            "mail.uni.edu.cn",
            "store.uni.edu.cn",
            "deep.uni.edu.cn",
        ];
        let server = Outside::https(authority.certify(&hosts), move |_| status(code)).await;
        for host in hosts {
            campus
                .parts
                .names
                .write(host, &["127.0.0.1".parse().unwrap()]);
        }
        let callbacks = Callbacks { server };
        let side = |name: &str, targets: &[&str]| {
            json!({ "services": [format!("https://{name}.uni.edu.cn/*")],
                "proxy": { "callbacks": [callbacks.url(name)], "targets": targets } })
        };
        let entries = json!([
            { "id": "portal", "name": { "zh-CN": "门户", "en": "Portal" },
                "cas": side("portal", &["mail"]) },
            { "id": "mail", "name": { "zh-CN": "邮件", "en": "Mail" },
                "cas": side("mail", &["store"]) },
            { "id": "store", "name": { "zh-CN": "存储", "en": "Store" },
                "cas": { "services": ["https://store.uni.edu.cn/*"],
                    "opaque_services": [STORE] } },
        ]);
        register(campus, &entries).await;
        test(campus, &callbacks).await;
    })
    .await;
}

pub async fn ask(campus: &Campus, path: &str, pairs: &[(&str, &str)]) -> String {
    let reply = campus.visitor().get(&address(path, pairs)).await;
    assert_eq!(reply.status, 200);
    reply.body()
}

/// The text of the only element of a name.
pub fn element(xml: &str, name: &str) -> Option<String> {
    elements(xml, name).pop()
}

/// The texts of the elements of a name, by a strict reader.
pub fn elements(xml: &str, name: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(xml).unwrap_or_else(|e| panic!("{e}: {xml}"));
    document
        .descendants()
        .filter(|node| node.tag_name().name() == name)
        .map(|node| node.text().unwrap_or_default().to_owned())
        .collect()
}

pub fn code(xml: &str) -> Option<String> {
    let document = roxmltree::Document::parse(xml).unwrap();
    let failure = document
        .descendants()
        .find(|node| node.has_attribute("code"))?;
    failure.attribute("code").map(str::to_owned)
}

/// The proxy-granting ticket of an application that validates a ticket with its callback.
pub async fn granted(
    campus: &Campus,
    callbacks: &Callbacks,
    at: (&str, &str, &str),
    ticket: &str,
) -> String {
    granted_with_iou(campus, callbacks, at, ticket).await.0
}

/// The same with the IOU that the answer had.
pub async fn granted_with_iou(
    campus: &Campus,
    callbacks: &Callbacks,
    (path, service, application): (&str, &str, &str),
    ticket: &str,
) -> (String, String) {
    let url = callbacks.url(application);
    let pairs = [
        ("service", service),
        ("ticket", ticket),
        ("pgtUrl", url.as_str()),
    ];
    let body = ask(campus, path, &pairs).await;
    let iou = element(&body, "proxyGrantingTicket").unwrap_or_else(|| panic!("{body}"));
    let brought = callbacks.newest();
    assert_eq!(
        brought["pgtIou"], iou,
        "TKT-09: the answer has the IOU only"
    );
    assert_eq!(brought["own"], "1", "CAS 82: its own query stays");
    assert!(!body.contains(&brought["pgtId"]), "TKT-09: {body}");
    (brought["pgtId"].clone(), iou)
}

pub async fn portal_granted(
    campus: &Campus,
    callbacks: &Callbacks,
    visitor: &mut Visitor,
) -> String {
    let ticket = ticket(visitor, PORTAL).await;
    let at = ("/cas/serviceValidate", PORTAL, "portal");
    granted(campus, callbacks, at, &ticket).await
}

pub async fn proxy_ticket(campus: &Campus, pgt: &str, target: &str) -> Result<String, String> {
    let body = ask(
        campus,
        "/cas/proxy",
        &[("pgt", pgt), ("targetService", target)],
    )
    .await;
    element(&body, "proxyTicket").ok_or_else(|| code(&body).unwrap_or_else(|| panic!("{body}")))
}
