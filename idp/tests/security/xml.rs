//! XML-01, XML-03, XML-04: what applications read is well-formed whatever people are called, and
//! XML that comes in is nothing to us.

use axum::body::Body;
use axum::http::Request;
use idp::accounts::import::{ImportOptions, import_people};
use idp_domain::accounts::InitialRule;

use crate::support::kit::{STUDENT, address, changing_nothing, signed_in, ticket, verdict};
use crate::support::{Campus, SERVICE, each_campus};

/// Brings the student in again, under another name and in another place.
async fn rename(campus: &Campus, name: &str, org: &str) -> bool {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let line = [STUDENT, "330106200501239914", "学生"].join(",");
    let file = format!(
        "学工号,证件号,人员类型,姓名,部门\n{line},{},{}\n",
        quoted(name),
        quoted(org)
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("people.csv");
    std::fs::write(&path, file).unwrap();
    let app = campus.idp.app();
    let zone = app.config.school.timezone.get().clone();
    let options = ImportOptions::new(InitialRule::Last6, zone);
    let clock = || app.clock.now();
    let mut rng = app.entropy.rng();
    import_people(
        &app.db,
        &app.keys,
        &path,
        &options,
        clock,
        &mut rng,
        &mut |_| {},
    )
    .await
    .is_ok()
}

const NAMES: &[&str] = &[
    "</cas:name><cas:user>admin</cas:user><cas:name>",
    "</cas:attributes></cas:authenticationSuccess><cas:user>admin</cas:user>",
    "林]]>夏",
    "<![CDATA[林]]>",
    "林&lt;&#x3C;&amp;夏",
    "林\"夏'",
    "<!-- 林 -->",
    "<?xml version=\"1.0\"?>林",
    "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>",
    "&e;林",
    "<script>alert(1)</script>林",
    "𠮷野家 \u{e863}",
];

#[tokio::test] // XML-01
async fn no_name_breaks_out_of_its_element() {
    each_campus(async |campus| {
        let mut visitor = signed_in(campus).await;
        for name in NAMES {
            assert!(rename(campus, name, "信息<b>&\"中心").await, "{name}");
            for path in ["/cas/serviceValidate", "/cas/p3/serviceValidate"] {
                let ticket = ticket(&mut visitor, SERVICE).await;
                let pairs = [("service", SERVICE), ("ticket", &*ticket)];
                let body = campus.visitor().get(&address(path, &pairs)).await.body();
                assert_eq!(verdict(&body), Ok(STUDENT.into()));
                let document = roxmltree::Document::parse(&body).unwrap();
                let texts = |wanted: &str| -> Vec<String> {
                    let nodes = document.descendants();
                    nodes
                        .filter(|n| n.tag_name().name() == wanted)
                        .map(|n| n.text().unwrap_or_default().to_owned())
                        .collect()
                };
                assert_eq!(texts("name"), [*name]);
                assert_eq!(texts("org"), ["信息<b>&\"中心"]);
                assert_eq!(texts("number"), [STUDENT]);
                let elements = document.descendants().filter(roxmltree::Node::is_element);
                let namespaces = elements.filter_map(|n| n.tag_name().namespace());
                let cas = "http://www.yale.edu/tp/cas";
                assert!(namespaces.clone().count() > 5 && namespaces.clone().all(|n| n == cas));
            }
            let ticket = ticket(&mut visitor, SERVICE).await;
            let pairs = [
                ("service", SERVICE),
                ("ticket", &*ticket),
                ("format", "JSON"),
            ];
            let reply = campus
                .visitor()
                .get(&address("/cas/p3/serviceValidate", &pairs))
                .await;
            let body: serde_json::Value = serde_json::from_slice(&reply.bytes).unwrap();
            let success = &body["serviceResponse"]["authenticationSuccess"];
            assert_eq!(success["user"], STUDENT);
            assert!(
                success["attributes"]["name"]
                    .to_string()
                    .contains(&serde_json::json!(name).to_string()),
                "{success}"
            );
            // And none becomes markup on a page.
            let page = visitor.get("/cas/login").await;
            assert_eq!(page.page(), "signed_in");
            assert!(!page.body().contains("<script>alert"), "{}", page.body());
            assert!(!page.body().contains("<cas:user>"), "{}", page.body());
        }
    })
    .await;
}

#[tokio::test] // XML-01: what XML can't carry never gets in
async fn a_name_that_xml_can_not_carry_is_refused_at_the_import() {
    each_campus(async |campus| {
        let mut visitor = signed_in(campus).await;
        for c in [
            '\u{1}', '\u{8}', '\u{b}', '\u{c}', '\u{1f}', '\u{fffe}', '\u{ffff}',
        ] {
            for (name, org) in [
                (format!("林{c}夏"), "信息中心".into()),
                ("林夏".into(), format!("信{c}息")),
            ] {
                assert!(!rename(campus, &name, &org).await, "{c:?} was taken");
            }
        }
        let ticket = ticket(&mut visitor, SERVICE).await;
        let body = campus.visitor().validate(SERVICE, &ticket).await;
        assert!(body.contains("<cas:name>陈默然</cas:name>"), "{body}");
    })
    .await;
}

const LOGOUT: &str = "<samlp:LogoutRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
    ID=\"x\" Version=\"2.0\"><saml:NameID>20230002</saml:NameID>\
    <samlp:SessionIndex>ST-1</samlp:SessionIndex></samlp:LogoutRequest>";
const BOMB: &str = "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\">\
    <!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY e SYSTEM \"file:///etc/passwd\">]><x>&b;&e;</x>";

#[tokio::test] // XML-03, XML-04
async fn xml_that_comes_in_ends_no_session() {
    each_campus(async |campus| {
        let mut visitor = signed_in(campus).await;
        let ticket = ticket(&mut visitor, SERVICE).await;
        let request = LOGOUT.replace("ST-1", &ticket);
        let form = format!("logoutRequest={}", &address("", &[("", &request)])[2..]);
        let ((), _) = changing_nothing(campus, async || {
            for path in [
                "/",
                "/cas/login",
                "/cas/logout",
                "/cas/serviceValidate",
                "/cas/p3/serviceValidate",
                "/signin/switch",
                "/signin/done",
                "/nothing",
            ] {
                for (media_type, body) in [
                    ("application/x-www-form-urlencoded", form.as_str()),
                    ("text/xml", request.as_str()),
                    ("application/xml", BOMB),
                    ("application/soap+xml", BOMB),
                ] {
                    let post = Request::post(path)
                        .header("content-type", media_type)
                        .header("origin", "http://localhost:8080");
                    let post = post.body(Body::from(body.to_owned())).unwrap();
                    let reply = visitor.clone().send(post).await;
                    assert!(
                        reply.status.is_client_error(),
                        "{path} {media_type} {}",
                        reply.status
                    );
                    assert!(!reply.body().contains("root:"), "{path}");
                }
            }
            // With the token of a page of ours it is one more field that nobody reads.
            let mut stranger = campus.visitor();
            let page = stranger.sign_in_page(SERVICE).await;
            let reply = stranger.submit(&page, &[("logoutRequest", &request)]).await;
            assert_eq!(
                (reply.status.as_u16(), reply.page().as_str()),
                (400, "sign_in")
            );
        })
        .await;
        let get = visitor
            .get(&address("/cas/login", &[("logoutRequest", &request)]))
            .await;
        assert_eq!(get.page(), "signed_in");
        let reply = campus.visitor().validate(SERVICE, &ticket).await;
        assert_eq!(verdict(&reply), Ok(STUDENT.into()));
    })
    .await;
}
