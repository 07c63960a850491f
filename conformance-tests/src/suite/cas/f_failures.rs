//! F. Proxy callbacks that fail or lead on (80, 83, 85).

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::proxying::{
    callback_path as path, callback_url, no_ticket, proxy_ticket, signed_in, target, validated,
    works_otherwise,
};
use crate::case;
use crate::suite::case::{Case, Outcome, missing};
use crate::suite::client::Browser;
use crate::suite::context::Context;
use crate::suite::listeners::Behaviour;
use crate::suite::listeners::authority::Flaw;

const SECTION: &str = "CAS 3.0.3 §2.5.4";

pub const CASES: &[Case] = &[
    case!(
        80,
        Must,
        SECTION,
        "After a failure there is no proxyGrantingTicket in any answer",
        none_after_failure
    ),
    case!(
        83,
        "a",
        Must,
        SECTION,
        "A callback that answers 404 gets no ticket, by the callback's code",
        not_found
    ),
    case!(
        83,
        "b",
        Must,
        SECTION,
        "A callback that answers 500 gets no ticket, by the callback's code",
        server_error
    ),
    case!(
        83,
        "c",
        Must,
        SECTION,
        "A callback that hangs gets no ticket, and holds nobody up",
        hangs
    ),
    case!(
        83,
        "d",
        DeFacto,
        "De facto: clients can rely on one reading",
        "All failing callbacks end the validation alike",
        fail_alike
    ),
    case!(
        85,
        "a",
        Must,
        SECTION,
        "A redirect counts only if it ends at a 200",
        redirect_ends_well
    ),
    case!(
        85,
        "b",
        Must,
        SECTION,
        "After a followed redirect the proxy is still named by its pgtUrl",
        redirect_keeps_identity
    ),
];

/// What a validation waits for at most: a visitor waits with it.
const PATIENCE: Duration = Duration::from_secs(15);

async fn none_after_failure(cx: &mut Context) -> Outcome {
    let (callback, path) = (callback_url(cx)?, path(cx)?);
    let mut browser = signed_in(cx).await?;
    works_otherwise(cx, &mut browser).await?;
    for status in [404, 500, 403, 204] {
        let _staged = cx.callback()?.stage(&path, Behaviour::Status(status));
        let answer = validated(cx, &mut browser, &callback).await?;
        // 204 is a success, and not the 200 that the text asks for.
        ensure!(
            !answer.reply.body.contains("proxyGrantingTicket"),
            "after {status}: {}",
            answer.shown()
        );
    }
    Ok(())
}

/// Validates while the callback behaves badly. True: the validation failed.
async fn staged(cx: &Context, browser: &mut Browser, behaviour: Behaviour) -> Result<bool> {
    let (callback, path) = (callback_url(cx)?, path(cx)?);
    let _staged = cx.callback()?.stage(&path, behaviour);
    let mark = cx.callback()?.mark();
    let answer = validated(cx, browser, &callback);
    let answer = tokio::time::timeout(PATIENCE, answer).await;
    let answer = answer.with_context(|| format!("the validation takes over {PATIENCE:?}"))??;
    ensure!(
        cx.callback()?.mark() > mark,
        "the callback was not asked: {}",
        answer.shown()
    );
    no_ticket(&answer)
}

async fn not_found(cx: &mut Context) -> Outcome {
    let mut browser = signed_in(cx).await?;
    staged(cx, &mut browser, Behaviour::Status(404))
        .await
        .map(drop)
}

async fn server_error(cx: &mut Context) -> Outcome {
    let mut browser = signed_in(cx).await?;
    staged(cx, &mut browser, Behaviour::Status(500))
        .await
        .map(drop)
}

async fn hangs(cx: &mut Context) -> Outcome {
    let mut browser = signed_in(cx).await?;
    staged(cx, &mut browser, Behaviour::Hang).await.map(drop)
}

async fn fail_alike(cx: &mut Context) -> Outcome {
    let callback = callback_url(cx)?;
    let mut browser = signed_in(cx).await?;
    works_otherwise(cx, &mut browser).await?;
    let not_found = staged(cx, &mut browser, Behaviour::Status(404)).await?;
    let _presented = cx.callback()?.present(Flaw::SelfSigned)?;
    let self_signed = no_ticket(&validated(cx, &mut browser, &callback).await?)?;
    ensure!(
        not_found == self_signed,
        "a 404 {} the validation, a bad certificate {}",
        verb(not_found),
        verb(self_signed)
    );
    Ok(())
}

fn verb(fails: bool) -> &'static str {
    if fails { "fails" } else { "doesn't fail" }
}

/// The path that a redirect leads to.
const ELSEWHERE: &str = "/elsewhere";

async fn redirect_ends_well(cx: &mut Context) -> Outcome {
    let (callback, path) = (callback_url(cx)?, path(cx)?);
    let mut browser = signed_in(cx).await?;
    works_otherwise(cx, &mut browser).await?;
    let listener = cx.callback()?;
    let _redirect = listener.stage(&path, Behaviour::Redirect(ELSEWHERE.to_owned()));
    {
        let _missing = listener.stage(ELSEWHERE, Behaviour::Status(404));
        no_ticket(&validated(cx, &mut browser, &callback).await?)?;
    }
    let mark = listener.mark();
    let answer = validated(cx, &mut browser, &callback).await?;
    let followed = listener.since(mark).iter().any(|it| it.path == ELSEWHERE);
    if followed {
        answer.success().map(drop)
    } else {
        no_ticket(&answer).map(drop)
    }
}

async fn redirect_keeps_identity(cx: &mut Context) -> Outcome {
    let (callback, path, target) = (callback_url(cx)?, path(cx)?, target(cx)?);
    let mut browser = signed_in(cx).await?;
    let _redirect = cx
        .callback()?
        .stage(&path, Behaviour::Redirect(ELSEWHERE.to_owned()));
    let mark = cx.callback()?.mark();
    let answer = validated(cx, &mut browser, &callback).await?;
    let Some(iou) = answer.success().ok().and_then(|success| success.pgt_iou) else {
        return Err(missing("redirects of the callback are not followed"));
    };
    let granted = cx.callback()?.granted(mark, &iou);
    let pgt = granted.context("no callback came")?.pgt_id;
    let ticket = proxy_ticket(cx, &pgt, &target).await?;
    let parameters = [("service", target.as_str()), ("ticket", &ticket)];
    let proxies = cx
        .validate("proxyValidate", &parameters)
        .await?
        .success()?
        .proxies;
    ensure!(proxies == [callback], "the proxies are {proxies:?}");
    Ok(())
}
