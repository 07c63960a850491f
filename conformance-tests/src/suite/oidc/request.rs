//! An authorization request (OpenID Connect Core §3.1.2.1), and what came back.

use anyhow::{Context as _, Result, bail, ensure};
use url::{Url, form_urlencoded};

use super::keys::{base64url, random, sha256};
use super::target::Client;
use crate::suite::client::Reply;
use crate::suite::login_form;

/// A request as a relying party makes it; its parameters keep their order.
#[derive(Clone, Debug)]
pub struct AuthRequest {
    pub parameters: Vec<(String, String)>,
    pub client_id: String,
    pub redirect_uri: String,
    pub state: String,
    pub nonce: String,
    /// RFC 7636 §4.1; None: no challenge is sent.
    pub verifier: Option<String>,
}

/// The challenge of a verifier, S256 (RFC 7636 §4.2).
pub fn challenge(verifier: &str) -> String {
    base64url(sha256(verifier.as_bytes()))
}

impl AuthRequest {
    /// For a code and `scope`, without PKCE.
    pub fn plain(client: &Client, scope: &str) -> Result<Self> {
        let (state, nonce) = (random(16)?, random(16)?);
        let redirect_uri = client.redirect_uri().to_owned();
        let parameters = [
            ("response_type", "code"),
            ("client_id", &client.client_id),
            ("redirect_uri", &redirect_uri),
            ("scope", scope),
            ("state", &state),
            ("nonce", &nonce),
        ];
        let owned = parameters.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Ok(Self {
            parameters: owned.into(),
            client_id: client.client_id.clone(),
            redirect_uri,
            state,
            nonce,
            verifier: None,
        })
    }

    /// With PKCE, S256.
    pub fn with_pkce(self) -> Result<Self> {
        let verifier = random(32)?;
        let mut request = self
            .with("code_challenge", &challenge(&verifier))
            .with("code_challenge_method", "S256");
        request.verifier = Some(verifier);
        Ok(request)
    }

    /// Without PKCE.
    #[must_use]
    pub fn without_pkce(self) -> Self {
        let mut request = self
            .without("code_challenge")
            .without("code_challenge_method");
        request.verifier = None;
        request
    }

    /// Sets a parameter.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        match self.parameters.iter_mut().find(|(known, _)| known == name) {
            Some(parameter) => value.clone_into(&mut parameter.1),
            None => self.parameters.push((name.to_owned(), value.to_owned())),
        }
        match name {
            "state" => value.clone_into(&mut self.state),
            "nonce" => value.clone_into(&mut self.nonce),
            "redirect_uri" => value.clone_into(&mut self.redirect_uri),
            "client_id" => value.clone_into(&mut self.client_id),
            _ => {}
        }
        self
    }

    /// Adds a parameter, whether or not it is there already.
    #[must_use]
    pub fn adding(mut self, name: &str, value: &str) -> Self {
        self.parameters.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Leaves a parameter out.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.parameters.retain(|(known, _)| known != name);
        self
    }

    /// The address that a browser is sent to.
    pub fn url(&self, endpoint: &Url) -> Url {
        let mut url = endpoint.clone();
        url.query_pairs_mut().extend_pairs(&self.parameters);
        url
    }

    /// The parameters as `Browser::post` takes them.
    pub fn fields(&self) -> Vec<(&str, &str)> {
        let pairs = self.parameters.iter();
        pairs
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect()
    }
}

/// How a response reached the redirect URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Query,
    Fragment,
    FormPost,
}

/// A response at the redirect URI.
#[derive(Clone, Debug)]
pub struct Callback {
    pub mode: Mode,
    pub parameters: Vec<(String, String)>,
}

impl Callback {
    /// The response to a request, where an answer of the server's is one.
    pub fn read(reply: &Reply, redirect_uri: &str) -> Option<Self> {
        let aim = Url::parse(redirect_uri).ok()?;
        if let Some(target) = reply.redirect() {
            if !same_place(&target, &aim) {
                return None;
            }
            let text = |part: &str| {
                form_urlencoded::parse(part.as_bytes())
                    .into_owned()
                    .collect()
            };
            let own: Vec<(String, String)> = aim.query_pairs().into_owned().collect();
            if let Some(fragment) = target.fragment().filter(|it| it.contains('=')) {
                return Some(Self {
                    mode: Mode::Fragment,
                    parameters: text(fragment),
                });
            }
            let mut parameters: Vec<(String, String)> = text(target.query().unwrap_or_default());
            parameters.retain(|pair| !own.contains(pair));
            return Some(Self {
                mode: Mode::Query,
                parameters,
            });
        }
        let forms = login_form::forms(reply).ok()?;
        let form = forms
            .into_iter()
            .find(|form| same_place(&form.action, &aim))?;
        Some(Self {
            mode: Mode::FormPost,
            parameters: form.fields,
        })
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Whether two addresses are one but for query and fragment.
fn same_place(one: &Url, other: &Url) -> bool {
    one.origin() == other.origin() && one.scheme() == other.scheme() && one.path() == other.path()
}

/// Where a browser arrived that was sent to the authorization endpoint.
#[derive(Clone, Debug)]
pub struct Landing {
    /// The redirect, the page that posts, or the page that is shown.
    pub reply: Reply,
    /// The response at the redirect URI; None: the browser stays, or was sent elsewhere.
    pub callback: Option<Callback>,
    /// The forms for a password that were shown on the way, the last of them first.
    pub login_pages: Vec<Reply>,
    /// What the server said to the last credentials.
    pub login_answer: Option<Reply>,
    /// The questions that were answered with yes.
    pub consent_pages: Vec<Reply>,
}

impl Landing {
    pub fn of(reply: Reply) -> Self {
        Self {
            reply,
            callback: None,
            login_pages: Vec::new(),
            login_answer: None,
            consent_pages: Vec::new(),
        }
    }

    /// The response; fails with what else came.
    pub fn callback(&self) -> Result<&Callback> {
        let callback = self.callback.as_ref();
        callback
            .with_context(|| format!("no response at the redirect URI: {}", self.reply.summary()))
    }

    /// The code; fails with what else came.
    pub fn code(&self) -> Result<&str> {
        let callback = self.callback()?;
        if let Some(error) = callback.get("error") {
            let why = callback.get("error_description").unwrap_or_default();
            bail!("the request was refused: {error} {why}");
        }
        callback.get("code").context("a response without code")
    }

    /// The error at the redirect URI; fails with what else came.
    pub fn error(&self) -> Result<&str> {
        let callback = self.callback()?;
        ensure!(callback.get("code").is_none(), "a code was given");
        callback.get("error").context("a response without error")
    }

    /// Neither a code nor a redirect away from the server: a page says what is wrong.
    pub fn error_page(&self) -> Result<()> {
        ensure!(self.callback.is_none(), "sent on: {}", self.reply.summary());
        ensure!(
            self.reply.redirect().is_none(),
            "redirected: {}",
            self.reply.summary()
        );
        ensure!(
            (400..500).contains(&self.reply.status),
            "no error page: {}",
            self.reply.summary()
        );
        Ok(())
    }

    /// No code was given, whatever else.
    pub fn no_code(&self) -> Result<()> {
        let code = self.callback.as_ref().and_then(|it| it.get("code"));
        ensure!(code.is_none(), "a code was given");
        let elsewhere = self.reply.redirect();
        let elsewhere = elsewhere.filter(|it| it.query_pairs().any(|(name, _)| name == "code"));
        ensure!(
            elsewhere.is_none(),
            "a code was given away: {}",
            self.reply.summary()
        );
        Ok(())
    }

    /// An error at the redirect URI that is one of these, or an error page.
    pub fn refused_as(&self, errors: &[&str]) -> Result<()> {
        self.no_code()?;
        if self.callback.is_none() {
            return self.error_page();
        }
        let error = self.error()?;
        ensure!(
            errors.contains(&error),
            "the error is «{error}», not one of {errors:?}"
        );
        Ok(())
    }
}
