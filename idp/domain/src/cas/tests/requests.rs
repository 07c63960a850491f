use crate::cas::{
    BadLoginRequest, BadValidateRequest, Endpoint, FailureReason, Format, LoginRequest,
    LogoutRequest, Method, ProxyFailureReason, ProxyRequest, ValidateRequest,
};
use crate::form::decode_pairs;

fn login(query: &str) -> LoginRequest {
    LoginRequest::parse(&decode_pairs(query.as_bytes())).unwrap()
}

fn validate(endpoint: Endpoint, query: &str) -> Result<ValidateRequest, BadValidateRequest> {
    ValidateRequest::parse(endpoint, &decode_pairs(query.as_bytes()))
}

#[test] // CAS 3.0.3 §2.1.1
fn a_service_is_decoded_exactly_once() {
    for (encoded, service) in [
        ("https%3a%2f%2fa.edu.cn%2fcb", "https://a.edu.cn/cb"),
        (
            "https%3A%2F%2Fa.edu.cn%2F%3Fx%3D1%26y%3D%2526",
            "https://a.edu.cn/?x=1&y=%26",
        ),
        (
            "https%3A%2F%2Fa.edu.cn%2F%3Fnext%3D%25252Fhome",
            "https://a.edu.cn/?next=%252Fhome",
        ),
        (
            "https%3A%2F%2Fa.edu.cn%2F%3Fa%2Bb+c%20d",
            "https://a.edu.cn/?a+b c d",
        ),
        ("https%3A%2F%2Fa.edu.cn%2F%23x", "https://a.edu.cn/#x"),
        ("https%3A%2F%2Fa.edu.cn%2F%E4%BD%A0", "https://a.edu.cn/你"),
        (
            "https%3A%2F%2Fa.edu.cn%2F%25C4%25E3",
            "https://a.edu.cn/%C4%E3",
        ),
        ("https://a.edu.cn/?x=1=2", "https://a.edu.cn/?x=1=2"),
        ("100%", "100%"),
        ("%zz", "%zz"),
    ] {
        let pairs = decode_pairs(format!("service={encoded}").as_bytes());
        assert_eq!(pairs, [("service".to_owned(), service.to_owned())]);
    }
}

#[test]
fn octets_that_are_no_utf8_keep_their_value() {
    // “你” in GBK, encoded once by an old application.
    assert_eq!(
        login("service=https://a.edu.cn/?q=%C4%E3").service.unwrap(),
        "https://a.edu.cn/?q=%C4%E3"
    );
    assert_eq!(
        decode_pairs(b"a=\xc4\xe3x&b"),
        [("a".into(), "%C4%E3x".into()), ("b".into(), String::new())]
    );
}

#[test] // CAS 3.0.3 §2.1.1
fn names_are_case_sensitive_and_strays_are_ignored() {
    assert_eq!(
        login("Service=https://a.edu.cn/&RENEW=true&Gateway=true"),
        LoginRequest::default()
    );
    let request = login("service=https://a.edu.cn/&sn=undefined&&=&x");
    assert_eq!(request.service.as_deref(), Some("https://a.edu.cn/"));
    assert_eq!(login("service="), LoginRequest::default());
}

#[test]
fn a_parameter_is_set_unless_it_says_no() {
    for (value, set) in [
        ("renew=true", true),
        ("renew=TRUE", true),
        ("renew=True", true),
        ("renew=1", true),
        ("renew=on", true),
        ("renew=false&renew=true", true),
        ("renew=false", false),
        ("renew=False", false),
        ("renew=0", false),
        ("renew=no", false),
        ("renew=off", false),
        ("renew=", false),
        ("renew", false),
        ("", false),
    ] {
        assert_eq!(login(value).renew, set, "{value}");
    }
}

#[test] // CAS 3.0.3 §2.1.1
fn gateway_needs_a_service_and_yields_to_renew() {
    assert!(login("service=x&gateway=true").gateway);
    assert!(login("service=x&gateway=true&renew=false").gateway);
    assert!(!login("service=x&gateway=true&renew=true").gateway);
    assert!(!login("gateway=true").gateway);
    assert!(!login("service=x&gateway=false").gateway);
}

#[test] // CAS 3.0.3 §2.1.1
fn an_unknown_method_is_the_redirect() {
    for (query, method) in [
        ("method=POST", Method::Post),
        ("method=post", Method::Post),
        ("method=HEADER", Method::Header),
        ("method=GET", Method::Get),
        ("method=PUT", Method::Get),
        ("method=", Method::Get),
        ("", Method::Get),
    ] {
        assert_eq!(login(query).method, method, "{query}");
    }
}

#[test]
fn two_services_are_refused_and_lead_nowhere() {
    let pairs = decode_pairs(b"service=https://a.edu.cn/&service=https://evil.com/");
    assert_eq!(
        LoginRequest::parse(&pairs),
        Err(BadLoginRequest::DuplicateService)
    );
    assert_eq!(LogoutRequest::parse(&pairs).service, None);
    let twice = decode_pairs(b"service=x&service=x");
    assert_eq!(
        LoginRequest::parse(&twice),
        Err(BadLoginRequest::DuplicateService)
    );
}

#[test] // CAS 3.0.3 §2.3.2
fn logout_reads_service_and_never_url() {
    let logout = |query: &str| LogoutRequest::parse(&decode_pairs(query.as_bytes()));
    assert_eq!(logout("service=x&url=y").service.as_deref(), Some("x"));
    assert_eq!(logout("url=https://evil.com/").service, None);
    assert_eq!(logout("Service=x").service, None);
}

#[test]
fn a_form_carries_the_request_unchanged() {
    for query in [
        "",
        "service=https%3A%2F%2Fa.edu.cn%2F%3Fq%3D%2526%2B&renew=1&method=post",
        "service=x&gateway=true",
    ] {
        let request = login(query);
        let carried: Vec<_> = request
            .to_pairs()
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        assert_eq!(LoginRequest::parse(&carried), Ok(request));
    }
}

#[test] // CAS 22, CAS 32, CAS 121
fn the_boxes_of_the_form_are_never_hidden_fields() {
    let request = login("service=x&warn=true&rememberMe=on");
    assert!(request.warn && request.remember);
    assert_eq!(request.to_pairs(), [("service", "x")]);
    let request = login("service=x&warn=false&rememberme=true&rememberMe=");
    assert!(!request.warn && !request.remember);
}

#[test] // CAS 93
fn a_proxy_request_needs_one_ticket_and_one_target() {
    let proxy = |query: &str| ProxyRequest::parse(&decode_pairs(query.as_bytes()));
    let request = proxy("pgt=PGT-1&targetService=imap%3A%2F%2Fmail&x=y").unwrap();
    assert_eq!(
        (
            request.pgt.as_str(),
            request.target_service.as_str(),
            request.format
        ),
        ("PGT-1", "imap://mail", Format::Xml)
    );
    assert!(!format!("{request:?}").contains("PGT-1")); // TKT-09
    assert_eq!(
        proxy("pgt=p&targetService=t&format=json").unwrap().format,
        Format::Json
    );
    for (query, reason, format) in [
        ("", ProxyFailureReason::MissingParameter, Format::Xml),
        ("pgt=p", ProxyFailureReason::MissingParameter, Format::Xml),
        (
            "targetService=t&format=JSON",
            ProxyFailureReason::MissingParameter,
            Format::Json,
        ),
        (
            "PGT=p&targetservice=t",
            ProxyFailureReason::MissingParameter,
            Format::Xml,
        ),
        (
            "pgt=p&pgt=q&targetService=t",
            ProxyFailureReason::DuplicateParameter,
            Format::Xml,
        ),
        (
            "pgt=p&targetService=t&targetService=u&format=JSON",
            ProxyFailureReason::DuplicateParameter,
            Format::Json,
        ),
        (
            "pgt=p&targetService=t&format=YAML",
            ProxyFailureReason::UnknownFormat,
            Format::Xml,
        ),
    ] {
        let bad = proxy(query).unwrap_err();
        assert_eq!((bad.reason, bad.format), (reason, format), "{query}");
    }
}

#[test] // CAS 3.0.3 §2.5.1
fn validation_needs_one_service_and_one_ticket() {
    let endpoint = Endpoint::ServiceValidate;
    let request = validate(endpoint, "service=s&ticket=ST-1&renew=true&pgtUrl=p").unwrap();
    assert_eq!(
        (request.service.as_str(), request.ticket.as_str()),
        ("s", "ST-1")
    );
    assert!(request.renew);
    assert_eq!(request.pgt_url.as_deref(), Some("p"));
    assert_eq!(request.format, Format::Xml);
    assert!(!format!("{request:?}").contains("ST-1"));
    for (query, reason) in [
        ("service=s", FailureReason::MissingParameter),
        ("ticket=t", FailureReason::MissingParameter),
        ("service=s&ticket=", FailureReason::MissingParameter),
        ("Service=s&Ticket=t", FailureReason::MissingParameter),
        ("", FailureReason::MissingParameter),
        (
            "service=s&ticket=t&ticket=u",
            FailureReason::DuplicateParameter,
        ),
        (
            "service=s&service=s&ticket=t",
            FailureReason::DuplicateParameter,
        ),
        (
            "service=s&ticket=t&pgtUrl=p&pgtUrl=q",
            FailureReason::DuplicateParameter,
        ),
        (
            "service=s&ticket=t&format=YAML",
            FailureReason::UnknownFormat,
        ),
    ] {
        assert_eq!(
            validate(endpoint, query).unwrap_err().reason,
            reason,
            "{query}"
        );
    }
}

#[test] // CAS 3.0.3 §2.5.1: a failure comes in the form that was asked for
fn the_format_is_known_even_when_the_rest_is_bad() {
    let format = |query| match validate(Endpoint::P3ServiceValidate, query) {
        Ok(request) => request.format,
        Err(bad) => bad.format,
    };
    assert_eq!(format("service=s&ticket=t&format=JSON"), Format::Json);
    assert_eq!(format("service=s&ticket=t&format=json"), Format::Json);
    assert_eq!(format("format=JSON"), Format::Json);
    assert_eq!(format("service=s&ticket=t&format=XML"), Format::Xml);
    assert_eq!(format("format=YAML"), Format::Xml);
    assert!(validate(Endpoint::Validate, "service=s&ticket=t&format=YAML").is_ok());
}

#[test]
fn the_endpoints_differ_as_the_protocol_says() {
    use Endpoint::*;
    let all = [
        Validate,
        ServiceValidate,
        ProxyValidate,
        P3ServiceValidate,
        P3ProxyValidate,
        SamlValidate,
    ];
    assert_eq!(
        all.map(Endpoint::takes_proxy_tickets),
        [false, false, true, false, true, false]
    );
    assert_eq!(
        all.map(Endpoint::tells_attributes),
        [false, true, true, true, true, true]
    );
}
