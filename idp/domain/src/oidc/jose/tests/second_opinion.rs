//! Another library reads what we write, and we read what it writes.

use std::str::FromStr;

use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};

use super::*;

#[test]
fn another_library_reads_our_tokens_and_names_our_keys_alike() {
    for alg in SigningAlgorithm::ALL {
        let token = key(alg).sign(Typ::AccessToken, &claims()).unwrap();
        let jwk: Jwk = serde_json::from_value(key(alg).public().to_jwk()).unwrap();
        let theirs = Algorithm::from_str(alg.as_str()).unwrap();
        let mut validation = Validation::new(theirs);
        validation.validate_exp = false;
        validation.validate_aud = false;
        let read = jsonwebtoken::decode::<Value>(
            &token,
            &DecodingKey::from_jwk(&jwk).unwrap(),
            &validation,
        )
        .unwrap();
        assert_eq!(read.claims, claims());
        assert_eq!(read.header.kid.as_deref(), Some(key(alg).kid()));
        assert_eq!(read.header.typ.as_deref(), Some("at+jwt"));
        assert_eq!(
            jwk.thumbprint(ThumbprintHash::SHA256).unwrap(),
            key(alg).kid()
        );
    }
}

#[test]
fn we_read_the_tokens_of_another_library() {
    for alg in SigningAlgorithm::ALL {
        let der = SigningKey::generate(alg).unwrap();
        let ours = SigningKey::from_pkcs8(alg, &der).unwrap();
        let theirs = match alg {
            // It takes RSA keys in the older form, which lies in the newer one.
            SigningAlgorithm::Rs256 | SigningAlgorithm::Ps256 => {
                EncodingKey::from_rsa_der(&der[26..])
            }
            SigningAlgorithm::Es256 => EncodingKey::from_ec_der(&der),
            SigningAlgorithm::EdDsa => EncodingKey::from_ed_der(&der),
        };
        let mut header = Header::new(Algorithm::from_str(alg.as_str()).unwrap());
        header.kid = Some(ours.kid().to_owned());
        let token = jsonwebtoken::encode(&header, &claims(), &theirs).unwrap();
        let keys = KeySet::of(vec![ours.public().clone()]);
        let read = read_and_verify(&token, &keys, &[alg]).unwrap();
        assert_eq!(Value::Object(read.members().clone()), claims());
    }
}
