//! What every answer carries, whoever asks for whatever.

use std::collections::{BTreeSet, VecDeque};

use anyhow::{Context as _, Result, ensure};
use conformance_tests::cas::login_url;
use conformance_tests::on_each_engine;
use conformance_tests::page::Page;
use conformance_tests::server::{Server, Site};
use conformance_tests::stage::Stage;
use conformance_tests::story::{FirstSignIn, SERVICE, ticket};
use conformance_tests::visitor::{self, Visitor};
use conformance_tests::{demo, residents};
use reqwest::header::{HOST, HeaderName, HeaderValue, ORIGIN, SET_COOKIE};
use reqwest::{Method, StatusCode};
use url::Url;

on_each_engine!(
    every_page_has_its_headers,
    cookies_are_closed_to_scripts_and_strangers,
    over_tls_cookies_are_bound_to_the_host,
    answers_to_a_post_are_never_repeated,
    what_is_wrong_gets_a_page_of_ours,
    nothing_of_the_operators_is_public,
    no_other_origin_may_read,
);

/// Where a crawl begins: what no link leads to.
const DOORS: [&str; 6] = [
    "/",
    "/cas/login",
    "/cas/logout",
    "/signin/activation",
    "/signin/unlock",
    "/help",
];

async fn start(stage: &Stage) -> Result<Server> {
    Site::new(stage, "server", residents::CAMPUS)
        .await?
        .start()
        .await
}

/// SES-08, SES-09
async fn every_page_has_its_headers(stage: &Stage) -> Result<()> {
    let server = start(stage).await?;
    let seen = crawl(&server.visitor()?, &server).await?;
    for page in [
        "sign_in",
        "signed_out",
        "activation",
        "unlock",
        "help",
        "refused_service",
    ] {
        ensure!(seen.contains(page), "the crawl missed {page}: {seen:?}");
    }
    walk_through_the_wizard(&server).await?;
    let signed_in = server.visitor()?;
    ticket(&signed_in, &server, SERVICE).await?;
    for (path, name) in [
        ("/cas/login", "signed_in"),
        ("/signin/switch", "switch_account"),
    ] {
        check_headers(&signed_in.get(path).await?.expect(name)?)?;
    }
    Ok(())
}

/// Follows every link of our own from the doors, as a stranger; gives the pages' names.
async fn crawl(visitor: &Visitor, server: &Server) -> Result<BTreeSet<String>> {
    const MOST: usize = 200;
    let mut ways: VecDeque<Url> = DOORS
        .iter()
        .map(|door| visitor.url(door))
        .collect::<Result<_>>()?;
    ways.push_back(login_url(server, SERVICE)?);
    ways.push_back(login_url(server, "https://elsewhere.example/")?);
    let mut known = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut faults = Vec::new();
    while let Some(way) = ways.pop_front() {
        if known.len() >= MOST || !known.insert(kind(&way)) {
            continue;
        }
        let page = visitor.open(way).await?;
        ensure!(!page.status.is_server_error(), "{}", page.summary());
        faults.extend(check_headers(&page).err().map(|fault| fault.to_string()));
        seen.insert(page.name());
        let next = page.links().into_iter().chain(page.redirect());
        ways.extend(next.filter(|url| url.origin() == server.url().origin()));
    }
    ensure!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(seen)
}

/// Addresses alike lead to pages alike: those that differ by a captcha's name, by what is carried
/// along. The language and the service make a difference.
fn kind(url: &Url) -> (String, bool, bool) {
    let path = url.path();
    let path = match (path.starts_with("/signin/captcha/"), path.rsplit_once('.')) {
        (true, Some((_, extension))) => format!("/signin/captcha/*.{extension}"),
        _ => path.to_owned(),
    };
    let query = url.query().unwrap_or_default();
    (
        path,
        query.contains("locale=en"),
        query.contains("elsewhere"),
    )
}

async fn walk_through_the_wizard(server: &Server) -> Result<()> {
    let visitor = server.visitor()?;
    let newcomer = FirstSignIn {
        visitor: &visitor,
        server,
    };
    let evidence = newcomer.begin(SERVICE).await?;
    check_headers(&evidence)?;
    let (sent, code) = newcomer.send_code(&evidence, demo::NEW.phone).await?;
    check_headers(&sent)?;
    let notice = newcomer
        .verify(&sent, &code)
        .await?
        .expect("privacy_notice")?;
    check_headers(&notice)?;
    let password = newcomer
        .accept_notice(&notice)
        .await?
        .expect("new_password")?;
    check_headers(&password)?;
    let phone = newcomer
        .set_password(&password, demo::NEW_PASSWORD)
        .await?
        .expect("bind_phone")?;
    check_headers(&phone)?;
    check_headers(&newcomer.keep_phone(&phone).await?.expect("done")?)
}

fn check_headers(page: &Page) -> Result<()> {
    let header = |name: &str| {
        let value = page.headers.get(name).and_then(|value| value.to_str().ok());
        value.with_context(|| format!("no {name}: {}", page.summary()))
    };
    ensure!(
        header("x-content-type-options")? == "nosniff",
        "{}",
        page.summary()
    );
    if !header("content-type")
        .unwrap_or_default()
        .starts_with("text/html")
    {
        return Ok(());
    }
    let policy = header("content-security-policy")?;
    for wanted in [
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action",
    ] {
        ensure!(
            policy.contains(wanted),
            "no {wanted} in {policy}: {}",
            page.summary()
        );
    }
    for open in ["unsafe-inline", "unsafe-eval", " *", "data: *", "http:;"] {
        ensure!(
            !policy.contains(open),
            "{open} in {policy}: {}",
            page.summary()
        );
    }
    let confines = ["default-src 'none'", "default-src 'self'", "script-src"];
    ensure!(
        confines.iter().any(|rule| policy.contains(rule)),
        "scripts from anywhere: {policy}"
    );
    ensure!(header("x-frame-options")? == "DENY", "{}", page.summary());
    // A form page must let the browser tell its own origin (SES-09 as amended).
    let referrer = header("referrer-policy")?;
    ensure!(
        ["same-origin", "no-referrer"].contains(&referrer),
        "{referrer}: {}",
        page.summary()
    );
    ensure!(
        header("cache-control")?.contains("no-store"),
        "{}",
        page.summary()
    );
    ensure!(
        !page.body.contains("<script>"),
        "a script inline: {}",
        page.summary()
    );
    ensure!(
        !page.body.contains(" style=\""),
        "a style inline: {}",
        page.summary()
    );
    Ok(())
}

/// SES-03: on loopback http, where neither `Secure` nor `__Host-` can be.
async fn cookies_are_closed_to_scripts_and_strangers(stage: &Stage) -> Result<()> {
    let server = start(stage).await?;
    check_cookies(&server, "TGC=", false).await
}

/// SES-03, SES-09
async fn over_tls_cookies_are_bound_to_the_host(stage: &Stage) -> Result<()> {
    let site = Site::new(stage, "server", residents::CAMPUS).await?;
    let server = site.with_tls()?.start().await?;
    check_cookies(&server, "__Host-TGC=", true).await?;
    let page = server.visitor()?.get("/cas/login").await?;
    check_headers(&page)?;
    let age = page.headers.get("strict-transport-security");
    ensure!(age.is_some(), "no HSTS: {}", page.summary());
    Ok(())
}

/// Signs somebody in and looks at each cookie that is set on the way.
async fn check_cookies(server: &Server, session: &str, secure: bool) -> Result<()> {
    let visitor = server.visitor()?;
    let page = visitor.open(login_url(server, SERVICE)?).await?;
    let form = page.form()?.with("username", demo::STUDENT.number);
    let answer = visitor
        .submit(&form.with("password", demo::PASSWORD))
        .await?;
    let cookies: Vec<&str> = [&page, &answer]
        .into_iter()
        .flat_map(|page| page.headers.get_all(SET_COOKIE))
        .map(HeaderValue::to_str)
        .collect::<Result<_, _>>()?;
    let has_session = cookies.iter().any(|cookie| cookie.starts_with(session));
    ensure!(has_session, "no {session} among {cookies:?}");
    for cookie in cookies {
        let attributes: Vec<String> = cookie
            .split(';')
            .skip(1)
            .map(|it| it.trim().to_ascii_lowercase())
            .collect();
        let has = |wanted: &str| attributes.iter().any(|it| it == wanted);
        ensure!(has("httponly") && has("path=/"), "{cookie}");
        ensure!(has("samesite=lax") || has("samesite=strict"), "{cookie}");
        ensure!(
            !attributes.iter().any(|it| it.starts_with("domain")),
            "{cookie}"
        );
        ensure!(
            has("secure") == secure && cookie.starts_with("__Host-") == secure,
            "{cookie}"
        );
    }
    Ok(())
}

/// A 307 or 308 would send the password on to where it redirects (OID-34).
async fn answers_to_a_post_are_never_repeated(stage: &Stage) -> Result<()> {
    let server = start(stage).await?;
    let visitor = server.visitor()?;
    let form = visitor.open(login_url(&server, SERVICE)?).await?.form()?;
    let right = form
        .with("username", demo::STUDENT.number)
        .with("password", demo::PASSWORD);
    let wrong = right.clone().with("password", "not-her-password");
    let refused = visitor.submit(&wrong).await?;
    ensure!(!refused.status.is_redirection() || refused.status == StatusCode::SEE_OTHER);
    let taken = visitor.submit(&right).await?;
    ensure!(taken.status == StatusCode::SEE_OTHER, "{}", taken.summary());

    // Any path, with and without a slash at its end, from here or from elsewhere.
    for path in [
        "/",
        "/cas/login/",
        "/cas/logout",
        "/signin/evidence",
        "/signin/done",
        "/nowhere",
    ] {
        for origin in [
            visitor.url("/")?.origin().ascii_serialization(),
            "null".to_owned(),
        ] {
            let request = visitor.request(Method::POST, visitor.url(path)?);
            let page = visitor::send(request.header(ORIGIN, origin).form(&right.fields)).await?;
            let repeats = [
                StatusCode::TEMPORARY_REDIRECT,
                StatusCode::PERMANENT_REDIRECT,
            ];
            ensure!(!repeats.contains(&page.status), "{}", page.summary());
            ensure!(!page.status.is_server_error(), "{}", page.summary());
        }
    }
    Ok(())
}

/// NET-04, SES-15
async fn what_is_wrong_gets_a_page_of_ours(stage: &Stage) -> Result<()> {
    let server = start(stage).await?;
    let visitor = server.visitor()?;
    let login = login_url(&server, SERVICE)?;
    let request = |method: Method, url: &Url| visitor.request(method, url.clone());
    let own = visitor.url("/")?.origin().ascii_serialization();
    let huge = format!("username={}", "a".repeat(1 << 20));
    let cases = [
        (
            StatusCode::NOT_FOUND,
            request(Method::GET, &visitor.url("/nowhere")?),
        ),
        (
            StatusCode::METHOD_NOT_ALLOWED,
            request(Method::DELETE, &login),
        ),
        (
            StatusCode::PAYLOAD_TOO_LARGE,
            request(Method::POST, &login)
                .header(ORIGIN, &own)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(huge),
        ),
        (
            StatusCode::MISDIRECTED_REQUEST,
            request(Method::GET, &login).header(HOST, "evil.example"),
        ),
        (
            StatusCode::FORBIDDEN,
            request(Method::POST, &login)
                .header(ORIGIN, "https://evil.example")
                .form(&[
                    ("username", demo::STUDENT.number),
                    ("password", demo::PASSWORD),
                ]),
        ),
    ];
    for (expected, request) in cases {
        let page = visitor::send(request).await?;
        ensure!(
            page.status == expected,
            "not {expected}: {}",
            page.summary()
        );
        ensure!(page.redirect().is_none(), "{}", page.summary());
        ensure!(!page.body.contains("evil.example"), "{}", page.summary());
        check_headers(&page.expect("error")?)?;
    }
    Ok(())
}

/// NET-11, ENM-09
async fn nothing_of_the_operators_is_public(stage: &Stage) -> Result<()> {
    let server = start(stage).await?;
    let visitor = server.visitor()?;
    for path in [
        "/healthz",
        "/readyz",
        "/metrics",
        "/debug",
        "/health",
        "/.git/config",
        "/assets/../yimen.toml",
        "/assets/%2e%2e/templates/base.html",
        "/master.key",
    ] {
        let page = visitor.get(path).await?;
        ensure!(
            page.status == StatusCode::NOT_FOUND,
            "{path}: {}",
            page.summary()
        );
    }
    for path in ["healthz", "readyz", "metrics"] {
        let address = server.site().management_url(path).parse()?;
        let page = server.visitor()?.open(address).await?;
        ensure!(
            page.status == StatusCode::OK,
            "management: {}",
            page.summary()
        );
    }
    Ok(())
}

/// NET-09
async fn no_other_origin_may_read(stage: &Stage) -> Result<()> {
    let server = start(stage).await?;
    let visitor = server.visitor()?;
    ticket(&visitor, &server, SERVICE).await?;
    let name = HeaderName::from_static("access-control-allow-origin");
    for origin in [
        "https://evil.example",
        "null",
        "http://sub.localhost",
        "http://localhost.evil",
    ] {
        for path in [
            "/cas/login",
            "/cas/p3/serviceValidate?service=x&ticket=y",
            "/help",
        ] {
            for method in [Method::GET, Method::OPTIONS] {
                let request = visitor
                    .request(method, visitor.url(path)?)
                    .header(ORIGIN, origin);
                let page = visitor::send(request).await?;
                ensure!(
                    !page.headers.contains_key(&name),
                    "{origin}: {}",
                    page.summary()
                );
            }
        }
    }
    Ok(())
}
