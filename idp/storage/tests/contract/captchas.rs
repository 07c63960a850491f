use idp_domain::factors::Captcha;
use idp_domain::secrets::{Keyring, MasterKey};
use idp_storage::captchas;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::in_tx;
use crate::support::{CROWD, at, count, databases, race, winners};

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_answer_a_captcha_one_spends_it() {
    let mut rng = StdRng::seed_from_u64(1);
    let keys = Keyring::new(&MasterKey::generate(&mut rng));
    for db in databases().await {
        for _ in 0..3 {
            let captcha = Captcha::new(&keys, at(0), &mut rng);
            let spent = race(&db, CROWD, |db, _| {
                let captcha = captcha.clone();
                async move { in_tx!(db, tx => captchas::spend(&mut tx, &captcha)) }
            })
            .await;
            assert_eq!(winners(&spent), 1);
            assert!(!in_tx!(db, tx => captchas::spend(&mut tx, &captcha)));
        }
        assert_eq!(count(&db, "SELECT count(*) FROM spent_captchas").await, 3);
    }
}
