//! Ways out: the end-session endpoint, as a browser sees it.

use anyhow::{Result, ensure};
use url::Url;

use super::provider::Provider;
use super::target::Client;
use crate::suite::buttons;
use crate::suite::client::{Browser, Reply};
use crate::suite::html;

/// Where a browser arrived that was sent to sign out.
#[derive(Clone, Debug)]
pub struct Leaving {
    /// What the endpoint answered at once.
    pub first: Reply,
    /// The page or the redirect at the end.
    pub last: Reply,
    /// Whether a page asked before the sign-out.
    pub asked: bool,
}

impl Leaving {
    /// Where the browser goes from the last page: by redirect, or by itself once the page is loaded;
    /// None where it stays with the server.
    pub fn aim(&self) -> Option<Url> {
        let aim = self.last.redirect().or_else(|| html::refresh(&self.last));
        aim.filter(|aim| aim.origin() != self.last.url.origin())
    }

    /// It goes to an address of a client's, whatever is in the query: at once, or from a page that
    /// first tells others of the sign-out and has the way on as a link.
    pub fn arrives(&self, address: &str) -> Result<Url> {
        let links = html::links(&self.last);
        let links = links
            .iter()
            .filter_map(|link| self.last.url.join(link).ok());
        let mut ways = self.aim().into_iter().chain(links);
        let found = ways.find(|way| {
            let mut plain = way.clone();
            plain.set_query(None);
            plain.as_str() == address
        });
        let Some(aim) = found else {
            anyhow::bail!("no way back to {address}: {}", self.last.summary());
        };
        Ok(aim)
    }

    /// It stays at the server, and nothing failed there.
    pub fn stays(&self) -> Result<()> {
        let aim = self.aim();
        ensure!(aim.is_none(), "it goes to {aim:?}");
        let links = html::links(&self.last);
        let bad = links.iter().find(|it| it.contains("unregistered.invalid"));
        ensure!(bad.is_none(), "the page links to {bad:?}");
        ensure!(self.last.status < 500, "{}", self.last.summary());
        Ok(())
    }
}

impl Provider {
    /// The address of a sign-out.
    pub fn leave_url(&self, parameters: &[(&str, &str)]) -> Result<Url> {
        let mut url = self.endpoint("end_session_endpoint")?;
        if !parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(parameters);
        }
        Ok(url)
    }

    /// Signs out by GET, and says yes where a page asks.
    pub async fn leave(
        &self,
        browser: &mut Browser,
        parameters: &[(&str, &str)],
    ) -> Result<Leaving> {
        let first = browser.open(self.leave_url(parameters)?).await?;
        self.confirm(browser, first).await
    }

    /// Says yes where a page asks.
    pub async fn confirm(&self, browser: &mut Browser, first: Reply) -> Result<Leaving> {
        let form = buttons::sign_out(&first).filter(|_| first.status == 200);
        let (last, asked) = match form {
            Some(form) => {
                let reply = browser.submit(&first.url, &form).await?;
                (browser.through(reply).await?, true)
            }
            None => (first.clone(), false),
        };
        Ok(Leaving { first, last, asked })
    }

    /// Whether the user is still signed in.
    pub async fn is_signed_in(&self, browser: &mut Browser) -> Result<bool> {
        let request = self
            .request(&self.basic(), "openid")?
            .with("prompt", "none");
        let landing = self.open(browser, &request).await?;
        if landing.code().is_ok() {
            return Ok(true);
        }
        let error = landing.error()?;
        ensure!(error != "server_error", "{}", landing.reply.summary());
        Ok(error != "login_required")
    }

    /// The client that signs out: one without front channel, where there is one.
    pub fn leaving_client(&self) -> Client {
        self.post_client().unwrap_or_else(|_| self.basic())
    }
}
