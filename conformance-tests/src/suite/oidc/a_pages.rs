//! A. The pages of a sign-in, codes, and `form_post` (20, 24, 28, 30, 31).

use anyhow::{Context as _, Result, ensure};
use scraper::{Html, Selector};

use super::expect;
use super::provider::Provider;
use super::request::{Landing, Mode};
use crate::cases;
use crate::suite::case::{Outcome, discouraged};
use crate::suite::client::Reply;
use crate::suite::login_form::LoginForm;

cases! {
    pub CASES of Provider;
    20 "a" Must "Core §3.1.2.3"
        "The login form of one browser signs in no other (forged requests)" => forged_login;
    20 "b" Must "RFC 9700 §4.16"
        "The login page can't be framed" => login_framed;
    20 "c" Must "RFC 9700 §4.16"
        "The consent page can't be framed" => consent_framed;
    24 "a" Must "RFC 6749 §10.10" ["oidcc-server"]
        "Codes have at least 128 bits, and nothing in common" => code_entropy;
    28 "a" Must "RFC 9700 §4.12"
        "The redirect after the credentials doesn't repeat them: neither 307 nor 308" => not_repeated;
    28 "b" Should "RFC 9700 §4.12"
        "The redirect after the credentials is 303" => see_other;
    30 "a" Should "RFC 9700 §4.2.4"
        "The login page lets no address leak by `Referer`" => referrer;
    30 "b" Should "RFC 9700 §4.2.4"
        "The login page loads nothing from elsewhere" => third_party;
    31 "a" May "Form Post §2" ["oidcc-server"]
        "`form_post` posts the response by itself, with nothing in the address" => form_post;
    31 "b" May "Form Post §4"
        "The page of `form_post` is kept nowhere" => form_post_stored;
    31 "c" May "Form Post §2" ["oidcc-server"]
        "A code by `form_post` is redeemed like any other" => form_post_redeemed;
}

async fn login_page(op: &Provider) -> Result<(Reply, LoginForm)> {
    let request = op.request(&op.basic(), "openid")?;
    let landing = op.open(&mut op.browser()?, &request).await?;
    let form = op.login_form(&landing.reply);
    let form = form.with_context(|| format!("no login form: {}", landing.reply.summary()))?;
    Ok((landing.reply, form))
}

async fn forged_login(op: &mut Provider) -> Outcome {
    let (page, form) = login_page(op).await?;
    // The attacker's form with the attacker's account, sent by the victim's browser.
    let form = form.filled(&op.target.user.name, &op.target.user.password);
    let mut victim = op.browser()?;
    let request = op.request(&op.basic(), "openid")?;
    let reply = victim.submit(&page.url, &form).await?;
    let reply = victim.through(reply).await?;
    let callback = super::request::Callback::read(&reply, &request.redirect_uri);
    let landing = Landing {
        callback,
        ..Landing::of(reply)
    };
    landing.no_code()?;
    let after = op
        .open(&mut victim, &request.with("prompt", "none"))
        .await?;
    ensure!(after.code().is_err(), "the victim is signed in");
    Ok(())
}

fn not_framed(page: &Reply) -> Outcome {
    let policy = page.header("content-security-policy").to_lowercase();
    let by_policy = policy.split(';').any(|directive| {
        let mut words = directive.split_whitespace();
        words.next() == Some("frame-ancestors")
            && words.all(|word| matches!(word, "'none'" | "'self'"))
    });
    let options = page.header("x-frame-options").to_lowercase();
    ensure!(
        by_policy || matches!(options.trim(), "deny" | "sameorigin"),
        "anybody may frame {}",
        page.url
    );
    Ok(())
}

async fn login_framed(op: &mut Provider) -> Outcome {
    not_framed(&login_page(op).await?.0)
}

async fn consent_framed(op: &mut Provider) -> Outcome {
    let request = op.request(&op.asking_client()?, "openid profile email")?;
    let landing = op.open(&mut op.visitor().await?, &request).await?;
    ensure!(landing.callback.is_none(), "nobody is asked for consent");
    not_framed(&landing.reply)
}

async fn code_entropy(op: &mut Provider) -> Outcome {
    const SAMPLES: usize = 16;
    let mut codes = Vec::new();
    for _ in 0..SAMPLES {
        codes.push(op.code(&op.basic(), "openid").await?.1);
    }
    // What all have at their beginning or at their end tells nothing.
    let common = |same: fn(&str, usize) -> Option<char>| {
        (0..codes[0].len())
            .take_while(|at| {
                let first = same(&codes[0], *at);
                first.is_some() && codes.iter().all(|code| same(code, *at) == first)
            })
            .count()
    };
    let fixed =
        common(|code, at| code.chars().nth(at)) + common(|code, at| code.chars().rev().nth(at));
    let shortest = codes
        .iter()
        .map(|code| code.chars().count())
        .min()
        .unwrap_or_default();
    // Six bits a character is the most that an address carries unencoded.
    ensure!(
        shortest.saturating_sub(fixed) * 6 >= 128,
        "{shortest} characters, {fixed} of them always the same"
    );
    codes.sort_unstable();
    codes.dedup();
    ensure!(codes.len() == SAMPLES, "a code came twice");
    Ok(())
}

async fn after_credentials(op: &Provider) -> Result<Reply> {
    let request = op.request(&op.basic(), "openid")?;
    let landing = op.authorize(&mut op.browser()?, &request).await?;
    landing.code()?;
    landing
        .login_answer
        .context("nobody was asked for credentials")
}

async fn not_repeated(op: &mut Provider) -> Outcome {
    let answer = after_credentials(op).await?;
    ensure!(
        !matches!(answer.status, 307 | 308),
        "the credentials are sent on: {}",
        answer.summary()
    );
    Ok(())
}

async fn see_other(op: &mut Provider) -> Outcome {
    let answer = after_credentials(op).await?;
    if answer.status == 303 || answer.redirect().is_none() {
        return Ok(());
    }
    Err(discouraged(format!("the status is {}", answer.status)))
}

async fn referrer(op: &mut Provider) -> Outcome {
    let (page, _) = login_page(op).await?;
    let policy = page.header("referrer-policy").to_lowercase();
    ensure!(
        policy.split(',').any(|it| matches!(
            it.trim(),
            "no-referrer" | "same-origin" | "origin" | "strict-origin"
        )),
        "referrer-policy is «{policy}»"
    );
    Ok(())
}

async fn third_party(op: &mut Provider) -> Outcome {
    let (page, _) = login_page(op).await?;
    let html = Html::parse_document(&page.body);
    let loading = Selector::parse("script[src], img[src], iframe[src], link[href]");
    let Ok(loading) = loading else {
        anyhow::bail!("no selector");
    };
    for element in html.select(&loading) {
        let address = element
            .attr("src")
            .or(element.attr("href"))
            .unwrap_or_default();
        let target = page.url.join(address)?;
        ensure!(
            target.origin() == page.url.origin() || target.scheme() == "data",
            "it loads {target}"
        );
    }
    ensure!(
        !page.body.contains("@import url(http"),
        "it imports a style sheet from elsewhere"
    );
    Ok(())
}

async fn posted(op: &Provider) -> Result<(super::request::AuthRequest, Landing)> {
    op.needs("response_modes_supported", "form_post")?;
    let request = op
        .request(&op.basic(), "openid")?
        .with("response_mode", "form_post");
    let landing = op.authorize(&mut op.visitor().await?, &request).await?;
    landing.code()?;
    let mode = landing.callback()?.mode;
    ensure!(mode == Mode::FormPost, "by {mode:?}");
    Ok((request, landing))
}

async fn form_post(op: &mut Provider) -> Outcome {
    let (request, landing) = posted(op).await?;
    let callback = landing.callback()?;
    ensure!(landing.reply.status == 200, "{}", landing.reply.summary());
    ensure!(
        callback.get("state") == Some(request.state.as_str()),
        "the state is {:?}",
        callback.get("state")
    );
    let html = Html::parse_document(&landing.reply.body);
    let form = Selector::parse("form").ok();
    let form = form
        .and_then(|it| html.select(&it).next())
        .context("no form")?;
    ensure!(
        form.attr("method")
            .is_some_and(|it| it.eq_ignore_ascii_case("post")),
        "the form doesn't post"
    );
    let action = form.attr("action").unwrap_or_default();
    ensure!(
        !action.contains("code="),
        "the code is in the address {action}"
    );
    let page = landing.reply.body.to_lowercase();
    ensure!(
        page.contains("submit"),
        "nothing submits the form, neither script nor button"
    );
    Ok(())
}

async fn form_post_stored(op: &mut Provider) -> Outcome {
    let (_, landing) = posted(op).await?;
    expect::not_stored(&landing.reply)
}

async fn form_post_redeemed(op: &mut Provider) -> Outcome {
    let (request, landing) = posted(op).await?;
    let tokens = op.redeem(&op.basic(), &request, landing.code()?).await?;
    tokens.id()?.verify(&op.jwks)
}
