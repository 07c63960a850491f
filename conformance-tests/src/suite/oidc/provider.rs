//! The provider under test, seen from a case.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use super::keys::Key;
use super::planted::{PATIENT_CASES, Planted};
use super::target::{Account, Client, Target};
use super::tokens::basic_credentials;
use crate::suite::case::{About, missing};
use crate::suite::client::{Browser, Reply};
use crate::suite::evidence::{Evidence, Party};
use crate::suite::listeners::HttpListener;
use crate::suite::login_form::{FieldNames, LoginForm};
use crate::suite::options::Profile;
use crate::suite::runner::Subject;

/// What the suite is told.
#[derive(Clone, Debug)]
pub struct Options {
    /// As in the configuration document.
    pub issuer: Url,
    pub target: Target,
    pub profile: Profile,
}

/// The provider under test, with what is known of it.
#[derive(Debug)]
pub struct Provider {
    pub target: Arc<Target>,
    pub evidence: Evidence,
    /// The issuer as it was given, without a slash at its end.
    pub issuer: String,
    base: Url,
    profile: Profile,
    /// The configuration document; null before it was read.
    pub discovery: Value,
    /// The published keys.
    pub jwks: Value,
    listener: Option<HttpListener>,
    /// The `response_mode` of every request; None: none is asked for.
    pub(super) response_mode: Option<&'static str>,
    /// Somebody signed in.
    signed_in: Mutex<Option<Browser>>,
    /// What the run began with, for cases that need it to be old.
    pub(super) planted: Mutex<Option<Planted>>,
}

impl Subject for Provider {
    fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    fn profile(&self) -> Profile {
        self.profile
    }

    fn address(&self) -> String {
        self.issuer.clone()
    }

    /// The end of a code's life may be waited for.
    fn patience(&self) -> Duration {
        Duration::from_mins(3) + Duration::from_secs(self.target.code_lifetime.unwrap_or_default())
    }

    fn prepare(&mut self) {
        self.response_mode = None;
    }

    fn comes_last(&self, case: &About) -> bool {
        PATIENT_CASES.contains(&case.id().as_str())
    }
}

impl Provider {
    /// Starts the listener and reads the configuration document and the keys.
    pub async fn new(options: Options) -> Result<Self> {
        let target = Arc::new(options.target);
        let evidence = Evidence::hiding(&secrets(&target));
        let listener = match target.listen {
            Some(address) => {
                let public = target.listen_url.as_deref().map(Url::parse).transpose()?;
                let started = HttpListener::start_http(address, public.as_ref(), evidence.clone());
                Some(started.await?)
            }
            None => None,
        };
        let mut provider = Self {
            evidence,
            issuer: options.issuer.as_str().trim_end_matches('/').to_owned(),
            base: options.issuer,
            profile: options.profile,
            discovery: Value::Null,
            jwks: Value::Null,
            listener,
            response_mode: None,
            signed_in: Mutex::default(),
            planted: Mutex::default(),
            target,
        };
        provider.discovery = provider.read(provider.configuration_url()?).await?;
        provider.jwks = provider.read(provider.endpoint("jwks_uri")?).await?;
        Ok(provider)
    }

    /// Discovery §4.1.
    pub fn configuration_url(&self) -> Result<Url> {
        Ok(format!("{}/.well-known/openid-configuration", self.issuer).parse()?)
    }

    async fn read(&self, url: Url) -> Result<Value> {
        let reply = self.application()?.get(url).await?;
        ensure!(reply.status == 200, "{}", reply.summary());
        serde_json::from_str(&reply.body).with_context(|| format!("no JSON: {}", reply.summary()))
    }

    /// An address of the configuration document; not applicable where it isn't there.
    pub fn endpoint(&self, name: &str) -> Result<Url> {
        let value = self.discovery[name].as_str();
        let value = value.ok_or_else(|| missing(format!("the server has no {name}")))?;
        value.parse().with_context(|| format!("{name}: {value}"))
    }

    /// Whether a list of the configuration document has a value.
    pub fn lists(&self, name: &str, value: &str) -> bool {
        let list = self.discovery[name].as_array();
        list.is_some_and(|list| list.iter().any(|it| it == value))
    }

    /// Not applicable where a list hasn't the value.
    pub fn needs(&self, name: &str, value: &str) -> Result<()> {
        if self.lists(name, value) {
            return Ok(());
        }
        Err(missing(format!("{name} has no {value}")))
    }

    /// A member of the configuration document that is true.
    pub fn says(&self, name: &str) -> bool {
        self.discovery[name] == true
    }

    pub fn basic(&self) -> Client {
        self.target.clients.basic.clone()
    }

    pub fn post_client(&self) -> Result<Client> {
        Self::part("post", self.target.clients.post.as_ref())
    }

    pub fn key_client(&self) -> Result<Client> {
        Self::part("key", self.target.clients.key.as_ref())
    }

    pub fn public_client(&self) -> Result<Client> {
        Self::part("public", self.target.clients.public.as_ref())
    }

    pub fn device_client(&self) -> Result<Client> {
        Self::part("device", self.target.clients.device.as_ref())
    }

    pub fn pairwise_client(&self) -> Result<Client> {
        Self::part("pairwise", self.target.clients.pairwise.as_ref())
    }

    pub fn pushing_client(&self) -> Result<Client> {
        Self::part("pushing", self.target.clients.pushing.as_ref())
    }

    pub fn asking_client(&self) -> Result<Client> {
        Self::part("asking", self.target.clients.asking.as_ref())
    }

    pub fn signed_client(&self) -> Result<Client> {
        Self::part("signed", self.target.clients.signed.as_ref())
    }

    pub fn opaque_client(&self) -> Result<Client> {
        Self::part("opaque", self.target.clients.opaque.as_ref())
    }

    pub fn nonce_client(&self) -> Result<Client> {
        Self::part("nonce", self.target.clients.nonce.as_ref())
    }

    pub fn front_client(&self) -> Result<Client> {
        Self::part("front", self.target.clients.front.as_ref())
    }

    pub fn fapi_client(&self) -> Result<Client> {
        Self::part("fapi", self.target.clients.fapi.as_ref())
    }

    fn part(name: &str, client: Option<&Client>) -> Result<Client> {
        let client = client.cloned();
        client.ok_or_else(|| missing(format!("the target has no client «{name}»")))
    }

    pub fn other_user(&self) -> Result<Account> {
        let other = self.target.other_user.clone();
        other.ok_or_else(|| missing("the target has no other_user"))
    }

    /// The suite's own place for logout tokens.
    pub fn listener(&self) -> Result<&HttpListener> {
        let listener = self.listener.as_ref();
        listener.ok_or_else(|| missing("the target has no listen address"))
    }

    /// A fresh browser.
    pub fn browser(&self) -> Result<Browser> {
        Browser::new(Party::Browser, &self.base, self.evidence.clone())
    }

    /// An application's own HTTP client.
    pub fn application(&self) -> Result<Browser> {
        Browser::new(Party::Application, &self.base, self.evidence.clone())
    }

    /// A browser in which the user is signed in. Each has the same session: a case that ends or
    /// renews one takes a newcomer.
    pub async fn visitor(&self) -> Result<Browser> {
        let mut signed_in = self.signed_in.lock().await;
        if let Some(browser) = signed_in.as_ref() {
            return Ok(browser.clone());
        }
        let mut browser = self.newcomer().await?;
        browser.shares_session = true;
        *signed_in = Some(browser.clone());
        Ok(browser)
    }

    /// Other cases go on with the session as a browser left it: a server may renew its cookie.
    pub(super) async fn keep(&self, browser: &Browser) {
        if browser.shares_session {
            *self.signed_in.lock().await = Some(browser.clone());
        }
    }

    /// A browser in which the user has just signed in: its session is its own.
    pub async fn newcomer(&self) -> Result<Browser> {
        let mut browser = self.browser()?;
        let request = self.request(&self.basic(), "openid")?;
        self.authorize(&mut browser, &request).await?.code()?;
        Ok(browser)
    }

    /// The login form of a page; None where it has none.
    pub fn login_form(&self, reply: &Reply) -> Option<LoginForm> {
        let names = FieldNames {
            username: self.target.username_field.as_deref(),
            password: self.target.password_field.as_deref(),
        };
        LoginForm::find(reply, names)
    }

    /// The key of a client with `private_key_jwt`.
    pub fn key_of(client: &Client) -> Result<Key> {
        Key::from_jwk(client.key.as_ref().context("the client has no key")?)
    }
}

fn secrets(target: &Target) -> Vec<String> {
    let accounts = std::iter::once(&target.user).chain(&target.other_user);
    let passwords = accounts.map(|account| account.password.clone());
    let clients = target.clients.all();
    let of_clients = clients.iter().filter_map(|(_, client)| {
        let secret = client.client_secret.clone()?;
        let header = STANDARD.encode(basic_credentials(&client.client_id, &secret));
        Some([secret, header])
    });
    passwords.chain(of_clients.flatten()).collect()
}
