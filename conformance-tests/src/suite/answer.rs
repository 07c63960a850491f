//! What a validation endpoint answered.

use anyhow::{Context as _, Result, bail, ensure};
use roxmltree::{Document, Node};

use super::client::Reply;

/// CAS 3.0.3 Appendix A.
pub const NAMESPACE: &str = "http://www.yale.edu/tp/cas";

/// The answer of a validation endpoint or of `/proxy`.
#[derive(Clone, Debug)]
pub struct Answer {
    pub reply: Reply,
}

/// A validation, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Validation {
    Success(Success),
    Failure { code: String, text: String },
}

/// `authenticationSuccess`, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Success {
    pub user: String,
    /// In the order of the document; a name may come more than once.
    pub attributes: Vec<(String, String)>,
    /// `proxyGrantingTicket`: the PGTIOU.
    pub pgt_iou: Option<String>,
    /// `proxies`, in the order of the document.
    pub proxies: Vec<String>,
}

impl Success {
    /// All values of an attribute.
    pub fn values(&self, name: &str) -> Vec<&str> {
        let named = self.attributes.iter().filter(|(known, _)| known == name);
        named.map(|(_, value)| value.as_str()).collect()
    }

    /// The first value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.values(name).first().copied()
    }
}

impl Answer {
    /// The document; one with a DTD is refused.
    pub fn xml(&self) -> Result<Document<'_>> {
        Document::parse(&self.reply.body).with_context(|| format!("no XML: {}", self.shown()))
    }

    pub fn json(&self) -> Result<serde_json::Value> {
        serde_json::from_str(&self.reply.body).with_context(|| format!("no JSON: {}", self.shown()))
    }

    /// The one child of `cas:serviceResponse`, read.
    pub fn read(&self) -> Result<Validation> {
        let document = self.xml()?;
        let root = document.root_element();
        ensure!(
            is(root, "serviceResponse"),
            "the root is no cas:serviceResponse: {}",
            self.shown()
        );
        let mut children = root.children().filter(Node::is_element);
        let child = children
            .next()
            .with_context(|| format!("an empty answer: {}", self.shown()))?;
        ensure!(
            children.next().is_none(),
            "more than one answer: {}",
            self.shown()
        );
        if is(child, "authenticationFailure") {
            let code = child
                .attribute("code")
                .context("a failure without a code")?;
            return Ok(Validation::Failure {
                code: code.to_owned(),
                text: text(child),
            });
        }
        if !is(child, "authenticationSuccess") {
            bail!("neither success nor failure: {}", self.shown());
        }
        let user = find(child, "user").context("a success without cas:user")?;
        let list = |name| find(child, name).into_iter().flat_map(|it| it.children());
        Ok(Validation::Success(Success {
            user: text(user),
            attributes: list("attributes")
                .filter(Node::is_element)
                .map(|it| (it.tag_name().name().to_owned(), text(it)))
                .collect(),
            pgt_iou: find(child, "proxyGrantingTicket").map(text),
            proxies: list("proxies")
                .filter(|it| is(*it, "proxy"))
                .map(text)
                .collect(),
        }))
    }

    /// The success; fails with what else it was.
    pub fn success(&self) -> Result<Success> {
        match self.read()? {
            Validation::Success(success) => Ok(success),
            Validation::Failure { code, text } => bail!("the ticket was refused: {code} {text}"),
        }
    }

    /// The failure's code; fails with what else it was.
    pub fn failure(&self) -> Result<String> {
        match self.read()? {
            Validation::Failure { code, .. } => Ok(code),
            Validation::Success(success) => bail!("the ticket was accepted for {}", success.user),
        }
    }

    /// Whether a user was told; false for anything unreadable too.
    pub fn is_success(&self) -> bool {
        matches!(self.read(), Ok(Validation::Success(_)))
    }

    /// The beginning of the body, on one line.
    pub fn shown(&self) -> String {
        let words: Vec<&str> = self.reply.body.split_whitespace().collect();
        let short: String = words.join(" ").chars().take(300).collect();
        format!("{} «{short}»", self.reply.status)
    }
}

/// Whether a node is an element of the CAS namespace with that name.
pub fn is(node: Node, name: &str) -> bool {
    node.has_tag_name((NAMESPACE, name))
}

/// The first child element of that name.
pub fn find<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|child| is(*child, name))
}

/// The text of an element without the space around it.
pub fn text(node: Node) -> String {
    let all: String = node
        .descendants()
        .filter_map(|it| it.is_text().then(|| it.text())?)
        .collect();
    all.trim().to_owned()
}
