use idp_domain::applications::ClientKeys;
use idp_domain::oidc::SpendOnce;
use idp_domain::oidc::client_assertion::{self, BadAssertion, Expected};
use idp_domain::oidc::jose::{BadToken, KeySet, SigningAlgorithm};
use idp_storage::spent_ids;

use super::{Client, Reason, client_keys};
use crate::oidc::answer::Fault;
use crate::oidc::one_use::OneUse;
use crate::oidc::{PAR, TOKEN, address};
use crate::visit::Visit;

/// `private_key_jwt` (OIDC Core §9): signed by one of the client's keys, for us, now, and never
/// before (OID-06, OID-12).
pub(super) async fn prove(
    visit: &Visit,
    client: &Client,
    keys: &ClientKeys,
    algorithm: Option<SigningAlgorithm>,
    text: &str,
) -> Result<Result<OneUse, Reason>, Fault> {
    let mut checked = Err(BadAssertion::Token(BadToken::UnknownKey));
    // What we hold first; a key that isn't among them may be a newer one.
    let mut tried = None;
    for _ in 0..2 {
        let Some(set) = client_keys::of(visit, keys, tried.as_ref()).await else {
            break;
        };
        checked = check(visit, client, &set, algorithm, text);
        if checked != Err(BadAssertion::Token(BadToken::UnknownKey)) {
            break;
        }
        tried = Some(set);
    }
    let spend = match checked {
        Ok(spend) => spend,
        Err(bad) => {
            let client_id = &client.side().client_id;
            tracing::info!(client = %client_id, %bad, "a client's assertion is refused");
            return Ok(Err("bad_assertion"));
        }
    };
    // Of two at once one is noted first; who comes later proves nothing, whatever it asks for.
    let mut conn = visit.app.db.read().await?;
    if spent_ids::is_spent(&mut conn, &spend, visit.now).await? {
        return Ok(Err("used_assertion"));
    }
    Ok(Ok(OneUse {
        assertion: Some(spend),
        proof: None,
    }))
}

fn check(
    visit: &Visit,
    client: &Client,
    keys: &KeySet,
    algorithm: Option<SigningAlgorithm>,
    text: &str,
) -> Result<SpendOnce, BadAssertion> {
    let side = client.side();
    let permitted: Vec<SigningAlgorithm> = match algorithm {
        Some(registered) => vec![registered],
        None if side.is_fapi2() => SigningAlgorithm::FAPI.to_vec(),
        None => SigningAlgorithm::ALL.to_vec(),
    };
    let issuer = visit.app.config.server.issuer.as_str();
    let (token, par) = (address(visit, TOKEN), address(visit, PAR));
    // Deployed clients name the address that they post to (RFC 7523 §3, RFC 9126 §2); the FAPI
    // profile has the issuer alone.
    let audiences: &[&str] = match visit.path.as_str() {
        _ if side.is_fapi2() => &[issuer],
        PAR => &[issuer, &token, &par],
        _ => &[issuer, &token],
    };
    let expected = Expected {
        client_id: side.client_id.as_str(),
        keys,
        algorithms: &permitted,
        audiences,
        audience_is_text: side.is_fapi2(),
        now: visit.now,
    };
    client_assertion::check(client_assertion::read(text)?, expected)
}
