//! F. The proxy callback (78 to 87): who is asked and how. Callbacks that fail: `f_failures`.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use url::Url;

use super::proxying::{callback_url, no_ticket, proxy, signed_in, validated, works_otherwise};
use crate::case;
use crate::suite::case::{Case, Outcome, missing};
use crate::suite::clock;
use crate::suite::context::Context;
use crate::suite::listeners::authority::Flaw;
use crate::suite::listeners::{Authority, CallbackListener, Presented};

const SECTION: &str = "CAS 3.0.3 §2.5.4";

pub const CASES: &[Case] = &[
    case!(
        78,
        "a",
        Must,
        SECTION,
        "A pgtUrl of http gets no proxy-granting ticket",
        http_gets_none
    ),
    case!(
        78,
        "b",
        Must,
        SECTION,
        "A pgtUrl of http is answered by an error",
        http_is_an_error
    ),
    case!(
        79,
        "a",
        Must,
        SECTION,
        "A self-signed certificate is refused",
        self_signed
    ),
    case!(
        79,
        "b",
        Must,
        SECTION,
        "An expired certificate is refused",
        expired
    ),
    case!(
        79,
        "c",
        Must,
        SECTION,
        "A certificate for another host is refused",
        wrong_host
    ),
    case!(
        81,
        Must,
        SECTION,
        "The callback is one GET with pgtId and pgtIou",
        is_a_get
    ),
    case!(
        82,
        Must,
        SECTION,
        "The callback keeps the query of pgtUrl",
        keeps_the_query
    ),
    case!(
        84,
        Must,
        SECTION,
        "The answer has the IOU and never the ticket",
        iou_only
    ),
    case!(
        86,
        Must,
        "CAS 3.0.3 §2.5.3",
        "A service that may not proxy is told UNAUTHORIZED_SERVICE_PROXY",
        may_not_proxy
    ),
    case!(
        87,
        Must,
        SECTION,
        "A callback that nobody registered is not even asked",
        no_forgery
    ),
];

fn http_address(cx: &Context) -> Result<String> {
    let callback = callback_url(cx)?;
    let address = callback
        .strip_prefix("https:")
        .context("--callback is no https address")?;
    Ok(format!("http:{address}"))
}

async fn http_gets_none(cx: &mut Context) -> Outcome {
    let mut browser = signed_in(cx).await?;
    let mut addresses = vec![http_address(cx)?];
    let listener = cx.listener().ok();
    addresses.extend(listener.map(|it| format!("{}?pgt", it.service_url())));
    let mark = listener.map_or(0, |it| it.mark());
    for address in addresses {
        let answer = validated(cx, &mut browser, &address).await?;
        if let Ok(success) = answer.success() {
            ensure!(success.pgt_iou.is_none(), "{address}: {}", answer.shown());
        }
    }
    if let Ok(listener) = cx.listener() {
        let sent = listener.since(mark).iter().any(|it| it.granted().is_some());
        ensure!(!sent, "the ticket was sent over http");
    }
    Ok(())
}

async fn http_is_an_error(cx: &mut Context) -> Outcome {
    let mut browser = signed_in(cx).await?;
    let answer = validated(cx, &mut browser, &http_address(cx)?).await?;
    answer.failure().map(drop)
}

async fn refuses(cx: &Context, flaw: Flaw) -> Outcome {
    let callback = callback_url(cx)?;
    let mut browser = signed_in(cx).await?;
    works_otherwise(cx, &mut browser).await?;
    let listener = cx.callback()?;
    let Some(_presented) = listener.present(flaw)? else {
        return Err(missing(
            "only the suite's own authority can sign this one: leave out --tls-cert",
        ));
    };
    let mark = listener.mark();
    let answer = validated(cx, &mut browser, &callback).await?;
    no_ticket(&answer)?;
    let seen = listener.since(mark);
    ensure!(seen.is_empty(), "the callback was asked all the same");
    Ok(())
}

async fn self_signed(cx: &mut Context) -> Outcome {
    refuses(cx, Flaw::SelfSigned).await
}

async fn expired(cx: &mut Context) -> Outcome {
    refuses(cx, Flaw::Expired).await
}

async fn wrong_host(cx: &mut Context) -> Outcome {
    refuses(cx, Flaw::WrongHost).await
}

async fn is_a_get(cx: &mut Context) -> Outcome {
    let callback = callback_url(cx)?;
    let mut browser = signed_in(cx).await?;
    let listener = cx.callback()?;
    let mark = listener.mark();
    let answer = validated(cx, &mut browser, &callback).await?;
    let broken = listener.take_broken().join("; ");
    let seen = listener.since(mark);
    let carried: Vec<_> = seen.iter().filter(|it| it.granted().is_some()).collect();
    let [request] = carried.as_slice() else {
        bail!(
            "{} requests with pgtId and pgtIou came; {broken} {}",
            carried.len(),
            answer.shown()
        );
    };
    ensure!(request.method == "GET", "the method is {}", request.method);
    let granted = request.granted().context("no parameters")?;
    ensure!(!granted.pgt_id.is_empty(), "pgtId is empty");
    ensure!(!granted.pgt_iou.is_empty(), "pgtIou is empty");
    Ok(())
}

async fn keeps_the_query(cx: &mut Context) -> Outcome {
    let callback = Url::parse(&callback_url(cx)?)?;
    let own: Vec<_> = callback.query_pairs().collect();
    if own.is_empty() {
        return Err(missing(
            "the callback has no query: give one as https://…/pgt?x=1",
        ));
    }
    let mut browser = cx.browser()?;
    let mark = cx.callback()?.mark();
    proxy(cx, &mut browser).await?;
    let seen = cx.callback()?.since(mark);
    let request = seen.iter().find(|it| it.granted().is_some());
    let request = request.context("no callback came")?;
    ensure!(
        request.path == callback.path(),
        "the path is {}",
        request.path
    );
    let sent: Vec<_> = url::form_urlencoded::parse(request.query.as_bytes()).collect();
    for pair in own {
        ensure!(
            sent.contains(&pair),
            "{}={} is gone: {}",
            pair.0,
            pair.1,
            request.query
        );
    }
    Ok(())
}

async fn iou_only(cx: &mut Context) -> Outcome {
    let callback = callback_url(cx)?;
    let mut browser = signed_in(cx).await?;
    let mark = cx.callback()?.mark();
    let answer = validated(cx, &mut browser, &callback).await?;
    let iou = answer
        .success()?
        .pgt_iou
        .context("no proxyGrantingTicket")?;
    let granted = cx.callback()?.granted(mark, &iou);
    let granted = granted.with_context(|| format!("no callback brought {iou}"))?;
    ensure!(
        !answer.reply.body.contains(&granted.pgt_id),
        "the answer has the proxy-granting ticket itself"
    );
    Ok(())
}

async fn may_not_proxy(cx: &mut Context) -> Outcome {
    let callback = callback_url(cx)?;
    let service = cx.options.no_proxy_service.clone();
    let service =
        service.ok_or_else(|| missing("no service that may not proxy: give --no-proxy-service"))?;
    let ticket = cx.ticket(&service).await?;
    let parameters = [
        ("service", service.as_str()),
        ("ticket", &ticket),
        ("pgtUrl", &callback),
    ];
    let code = cx
        .validate("serviceValidate", &parameters)
        .await?
        .failure()?;
    ensure!(code == "UNAUTHORIZED_SERVICE_PROXY", "the code is {code}");
    Ok(())
}

/// Another callback than the registered one: the given, or another port of the same host.
async fn no_forgery(cx: &mut Context) -> Outcome {
    let registered = Url::parse(&callback_url(cx)?)?;
    let mut browser = signed_in(cx).await?;
    works_otherwise(cx, &mut browser).await?;
    let host = registered.host_str().context("--callback has no host")?;
    let address = SocketAddr::new(cx.callback()?.address().ip(), 0);
    let authority = Presented::Own(Authority::new(clock::now())?);
    let evidence = cx.evidence.clone();
    let other = CallbackListener::start(address, host, authority, evidence).await?;
    let mut forged = registered.clone();
    let port = Some(other.address().port());
    ensure!(forged.set_port(port).is_ok(), "no port in {registered}");
    let mut addresses = vec![forged];
    addresses.extend(cx.options.callback_denied.clone());
    let mark = cx.callback()?.mark();
    for address in addresses {
        let answer = validated(cx, &mut browser, address.as_str()).await?;
        let iou = answer.success().ok().and_then(|success| success.pgt_iou);
        ensure!(iou.is_none(), "{address} got a ticket");
    }
    // What the listener notes of a connection that broke off may come a moment later.
    tokio::time::sleep(Duration::from_millis(200)).await;
    // Its certificate is nobody's, so a connection that was tried broke off.
    let tried = other.mark() + other.take_broken().len() + (cx.callback()?.mark() - mark);
    ensure!(
        tried == 0,
        "the server connected to a callback that is not registered"
    );
    Ok(())
}
