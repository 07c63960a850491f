//! The application's side of CAS: validating a ticket.

use anyhow::{Context as _, Result};
use reqwest::Method;
use reqwest::header::HOST;
use roxmltree::{Document, Node as XmlNode};
use url::Url;

use crate::page::Page;
use crate::server::Node;
use crate::visitor::{self, Visitor};

/// What `serviceValidate` said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Validation {
    Success {
        user: String,
        /// In the order of the answer; a name may come more than once.
        attributes: Vec<(String, String)>,
    },
    /// `INVALID_TICKET`, `INVALID_SERVICE`, …
    Failure { code: String },
}

impl Validation {
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Success { .. })
    }

    /// The first value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let Self::Success { attributes, .. } = self else {
            return None;
        };
        let found = attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Validates a ticket at `/cas/p3/serviceValidate` of a node.
pub async fn validate(node: &Node, service: &str, ticket: &str) -> Result<Validation> {
    let application = node.visitor()?;
    validate_as(&application, node, service, ticket).await
}

/// The same by an application that keeps its connection.
pub async fn validate_as(
    application: &Visitor,
    node: &Node,
    service: &str,
    ticket: &str,
) -> Result<Validation> {
    let mut url = node.own_url("/cas/p3/serviceValidate")?;
    url.query_pairs_mut()
        .append_pair("service", service)
        .append_pair("ticket", ticket);
    let request = application
        .request(Method::GET, url)
        .header(HOST, node.host());
    read(&visitor::send(request).await?)
}

/// The address of the sign-in for a service.
pub fn login_url(node: &Node, service: &str) -> Result<Url> {
    let mut url = node.url().join("/cas/login")?;
    url.query_pairs_mut().append_pair("service", service);
    Ok(url)
}

fn read(page: &Page) -> Result<Validation> {
    let document = Document::parse(&page.body).with_context(|| page.summary())?;
    let root = document.root_element();
    if let Some(success) = child(root, "authenticationSuccess") {
        let user = child(success, "user")
            .and_then(|user| user.text())
            .unwrap_or_default();
        let attributes = child(success, "attributes")
            .into_iter()
            .flat_map(|attributes| attributes.children())
            .filter(XmlNode::is_element)
            .map(|node| {
                (
                    node.tag_name().name().to_owned(),
                    node.text().unwrap_or("").to_owned(),
                )
            });
        return Ok(Validation::Success {
            user: user.to_owned(),
            attributes: attributes.collect(),
        });
    }
    let failure = child(root, "authenticationFailure").with_context(|| page.summary())?;
    let code = failure.attribute("code").unwrap_or_default().to_owned();
    Ok(Validation::Failure { code })
}

fn child<'a>(node: XmlNode<'a, 'a>, name: &str) -> Option<XmlNode<'a, 'a>> {
    const NAMESPACE: &str = "http://www.yale.edu/tp/cas";
    node.children()
        .find(|child| child.has_tag_name((NAMESPACE, name)))
}
