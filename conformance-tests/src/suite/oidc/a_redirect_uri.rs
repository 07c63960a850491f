//! A. Redirect URIs and clients (2, 3, 5, 29).

use anyhow::{Context as _, Result, ensure};
use url::Url;

use super::provider::Provider;
use super::request::Landing;
use crate::cases;
use crate::suite::case::{Outcome, missing};
use crate::suite::html;

cases! {
    pub CASES of Provider;
    2 Must "Core §3.1.2.1" ["oidcc-ensure-registered-redirect-uri"]
        "A redirect URI that nobody registered gets an error page" => unregistered;
    3 "a" Must "RFC 9700 §2.1" ["oidcc-redirect-uri-query-added"]
        "One with a query added is refused" => query_added;
    3 "b" Must "RFC 9700 §2.1" ["oidcc-redirect-uri-query-mismatch"]
        "One with another query is refused" => query_changed;
    3 "c" Must "Core §3.1.2.1" ["oidcc-redirect-uri-query-OK"]
        "One that is registered with a query keeps it" => query_kept;
    3 "d" Must "RFC 9700 §2.1"
        "One with another port is refused" => other_port;
    3 "e" Must "RFC 9700 §2.1"
        "One in other case is refused" => other_case;
    3 "f" Must "RFC 9700 §2.1"
        "One with a slash added is refused" => slash_added;
    3 "g" Must "RFC 9700 §2.1"
        "One that climbs up by `..` and down again is refused" => dot_segments;
    3 "h" Must "RFC 9700 §2.1"
        "One with a path added is refused" => path_added;
    3 "i" Must "RFC 9700 §2.1"
        "One that hides another host behind the registered one is refused" => hidden_host;
    3 "j" Must "RFC 6749 §3.1.2"
        "One with a fragment is refused" => fragment;
    3 "k" Must "Core §3.1.2.1"
        "A request without redirect URI gives no code" => absent;
    3 "l" Must "RFC 9700 §2.1"
        "Another client's redirect URI is refused" => of_another;
    3 "m" Must "RFC 8252 §7.3"
        "A native client's loopback port may vary" => loopback_port;
    3 "n" Must "RFC 9700 §2.1"
        "Of a loopback address nothing but the port may vary" => loopback_path;
    5 "a" Must "RFC 6749 §4.1.2.1"
        "A client that nobody knows gets an error page" => unknown_client;
    5 "b" Must "RFC 6749 §4.1.2.1"
        "A request without client gets an error page" => no_client;
    29 Must "RFC 9700 §4.11"
        "The error page leads nowhere by itself, and links to no address of the request" => no_way_out;
}

async fn landing_at(op: &Provider, uri: &str) -> Result<Landing> {
    let request = op.request(&op.basic(), "openid")?.with("redirect_uri", uri);
    // Somebody is signed in: nothing but the address is in the way of a code.
    op.authorize(&mut op.visitor().await?, &request).await
}

async fn refused(op: &Provider, change: impl Fn(&str) -> String) -> Outcome {
    let client = op.basic();
    let uri = change(client.redirect_uri());
    ensure!(uri != client.redirect_uri(), "the case changes nothing");
    landing_at(op, &uri).await?.error_page()
}

pub(super) async fn unregistered(op: &mut Provider) -> Outcome {
    landing_at(op, "https://unregistered.invalid/callback")
        .await?
        .error_page()
}

async fn query_added(op: &mut Provider) -> Outcome {
    refused(op, |uri| format!("{uri}?dummy=1")).await
}

/// A registered one with a query.
fn with_query(op: &Provider) -> Result<String> {
    let client = op.basic();
    let mut all = client.redirect_uris.into_iter();
    let found = all.find(|uri| uri.contains('?'));
    found.ok_or_else(|| missing("clients.basic has no redirect URI with a query"))
}

async fn query_changed(op: &mut Provider) -> Outcome {
    let uri = format!("{}x", with_query(op)?);
    landing_at(op, &uri).await?.error_page()
}

async fn query_kept(op: &mut Provider) -> Outcome {
    let uri = with_query(op)?;
    let landing = landing_at(op, &uri).await?;
    landing.code()?;
    let target = landing.reply.redirect().context("no redirect")?;
    let wanted = Url::parse(&uri)?;
    let query = wanted.query().unwrap_or_default();
    let came = target.query().unwrap_or_default();
    ensure!(
        came.split('&').any(|pair| pair == query),
        "the registered query «{query}» is lost: «{came}»"
    );
    Ok(())
}

async fn other_port(op: &mut Provider) -> Outcome {
    refused(op, |uri| {
        changed(uri, |url| {
            let _ = url.set_port(Some(8443));
        })
    })
    .await
}

fn changed(uri: &str, change: impl Fn(&mut Url)) -> String {
    let Ok(mut url) = Url::parse(uri) else {
        return uri.to_owned();
    };
    change(&mut url);
    url.into()
}

async fn other_case(op: &mut Provider) -> Outcome {
    refused(op, |uri| {
        changed(uri, |url| url.set_path(&url.path().to_uppercase()))
    })
    .await
}

async fn slash_added(op: &mut Provider) -> Outcome {
    refused(op, |uri| format!("{uri}/")).await
}

async fn dot_segments(op: &mut Provider) -> Outcome {
    refused(op, |uri| {
        let (folder, name) = uri.rsplit_once('/').unwrap_or((uri, ""));
        format!("{folder}/x/../{name}")
    })
    .await
}

async fn path_added(op: &mut Provider) -> Outcome {
    refused(op, |uri| format!("{uri}/more")).await
}

async fn hidden_host(op: &mut Provider) -> Outcome {
    refused(op, |uri| {
        uri.replacen("://", "://unregistered.invalid\\@", 1)
    })
    .await?;
    refused(op, |uri| {
        let url = Url::parse(uri);
        let host = url.ok().and_then(|url| url.host_str().map(str::to_owned));
        let host = host.unwrap_or_default();
        uri.replacen(&host, &format!("{host}@unregistered.invalid"), 1)
    })
    .await?;
    refused(op, |uri| uri.replacen("://", "://rp@", 1)).await
}

async fn fragment(op: &mut Provider) -> Outcome {
    refused(op, |uri| format!("{uri}#part")).await
}

async fn absent(op: &mut Provider) -> Outcome {
    let request = op.request(&op.basic(), "openid")?.without("redirect_uri");
    let landing = op.authorize(&mut op.visitor().await?, &request).await?;
    landing.no_code()
}

async fn of_another(op: &mut Provider) -> Outcome {
    let other = op.post_client()?;
    landing_at(op, other.redirect_uri()).await?.error_page()
}

/// The loopback redirect URI of the public client.
fn loopback(op: &Provider) -> Result<String> {
    let client = op.public_client()?;
    let mut all = client.redirect_uris.into_iter();
    let found = all.find(|uri| uri.starts_with("http://127.0.0.1"));
    found.ok_or_else(|| missing("clients.public has no redirect URI http://127.0.0.1/…"))
}

async fn loopback_port(op: &mut Provider) -> Outcome {
    let uri = changed(&loopback(op)?, |url| {
        let _ = url.set_port(Some(51004));
    });
    let request = op
        .request(&op.public_client()?, "openid")?
        .with("redirect_uri", &uri);
    let landing = op.authorize(&mut op.visitor().await?, &request).await?;
    let code = landing.code()?;
    op.redeem(&op.public_client()?, &request, code)
        .await
        .map(drop)
}

async fn loopback_path(op: &mut Provider) -> Outcome {
    let uri = format!("{}x", loopback(op)?);
    let request = op
        .request(&op.public_client()?, "openid")?
        .with("redirect_uri", &uri);
    let landing = op.authorize(&mut op.visitor().await?, &request).await?;
    landing.error_page()
}

async fn unknown_client(op: &mut Provider) -> Outcome {
    let request = op
        .request(&op.basic(), "openid")?
        .with("client_id", "nobody-knows-this-client");
    op.authorize(&mut op.visitor().await?, &request)
        .await?
        .error_page()
}

async fn no_client(op: &mut Provider) -> Outcome {
    let request = op.request(&op.basic(), "openid")?.without("client_id");
    op.authorize(&mut op.visitor().await?, &request)
        .await?
        .error_page()
}

async fn no_way_out(op: &mut Provider) -> Outcome {
    let foreign = "https://unregistered.invalid/callback";
    let landing = landing_at(op, foreign).await?;
    landing.error_page()?;
    if let Some(target) = html::refresh(&landing.reply) {
        anyhow::bail!("the page goes on to {target}");
    }
    let links = html::links(&landing.reply);
    let bad = links
        .iter()
        .find(|link| link.contains("unregistered.invalid"));
    ensure!(bad.is_none(), "the page links to {bad:?}");
    Ok(())
}
