//! Ways through the authorization endpoint.

use anyhow::{Result, ensure};
use url::Url;

use super::jose::Jwt;
use super::provider::Provider;
use super::request::{AuthRequest, Callback, Landing, Mode};
use super::target::{Account, Client};
use super::tokens::Tokens;
use crate::suite::buttons;
use crate::suite::client::{Browser, Reply};

/// More pages than any sign-in has.
const MOST_PAGES: usize = 8;

/// A sign-in from the request to the tokens.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub browser: Browser,
    pub request: AuthRequest,
    pub landing: Landing,
    pub tokens: Tokens,
    /// The ID token, its signature verified.
    pub id: Jwt,
}

impl Provider {
    /// A request for a code: with PKCE, where the server has it.
    pub fn request(&self, client: &Client, scope: &str) -> Result<AuthRequest> {
        let mut request = AuthRequest::plain(client, scope)?;
        if let Some(mode) = self.response_mode {
            request = request.with("response_mode", mode);
        }
        if self.lists("code_challenge_methods_supported", "S256") {
            return request.with_pkce();
        }
        Ok(request)
    }

    /// The address of a request.
    pub fn address_of(&self, request: &AuthRequest) -> Result<Url> {
        Ok(request.url(&self.endpoint("authorization_endpoint")?))
    }

    /// Sends a browser and does nothing there: the response, or the page that is shown.
    pub async fn open(&self, browser: &mut Browser, request: &AuthRequest) -> Result<Landing> {
        let reply = browser.open(self.address_of(request)?).await?;
        let callback = self.callback(&reply, &request.redirect_uri)?;
        Ok(Landing {
            callback,
            ..Landing::of(reply)
        })
    }

    /// The response, where an answer is one; it comes by the mode that every request asks for.
    fn callback(&self, reply: &Reply, redirect_uri: &str) -> Result<Option<Callback>> {
        let callback = Callback::read(reply, redirect_uri);
        if let (Some("form_post"), Some(callback)) = (self.response_mode, &callback) {
            ensure!(callback.mode == Mode::FormPost, "by {:?}", callback.mode);
        }
        Ok(callback)
    }

    /// Sends a browser whose user signs in and agrees wherever they are asked to.
    pub async fn authorize(&self, browser: &mut Browser, request: &AuthRequest) -> Result<Landing> {
        self.authorize_as(browser, request, &self.target.user).await
    }

    /// The same for an account.
    pub async fn authorize_as(
        &self,
        browser: &mut Browser,
        request: &AuthRequest,
        account: &Account,
    ) -> Result<Landing> {
        let reply = browser.open(self.address_of(request)?).await?;
        self.walk(browser, reply, &request.redirect_uri, account)
            .await
    }

    /// From a page on: signs in, agrees, until the response comes or a page asks neither.
    pub async fn walk(
        &self,
        browser: &mut Browser,
        reply: Reply,
        redirect_uri: &str,
        account: &Account,
    ) -> Result<Landing> {
        let mut landing = Landing::of(reply);
        for _ in 0..MOST_PAGES {
            landing.callback = self.callback(&landing.reply, redirect_uri)?;
            if landing.callback.is_some() || landing.reply.redirect().is_some() {
                break;
            }
            let page = landing.reply.clone();
            if let Some(login) = self.login_form(&page) {
                if landing.login_answer.is_some() && landing.consent_pages.is_empty() {
                    // The credentials were refused: once more would not help.
                    break;
                }
                let form = login.filled(&account.name, &account.password);
                let answer = browser.submit(&page.url, &form).await?;
                landing.login_pages.insert(0, page);
                landing.login_answer = Some(answer.clone());
                landing.reply = browser.through(answer).await?;
            } else if let Some(form) = buttons::affirmative(&page) {
                let answer = browser.submit(&page.url, &form).await?;
                landing.consent_pages.push(page);
                landing.reply = browser.through(answer).await?;
            } else {
                break;
            }
        }
        if landing.code().is_ok() {
            self.keep(browser).await;
        }
        Ok(landing)
    }

    /// A code for the user who is signed in already, and its request.
    pub async fn code(&self, client: &Client, scope: &str) -> Result<(AuthRequest, String)> {
        let mut browser = self.visitor().await?;
        let request = self.request(client, scope)?;
        let code = self.code_of(&mut browser, &request).await?;
        Ok((request, code))
    }

    /// The code of a request.
    pub async fn code_of(&self, browser: &mut Browser, request: &AuthRequest) -> Result<String> {
        let landing = self.authorize(browser, request).await?;
        Ok(landing.code()?.to_owned())
    }

    /// Tokens for the user who is signed in already.
    pub async fn sign_in(&self, client: &Client, scope: &str) -> Result<SignedIn> {
        let request = self.request(client, scope)?;
        self.sign_in_with(self.visitor().await?, client, request)
            .await
    }

    /// The same in a browser of its own, with credentials.
    pub async fn sign_in_fresh(&self, client: &Client, scope: &str) -> Result<SignedIn> {
        let request = self.request(client, scope)?;
        self.sign_in_with(self.browser()?, client, request).await
    }

    /// Tokens by a request.
    pub async fn sign_in_with(
        &self,
        mut browser: Browser,
        client: &Client,
        request: AuthRequest,
    ) -> Result<SignedIn> {
        let landing = self.authorize(&mut browser, &request).await?;
        let code = landing.code()?.to_owned();
        let tokens = self.redeem(client, &request, &code).await?;
        let id = tokens.id()?;
        id.verify(&self.jwks)?;
        Ok(SignedIn {
            browser,
            request,
            landing,
            tokens,
            id,
        })
    }

    /// Scope and prompt by which a client gets a refresh token (OpenID Connect Core §11).
    pub fn offline(&self, client: &Client) -> Result<AuthRequest> {
        if !self.lists("scopes_supported", "offline_access") {
            return self.request(client, "openid");
        }
        let request = self.request(client, "openid offline_access")?;
        Ok(request.with("prompt", "consent"))
    }

    /// Tokens with a refresh token.
    pub async fn sign_in_offline(&self, client: &Client) -> Result<SignedIn> {
        let request = self.offline(client)?;
        self.sign_in_with(self.visitor().await?, client, request)
            .await
    }
}
