//! Examples of the specifications.

use super::*;

fn thumbprint(jwk: &Value) -> String {
    PublicKey::from_jwk(jwk.as_object().unwrap())
        .unwrap()
        .thumbprint()
}

#[test]
fn thumbprints_of_the_specifications() {
    // RFC 7638 §3.1
    let rsa = json!({
        "kty": "RSA", "alg": "RS256", "kid": "2011-04-29", "e": "AQAB",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSo\
              c_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGj\
              QR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-b\
              FTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    });
    assert_eq!(
        thumbprint(&rsa),
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    );
    // RFC 8037 appendix A.3
    let okp = json!({
        "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    });
    assert_eq!(
        thumbprint(&okp),
        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    );
}

#[test]
fn signatures_of_the_specifications() {
    let verify = |token: &str, jwk: Value, algorithm| {
        let token = Unverified::read(token, Typ::ClientAssertion).unwrap();
        token.verify(&set(&[jwk]).unwrap(), &[algorithm])
    };
    // RFC 7515 appendix A.3
    let es256 = json!({
        "kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    });
    let token = "eyJhbGciOiJFUzI1NiJ9.\
                 eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
                 DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let claims = verify(token, es256, SigningAlgorithm::Es256).unwrap();
    assert_eq!(claims.text("iss"), Ok(Some("joe")));
    let expiry = jiff::Timestamp::from_second(1_300_819_380).unwrap();
    assert_eq!(claims.time("exp"), Ok(Some(expiry)));
}

#[test]
fn claims_have_their_types() {
    let read = |value: Value| {
        let token = token(&json!({ "alg": "ES256" }), &value, b"");
        let read = Unverified::read(&token, Typ::ClientAssertion).unwrap();
        read.claimed().clone()
    };
    let at = |second| Ok(Some(jiff::Timestamp::from_second(second).unwrap()));
    let time = |value: Value| read(json!({ "exp": value })).time("exp");
    assert_eq!(time(json!(0)), at(0));
    assert_eq!(time(json!(1_790_000_000.9)), at(1_790_000_000));
    assert_eq!(read(json!({})).time("exp"), Ok(None));
    for odd in [
        json!(-1),
        json!("1"),
        json!(null),
        json!(1e300),
        json!(u64::MAX),
        json!(i64::MAX),
    ] {
        assert_eq!(time(odd.clone()), Err(NotAClaim("exp")), "{odd}");
    }
    let aud = |value: Value| {
        read(json!({ "aud": value }))
            .audiences()
            .map(|all| all.len())
    };
    assert_eq!(aud(json!("a")), Ok(1));
    assert_eq!(aud(json!(["a", "b"])), Ok(2));
    assert_eq!(aud(json!([])), Ok(0));
    for odd in [
        json!(1),
        json!(["a", 1]),
        json!({}),
        json!(null),
        json!([["a"]]),
    ] {
        assert_eq!(aud(odd.clone()), Err(NotAClaim("aud")), "{odd}");
    }
    assert_eq!(read(json!({ "sub": 7 })).text("sub"), Err(NotAClaim("sub")));
}
