//! OID-17, XML-08: everything that we give or take as a proof, at every place that takes one. What
//! a kind of token is worth nothing at is everything but the places made for it. The kinds come
//! from the lists of the code itself, so that a new one isn't forgotten here.

use axum::body::Body;
use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use idp_domain::ids::GrantId;
use idp_domain::oidc::jose::{SigningAlgorithm, SigningKey, Typ, sha256_base64url};
use idp_domain::oidc::logout::LogoutToken;
use idp_domain::secrets::random_base62;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::dpop::{key, proof};
use crate::given::{code, code_for, fault, good, request, said, tokens};
use crate::register::{self, each_open_campus};
use crate::support::kit::{address, changing_nothing, sign_in, ticket};
use crate::support::oidc::{AUTHORIZE, ISSUER, Rp};
use crate::support::{Campus, Reply, SERVICE, Visitor, login};

const TOKEN: &str = "/oidc/token";
const USERINFO: &str = "/oidc/userinfo";
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const REQUEST_URI: &str = "urn:ietf:params:oauth:request_uri:";
const BYE: &str = "https://rp.example.edu/bye";
const BOOKS: &str = "https://books.example.edu";

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Signed(Typ),
    /// An access token for another resource than us.
    Abroad,
    /// By its prefix.
    Secret(&'static str),
    Refresh,
    ClientSecret,
    SessionCookie,
    Nonce,
}

use Kind::{Abroad, ClientSecret, Nonce, Refresh, Secret, SessionCookie, Signed};

fn kinds() -> Vec<Kind> {
    let secrets = idp_domain::oidc::SECRET_KINDS.iter();
    let tickets = idp_domain::cas::SECRET_KINDS.iter();
    Typ::ALL
        .into_iter()
        .map(Signed)
        .chain(secrets.chain(tickets).map(|kind| Secret(kind)))
        .chain([Abroad, Refresh, ClientSecret, SessionCookie, Nonce])
        .collect()
}

/// Where a text can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    UserInfoHeader,
    UserInfoForm,
    UserInfoBound,
    Code,
    RefreshToken,
    DeviceCode,
    ClientAssertion,
    ClientSecret,
    DpopProof,
    Introspection,
    Revocation,
    RequestUri,
    AuthorizeHint,
    LogoutHint,
    Session,
    Ticket,
    Registration,
    Registered,
}

impl Place {
    const ALL: [Self; 18] = [
        Self::UserInfoHeader,
        Self::UserInfoForm,
        Self::UserInfoBound,
        // Before a refresh token has its successor.
        Self::Introspection,
        Self::Code,
        Self::RefreshToken,
        Self::DeviceCode,
        Self::ClientAssertion,
        Self::ClientSecret,
        Self::DpopProof,
        Self::Revocation,
        Self::RequestUri,
        Self::AuthorizeHint,
        Self::LogoutHint,
        Self::Session,
        Self::Ticket,
        Self::Registration,
        Self::Registered,
    ];

    /// The kinds that it is for.
    fn takes(self) -> &'static [Kind] {
        const ACCESS: &[Kind] = &[Signed(Typ::AccessToken), Secret("AT")];
        match self {
            Self::UserInfoHeader | Self::UserInfoForm => ACCESS,
            // None of these is bound to a key.
            Self::UserInfoBound => &[],
            Self::Code => &[Secret("AC")],
            Self::RefreshToken => &[Refresh],
            Self::DeviceCode => &[Secret("DC")],
            Self::ClientAssertion => &[Signed(Typ::ClientAssertion)],
            Self::ClientSecret => &[ClientSecret],
            Self::DpopProof => &[Signed(Typ::DpopProof)],
            Self::Introspection | Self::Revocation => {
                &[Signed(Typ::AccessToken), Secret("AT"), Abroad, Refresh]
            }
            Self::RequestUri => &[Secret("PR")],
            Self::AuthorizeHint | Self::LogoutHint => &[Signed(Typ::IdToken)],
            Self::Session => &[SessionCookie],
            Self::Ticket => &[Secret("ST")],
            Self::Registration => &[Secret("IT")],
            Self::Registered => &[Secret("RR")],
        }
    }
}

/// All that there is, each of it good where it belongs.
struct World<'a> {
    campus: &'a Campus,
    rp: Rp,
    /// Of `private_key_jwt`.
    keyed: SigningKey,
    dpop: SigningKey,
    browser: Visitor,
    /// Where a client that registered itself reads what is registered.
    registered_at: String,
    made: Vec<(Kind, String)>,
}

fn with_id(change: &Value, id: &str) -> Value {
    let mut entry = Rp::entry_with(change);
    entry["id"] = json!(id);
    entry["oidc"]["client_id"] = json!(id);
    entry
}

impl<'a> World<'a> {
    async fn new(campus: &'a Campus) -> Self {
        let grants = json!(["authorization_code", "refresh_token", DEVICE]);
        let rp = Rp::registered_with(
            campus,
            &json!({ "grant_types": grants, "audiences": [BOOKS],
                "post_logout_redirect_uris": [BYE],
                "userinfo_signed_response_alg": "ES256" }),
        )
        .await;
        let keyed = key();
        let change = json!({ "client_secret": null, "jwks": { "keys": [keyed.public().to_jwk()] },
            "token_endpoint_auth_method": "private_key_jwt" });
        Rp::of_entry(campus, &with_id(&change, "keyed")).await;
        let mut browser = campus.visitor();
        sign_in(&mut browser).await;
        let mut world = Self {
            campus,
            rp,
            keyed,
            dpop: key(),
            browser,
            registered_at: String::new(),
            made: Vec::new(),
        };
        world.sign().await;
        world.draw().await;
        world
    }

    fn keep(&mut self, kind: Kind, text: impl Into<String>) {
        self.made.push((kind, text.into()));
    }

    async fn sign(&mut self) {
        let (campus, rp) = (self.campus, self.rp.clone());
        let given = tokens(campus, &rp, "openid profile").await;
        let text = |name: &str| given[name].as_str().unwrap().to_owned();
        let (access, id) = (text("access_token"), text("id_token"));
        self.keep(Refresh, text("refresh_token"));
        let mut abroad = request(campus, &rp, "openid");
        abroad.granted.resources = vec![BOOKS.into()];
        let abroad = good(
            &rp.redeem(campus, &code_for(campus, &rp, &abroad).await)
                .await,
        );
        self.keep(Abroad, abroad["access_token"].as_str().unwrap());
        for typ in Typ::ALL {
            // Whoever adds one says here how it is had.
            let made = match typ {
                Typ::IdToken => id.clone(),
                Typ::AccessToken => access.clone(),
                Typ::UserInfo => self.show("Bearer", &access, None).await.body(),
                Typ::LogoutToken => logout_token(campus, &id),
                Typ::ClientAssertion => assertion(campus, &self.keyed, "kept"),
                Typ::DpopProof => proof(campus, &self.dpop, "POST", TOKEN, &json!({})),
            };
            self.keep(Signed(typ), made);
        }
    }

    async fn draw(&mut self) {
        let (campus, rp) = (self.campus, self.rp.clone());
        let mut rng = campus.idp.app().entropy.rng();
        let oidc = idp_domain::oidc::SECRET_KINDS.iter();
        for kind in oidc.chain(idp_domain::cas::SECRET_KINDS) {
            let made = match *kind {
                "AC" => code(campus, &rp, "openid").await,
                "AT" => {
                    let opaque = with_id(&json!({ "access_token_format": "opaque" }), "opaque");
                    let opaque = Rp::of_entry(campus, &opaque).await;
                    let given = tokens(campus, &opaque, "openid").await;
                    given["access_token"].as_str().unwrap().to_owned()
                }
                "PR" => {
                    let all = rp.parameters(&[]);
                    let pairs: Vec<_> = all.iter().map(|(n, v)| (&**n, &**v)).collect();
                    let reply = rp.post(campus, "/oidc/par", &pairs).await;
                    let pushed: Value = serde_json::from_slice(&reply.bytes).unwrap();
                    let uri = pushed["request_uri"].as_str().unwrap();
                    uri.strip_prefix(REQUEST_URI).unwrap().to_owned()
                }
                "DC" => {
                    let scope = [("scope", "openid")];
                    let asked = good(&rp.post(campus, "/oidc/device", &scope).await);
                    asked["device_code"].as_str().unwrap().to_owned()
                }
                "ST" => ticket(&mut self.browser, SERVICE).await,
                "IT" => register::initial_token(campus, 1).await,
                "RR" => {
                    let own = register::registered(campus, &register::metadata()).await;
                    let uri = own["registration_client_uri"].as_str().unwrap();
                    uri.strip_prefix(ISSUER)
                        .unwrap()
                        .clone_into(&mut self.registered_at);
                    own["registration_access_token"]
                        .as_str()
                        .unwrap()
                        .to_owned()
                }
                // Nobody has one of these here; it looks as one does.
                "PT" | "PGT" | "PGTIOU" | "TGT" => {
                    format!("{kind}-{}", random_base62(29, &mut rng))
                }
                new => panic!("{new}: say here how it is had, and above where it belongs"),
            };
            self.keep(Secret(kind), made);
        }
        self.keep(ClientSecret, Rp::SECRET);
        self.keep(SessionCookie, self.browser.cookies["TGC"].clone());
        let nonce = idp_domain::oidc::dpop::nonce(campus.keys(), campus.clock.now());
        self.keep(Nonce, nonce);
    }

    async fn send(&self, request: axum::http::request::Builder, body: Body) -> Reply {
        self.campus
            .visitor()
            .send(request.body(body).unwrap())
            .await
    }

    async fn show(&self, scheme: &str, token: &str, proof: Option<&str>) -> Reply {
        let mut request = Request::get(USERINFO);
        request = request.header("authorization", format!("{scheme} {token}"));
        if let Some(proof) = proof {
            request = request.header("dpop", proof);
        }
        self.send(request, Body::empty()).await
    }

    async fn grant(&self, grant: &str, name: &str, text: &str) -> Reply {
        let fields = [
            ("grant_type", grant),
            (name, text),
            ("redirect_uri", Rp::REDIRECT),
            ("code_verifier", crate::support::oidc::VERIFIER),
        ];
        self.rp.post(self.campus, TOKEN, &fields).await
    }

    /// True where it was taken for good.
    async fn takes(&self, place: Place, text: &str) -> bool {
        let (campus, rp) = (self.campus, &self.rp);
        match place {
            Place::UserInfoHeader => taken(&self.show("Bearer", text, None).await, 401),
            Place::UserInfoForm => {
                let fields = [("access_token", text)];
                taken(&campus.visitor().post(USERINFO, &fields).await, 401)
            }
            Place::UserInfoBound => {
                let ath = json!({ "ath": sha256_base64url(text) });
                let proof = proof(campus, &self.dpop, "GET", USERINFO, &ath);
                taken(&self.show("DPoP", text, Some(&proof)).await, 401)
            }
            Place::Code => taken(&self.grant("authorization_code", "code", text).await, 400),
            Place::RefreshToken => taken(
                &self.grant("refresh_token", "refresh_token", text).await,
                400,
            ),
            Place::DeviceCode => {
                let reply = self.grant(DEVICE, "device_code", text).await;
                // Known, and nobody has decided.
                fault(&reply, 400) == "authorization_pending"
            }
            Place::ClientAssertion => {
                let fields = [
                    ("token", "x"),
                    ("client_assertion_type", JWT_BEARER),
                    ("client_assertion", text),
                ];
                let request = Visitor::form_request("/oidc/introspect", &fields);
                let body = Body::from(Visitor::encode(&fields));
                taken(&self.send(request, body).await, 401)
            }
            Place::ClientSecret => {
                let fields = [("token", "x")];
                let basic = STANDARD.encode(format!("{}:{text}", Rp::ID));
                let request = Visitor::form_request("/oidc/introspect", &fields)
                    .header("authorization", format!("Basic {basic}"));
                let body = Body::from(Visitor::encode(&fields));
                taken(&self.send(request, body).await, 401)
            }
            Place::DpopProof => {
                let fields = [("grant_type", "refresh_token"), ("refresh_token", "x")];
                let basic = STANDARD.encode(format!("{}:{}", Rp::ID, Rp::SECRET));
                let request = Visitor::form_request(TOKEN, &fields)
                    .header("authorization", format!("Basic {basic}"))
                    .header("dpop", text);
                let body = Body::from(Visitor::encode(&fields));
                // The proof is looked at before the grant.
                fault(&self.send(request, body).await, 400) != "invalid_dpop_proof"
            }
            Place::Introspection => {
                let fields = [("token", text)];
                let seen = good(&rp.post(campus, "/oidc/introspect", &fields).await);
                seen != json!({ "active": false })
            }
            Place::Revocation => {
                let revoke = async || rp.post(campus, "/oidc/revoke", &[("token", text)]).await;
                let (reply, trail) = changing_nothing(campus, revoke).await;
                assert_eq!((reply.status.as_u16(), reply.body().as_str()), (200, ""));
                !trail.is_empty()
            }
            Place::Registration => {
                let request = Request::post("/oidc/register")
                    .header("content-type", "application/json")
                    .header("authorization", format!("Bearer {text}"));
                // Metadata that can't be taken use nothing up.
                let status = self.send(request, Body::from("{}")).await.status;
                assert!([400, 401].contains(&status.as_u16()), "{status}");
                status == 400
            }
            Place::Registered => {
                let request = Request::get(&self.registered_at)
                    .header("authorization", format!("Bearer {text}"));
                taken(&self.send(request, Body::empty()).await, 401)
            }
            _ => self.takes_in_a_browser(place, text).await,
        }
    }

    async fn takes_in_a_browser(&self, place: Place, text: &str) -> bool {
        let rp = &self.rp;
        let mut browser = self.browser.clone();
        match place {
            Place::RequestUri => {
                let uri = format!("{REQUEST_URI}{text}");
                let pairs = [("client_id", Rp::ID), ("request_uri", &uri)];
                let reply = browser.get(&address(AUTHORIZE, &pairs)).await;
                reply.status == 302 && rp.answer(&reply).contains_key("code")
            }
            Place::AuthorizeHint => {
                let pairs = [("id_token_hint", text), ("prompt", "none")];
                let answer = rp.answer(&rp.open(&mut browser, &pairs).await);
                let error = answer.get("error").map(String::as_str);
                assert!(
                    error.is_none_or(|error| error == "invalid_request"),
                    "{error:?}"
                );
                error.is_none()
            }
            Place::LogoutHint => {
                // Only who shows an ID token of ours is sent on where nobody can be asked.
                let pairs = [("id_token_hint", text), ("post_logout_redirect_uri", BYE)];
                let mut stranger = self.campus.visitor();
                let reply = stranger.get(&address("/oidc/logout", &pairs)).await;
                reply.location() == Some(BYE)
            }
            Place::Session => {
                let mut thief = self.campus.visitor();
                thief.cookies.insert("TGC".into(), text.to_owned());
                thief.get(&login(SERVICE)).await.page() != "sign_in"
            }
            _ => {
                let verdict = self.campus.visitor().validate(SERVICE, text).await;
                !verdict.contains("INVALID_TICKET")
            }
        }
    }
}

/// Taken is 200; refused is this, and no third thing.
fn taken(reply: &Reply, refused: u16) -> bool {
    let status = reply.status.as_u16();
    assert!(
        [200, refused].contains(&status),
        "{status} {}",
        reply.body()
    );
    status == 200
}

fn logout_token(campus: &Campus, id_token: &str) -> String {
    let claims = said(&json!(id_token)).1;
    let sid = GrantId(claims["sid"].as_str().unwrap().parse::<Uuid>().unwrap());
    let (sub, now) = (claims["sub"].as_str().unwrap(), campus.clock.now());
    let token = LogoutToken::new(ISSUER, Rp::ID, sub, sid, "one".into(), now);
    let keys = &campus.idp.app().signing_keys;
    keys.sign(SigningAlgorithm::Rs256, Typ::LogoutToken, &token, now)
        .unwrap()
}

fn assertion(campus: &Campus, key: &SigningKey, jti: &str) -> String {
    let now = campus.clock.now().as_second();
    let claims = json!({ "iss": "keyed", "sub": "keyed", "aud": ISSUER, "jti": jti,
        "iat": now, "exp": now + 60 });
    key.sign(Typ::ClientAssertion, &claims).unwrap()
}

#[tokio::test] // OID-17, XML-08
async fn every_kind_of_token_is_nothing_at_every_place_but_its_own() {
    each_open_campus(async |campus| {
        let world = World::new(campus).await;
        let mut made: Vec<Kind> = world.made.iter().map(|(kind, _)| *kind).collect();
        for kind in kinds() {
            let at = made.iter().position(|one| *one == kind);
            made.swap_remove(at.unwrap_or_else(|| panic!("{kind:?} was not made")));
        }
        assert!(made.is_empty(), "{made:?}");
        let ((), _) = changing_nothing(campus, async || {
            for place in Place::ALL {
                for (kind, text) in &world.made {
                    if !place.takes().contains(kind) {
                        let taken = world.takes(place, text).await;
                        assert!(!taken, "{kind:?} was taken at {place:?}");
                    }
                }
            }
        })
        .await;
        // None of it was used up by that, and each is good at its own place. Those that end
        // something come last.
        for place in Place::ALL {
            for (kind, text) in &world.made {
                let own = place.takes().contains(kind);
                if own && place != Place::Revocation && *kind != Secret("AT") {
                    assert!(world.takes(place, text).await, "{kind:?} at {place:?}");
                }
            }
        }
    })
    .await;
}
