//! The ways through the sign-in that more than one test goes, without a browser.

use anyhow::{Context as _, Result, bail};

use crate::cas::login_url;
use crate::demo;
use crate::inbox;
use crate::page::{Form, Page};
use crate::server::{Node, Server};
use crate::visitor::Visitor;

/// An address of the demo application that nothing listens on: only the redirect to it counts.
pub const SERVICE: &str = "http://127.0.0.1:9/app";

/// Signs in with account and password; the answer is the redirect to the service, or the page
/// that comes instead.
pub async fn sign_in(
    visitor: &Visitor,
    node: &Node,
    service: &str,
    account: &str,
    password: &str,
) -> Result<Page> {
    let page = visitor
        .open(login_url(node, service)?)
        .await?
        .expect("sign_in")?;
    let form = page
        .form()?
        .with("username", account)
        .with("password", password);
    visitor.submit_through(&form).await
}

/// Signs the demo's activated student in and gives her service ticket.
pub async fn ticket(visitor: &Visitor, node: &Node, service: &str) -> Result<String> {
    ticket_for(visitor, node, service, demo::STUDENT.number, demo::PASSWORD).await
}

/// Signs an activated account in and gives its service ticket.
pub async fn ticket_for(
    visitor: &Visitor,
    node: &Node,
    service: &str,
    number: &str,
    password: &str,
) -> Result<String> {
    let answer = sign_in(visitor, node, service, number, password).await?;
    let ticket = answer.ticket();
    ticket.with_context(|| format!("no ticket after the sign-in: {}", answer.summary()))
}

/// A ticket for somebody who is signed in already.
pub async fn ticket_without_password(
    visitor: &Visitor,
    node: &Node,
    service: &str,
) -> Result<String> {
    let answer = visitor.open(login_url(node, service)?).await?;
    let answer = visitor.through(answer).await?;
    let ticket = answer.ticket();
    ticket.with_context(|| format!("no ticket though signed in: {}", answer.summary()))
}

/// The initial password of a demo account, as the server printed it at its start.
pub fn initial_password(server: &Server, account: &str) -> Result<String> {
    let printed = server.printed()?;
    let line = printed.lines().find(|line| line.contains(account));
    let line = line.with_context(|| format!("nothing printed about {account}"))?;
    let word = line
        .split(|c: char| !c.is_ascii_alphanumeric())
        .find(|word| is_last_six(word));
    Ok(word
        .with_context(|| format!("no initial password in «{line}»"))?
        .to_owned())
}

/// The activation code of `demo::NEW_WITH_CODE`, as the server printed it at its start.
pub fn activation_code(server: &Server) -> Result<String> {
    let account = demo::NEW_WITH_CODE.number;
    code_of(&server.printed()?, account)
}

/// The activation code that a printed list has for an account.
pub fn code_of(printed: &str, account: &str) -> Result<String> {
    let lines = printed.lines().filter(|line| line.contains(account));
    let mut words = lines.flat_map(|line| line.split([' ', ',', '\t', '"']));
    let code = words.find(|word| is_activation_code(word));
    Ok(code
        .with_context(|| format!("no activation code printed for {account}"))?
        .to_owned())
}

/// Groups of letters and digits with dashes between, such as `7K4M-Q2XD-9TRA`.
fn is_activation_code(word: &str) -> bool {
    let groups: Vec<&str> = word.split('-').collect();
    let is_group = |group: &&str| {
        group.len() >= 3
            && group
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    groups.len() >= 2 && groups.iter().all(is_group)
}

/// Five digits and a check digit, which may be X.
fn is_last_six(word: &str) -> bool {
    let (digits, check) = word.split_at_checked(5).unwrap_or_default();
    digits.bytes().all(|digit| digit.is_ascii_digit())
        && matches!(check.as_bytes(), [b'0'..=b'9' | b'X'])
}

/// The first sign-in of `demo::NEW` by hand, one step a call.
#[derive(Debug)]
pub struct FirstSignIn<'a> {
    pub visitor: &'a Visitor,
    pub server: &'a Server,
}

impl FirstSignIn<'_> {
    /// Number and initial password: opens the wizard.
    pub async fn begin(&self, service: &str) -> Result<Page> {
        let account = demo::NEW.number;
        let password = initial_password(self.server, account)?;
        self.begin_as(service, account, &password).await
    }

    /// The same for any account.
    pub async fn begin_as(&self, service: &str, account: &str, password: &str) -> Result<Page> {
        let page = sign_in(self.visitor, self.server, service, account, password).await?;
        page.expect("evidence")
    }

    /// The code that the school printed, instead of one to the phone.
    pub async fn use_activation_code(&self, page: &Page, code: &str) -> Result<Page> {
        let form = match page.form_at("#activation-form") {
            Ok(form) => form,
            Err(_) => page.form()?,
        };
        self.submit(
            &form
                .with("activation_code", code)
                .with("intent", "activation"),
        )
        .await
    }

    /// Asks for a code on the page and gives it back with the page that takes it.
    pub async fn send_code(&self, page: &Page, phone: &str) -> Result<(Page, String)> {
        let before = inbox::messages(self.server, phone).await?.len();
        let mut form = page.form()?.with("intent", "send");
        if page.name() == "bind_phone" {
            form = form.with("phone", phone);
        }
        let page = self.visitor.submit_through(&form).await?;
        let code = inbox::code_after(self.server, phone, before).await?;
        Ok((page, code))
    }

    /// The code that was sent.
    pub async fn verify(&self, page: &Page, code: &str) -> Result<Page> {
        self.submit(&page.form()?.with("intent", "verify").with("code", code))
            .await
    }

    pub async fn accept_notice(&self, page: &Page) -> Result<Page> {
        self.submit(&page.form()?.with("accept", "yes")).await
    }

    pub async fn set_password(&self, page: &Page, password: &str) -> Result<Page> {
        let form = page
            .form()?
            .with("password", password)
            .with("password_again", password);
        self.submit(&form).await
    }

    /// Binds the number that was proved two steps before.
    pub async fn keep_phone(&self, page: &Page) -> Result<Page> {
        self.submit(&page.form_at("#keep-form")?.with("intent", "keep"))
            .await
    }

    /// 我已完成.
    pub async fn finish(&self, page: &Page) -> Result<Page> {
        self.submit(&page.form()?).await
    }

    async fn submit(&self, form: &Form) -> Result<Page> {
        let page = self.visitor.submit_through(form).await?;
        if let Some(notice) = page.notice() {
            bail!("the step was not taken: {notice}: {}", page.summary());
        }
        Ok(page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_initial_password_is_told_from_numbers_and_words() {
        assert!(is_last_six("12345X") && is_last_six("123456"));
        assert!(!is_last_six("20230001") && !is_last_six("accoun") && !is_last_six("12345x7"));
    }
}
