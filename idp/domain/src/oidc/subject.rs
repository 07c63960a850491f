use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::applications::SubjectType;
use crate::ids::PersonId;
use crate::secrets::{Keyring, Use};

/// The name by which an application knows a person (OpenID Connect Core §8): the same for ever and
/// never anybody else's (OID-28); with pairwise names no two sectors can compare theirs (§8.1).
pub fn subject(keys: &Keyring, subject_type: &SubjectType, person: PersonId) -> String {
    match subject_type {
        SubjectType::Public => person.to_string(),
        SubjectType::Pairwise { sector } => {
            let mac = keys.mac(
                Use::PairwiseSubject,
                &[sector.as_bytes(), person.0.as_bytes()],
            );
            URL_SAFE_NO_PAD.encode(mac.as_bytes())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::MasterKey;
    use rand::SeedableRng;
    use rand::rngs::StdRng;
    use uuid::Uuid;

    #[test] // OIDC 62
    fn pairwise_names_are_stable_and_differ_by_sector_and_person() {
        let keys = Keyring::new(&MasterKey::generate(&mut StdRng::seed_from_u64(1)));
        let one = PersonId(Uuid::from_u128(1));
        let pairwise = |sector: &str, person| {
            let subject_type = SubjectType::Pairwise {
                sector: sector.into(),
            };
            subject(&keys, &subject_type, person)
        };
        assert_eq!(subject(&keys, &SubjectType::Public, one), one.to_string());
        let name = pairwise("a.example.edu", one);
        assert_eq!(name, pairwise("a.example.edu", one));
        assert_ne!(name, pairwise("b.example.edu", one));
        assert_ne!(
            name,
            pairwise("a.example.edu", PersonId(Uuid::from_u128(2)))
        );
        assert!(name.len() == 43 && !name.contains(&one.to_string()));
    }
}
