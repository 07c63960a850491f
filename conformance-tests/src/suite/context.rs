//! What a case may use.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use url::Url;

use super::answer::Answer;
use super::case::missing;
use super::client::{Browser, Reply, parameter};
use super::evidence::{Evidence, Party};
use super::listeners::{CallbackListener, HttpListener, Listeners};
use super::login_form::{FieldNames, LoginForm};
use super::options::{Options, Profile};
use super::runner::Subject;

/// The server under test, seen from a case.
#[derive(Debug)]
pub struct Context {
    pub options: Arc<Options>,
    pub evidence: Evidence,
    listeners: Listeners,
}

/// A completed sign-in with a service.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub ticket: String,
    /// The redirect to the service.
    pub reply: Reply,
}

impl Subject for Context {
    fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    fn profile(&self) -> Profile {
        self.options.profile
    }

    fn address(&self) -> String {
        self.options.base.to_string()
    }

    /// The idle time of a session is waited for.
    fn patience(&self) -> Duration {
        Duration::from_mins(5) + Duration::from_secs(self.options.idle_timeout.unwrap_or_default())
    }
}

impl Context {
    /// Starts the listeners that the options ask for.
    pub async fn new(options: Options) -> Result<Self> {
        let evidence = Evidence::new(&options.password);
        let listeners = Listeners::start(&options, &evidence).await?;
        Ok(Self {
            options: Arc::new(options),
            evidence,
            listeners,
        })
    }

    /// The suite's own service, which hears of logouts.
    pub fn listener(&self) -> Result<&HttpListener> {
        let listener = self.listeners.http.as_ref();
        listener.ok_or_else(|| missing("no listener for logout documents: give --listen"))
    }

    /// The suite's own proxy callback.
    pub fn callback(&self) -> Result<&CallbackListener> {
        let listener = self.listeners.callback.as_ref();
        listener.ok_or_else(|| missing("no proxy callback: give --callback"))
    }

    /// The registered service.
    pub fn service(&self) -> String {
        self.options.service.clone()
    }

    pub fn other_service(&self) -> Result<String> {
        let other = self.options.other_service.clone();
        other.ok_or_else(|| missing("no second registered service: give --other-service"))
    }

    pub fn https_service(&self) -> Result<String> {
        let https = self.options.https_service.clone();
        https.ok_or_else(|| missing("no registered https service: give --https-service"))
    }

    /// An endpoint below the CAS base, with parameters encoded.
    pub fn url(&self, path: &str, parameters: &[(&str, &str)]) -> Result<Url> {
        let base = self.options.base.as_str().trim_end_matches('/');
        let mut url: Url = format!("{base}/{path}").parse()?;
        if !parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(parameters);
        }
        Ok(url)
    }

    /// `/login` with the service.
    pub fn login(&self, service: &str) -> Result<Url> {
        self.url("login", &[("service", service)])
    }

    /// A fresh browser.
    pub fn browser(&self) -> Result<Browser> {
        Browser::new(Party::Browser, &self.options.base, self.evidence.clone())
    }

    /// An application's own HTTP client.
    pub fn application(&self) -> Result<Browser> {
        Browser::new(
            Party::Application,
            &self.options.base,
            self.evidence.clone(),
        )
    }

    /// The login form of a page; None where it has none.
    pub fn login_form(&self, reply: &Reply) -> Option<LoginForm> {
        let names = FieldNames {
            username: self.options.username_field.as_deref(),
            password: self.options.password_field.as_deref(),
        };
        LoginForm::find(reply, names)
    }

    /// Opens an address and expects the login form there.
    pub async fn open_form(&self, browser: &mut Browser, url: Url) -> Result<(Reply, LoginForm)> {
        let page = browser.open(url).await?;
        let form = self.login_form(&page);
        let form = form.with_context(|| format!("no login form: {}", page.summary()))?;
        Ok((page, form))
    }

    /// Opens an address, signs in with the right credentials and these boxes ticked, and gives
    /// the first page after it or the redirect that leaves the server.
    pub async fn pass_login(
        &self,
        browser: &mut Browser,
        url: Url,
        ticked: &[&str],
    ) -> Result<Reply> {
        let (page, login) = self.open_form(browser, url).await?;
        let mut form = login.filled(&self.options.user, &self.options.password.0);
        for name in ticked {
            let found = login.checkbox(name);
            let found =
                found.ok_or_else(|| missing(format!("the login form has no box {name}")))?;
            form = form.with(&found.name, &found.value);
        }
        let reply = browser.submit(&page.url, &form).await?;
        browser.through(reply).await
    }

    /// A fresh sign-in that leads to the service with a ticket.
    pub async fn sign_in(&self, browser: &mut Browser, service: &str) -> Result<SignedIn> {
        let reply = self.pass_login(browser, self.login(service)?, &[]).await?;
        self.entered(reply, service)
    }

    /// A ticket of the browser's live session, without a form.
    pub async fn sso(&self, browser: &mut Browser, service: &str) -> Result<SignedIn> {
        let reply = browser.open(self.login(service)?).await?;
        self.entered(reply, service)
    }

    /// A sign-in without a service.
    pub async fn sign_in_alone(&self, browser: &mut Browser) -> Result<Reply> {
        let reply = self
            .pass_login(browser, self.url("login", &[])?, &[])
            .await?;
        ensure!(
            self.login_form(&reply).is_none(),
            "the credentials were refused: {}",
            reply.summary()
        );
        Ok(reply)
    }

    /// Expects the redirect to the service with a ticket.
    pub fn entered(&self, reply: Reply, service: &str) -> Result<SignedIn> {
        if self.login_form(&reply).is_some() {
            bail!("the login form instead of a ticket: {}", reply.summary());
        }
        let target = reply.redirect();
        let target =
            target.with_context(|| format!("no redirect to {service}: {}", reply.summary()))?;
        ensure!(
            leads_to(&target, service),
            "not to {service}: {}",
            reply.summary()
        );
        let ticket = parameter(&target, "ticket");
        let ticket = ticket.with_context(|| format!("no ticket: {}", reply.summary()))?;
        Ok(SignedIn { ticket, reply })
    }

    /// A ticket of freshly presented credentials.
    pub async fn ticket(&self, service: &str) -> Result<String> {
        let mut browser = self.browser()?;
        Ok(self.sign_in(&mut browser, service).await?.ticket)
    }

    /// A ticket of a live session: fresh credentials were shown for another ticket before.
    pub async fn sso_ticket(&self, service: &str) -> Result<String> {
        let mut browser = self.browser()?;
        self.sign_in(&mut browser, service).await?;
        Ok(self.sso(&mut browser, service).await?.ticket)
    }

    /// Asks a validation endpoint (`serviceValidate`, `p3/serviceValidate`, `proxy`, …) as an
    /// application does.
    pub async fn validate(&self, endpoint: &str, parameters: &[(&str, &str)]) -> Result<Answer> {
        let url = self.url(endpoint, parameters)?;
        let reply = self.application()?.get(url).await?;
        Ok(Answer { reply })
    }

    /// `/p3/serviceValidate` of a ticket.
    pub async fn p3(&self, service: &str, ticket: &str) -> Result<Answer> {
        self.validate(
            "p3/serviceValidate",
            &[("service", service), ("ticket", ticket)],
        )
        .await
    }
}

/// Whether an address is the service's, whatever its query.
pub fn leads_to(target: &Url, service: &str) -> bool {
    let Ok(service) = Url::parse(service) else {
        return false;
    };
    target.origin() == service.origin() && target.path() == service.path()
}
