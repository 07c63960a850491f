//! Sets of keys that others publish: what is taken has public members only, is written and read
//! alike, and another library gives it the same thumbprint.

#![no_main]

use idp_domain::oidc::jose::{KeySet, MAX_KEYS, SigningAlgorithm};
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(set) = KeySet::read(bytes) else {
        return;
    };
    assert!(set.keys().len() <= MAX_KEYS);
    let written = set.to_json();
    assert_eq!(KeySet::from_json(&written), Ok(set.clone()));
    for (key, jwk) in set
        .keys()
        .iter()
        .zip(written["keys"].as_array().expect("a list"))
    {
        for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            assert!(jwk.get(private).is_none(), "{jwk}");
        }
        // One key, one algorithm, and never one that nobody permitted.
        for algorithm in SigningAlgorithm::ALL {
            let within = key.algorithm_within(&[algorithm]);
            assert!(within.is_none_or(|found| found == algorithm));
        }
        assert!(key.algorithm_within(&SigningAlgorithm::ALL).is_some());
        let other: Jwk = serde_json::from_value(jwk.clone()).expect("a key that we took");
        let thumbprint = other
            .thumbprint(ThumbprintHash::SHA256)
            .expect("its thumbprint");
        assert_eq!(thumbprint, key.thumbprint());
    }
});
