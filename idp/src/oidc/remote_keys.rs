use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use idp_domain::Timestamp;
use idp_domain::applications::OutboundUrl;
use idp_domain::oidc::jose::{KeySet, MAX_KEY_SET_BYTES};
use jiff::SignedDuration;
use tokio::sync::Mutex;

use crate::egress::Egress;

/// Between two requests to one address, whatever is asked of us: a stranger's made-up `kid` must
/// not make us a hammer.
const PAUSE: SignedDuration = SignedDuration::from_mins(1);
/// How long a set is taken without looking again.
const FRESH: SignedDuration = SignedDuration::from_mins(10);
/// How long the last one is good for while its address doesn't answer. A key that its owner took
/// away must end some time.
const STALE: SignedDuration = SignedDuration::from_hours(24);
/// Addresses that are kept; a campus has fewer clients.
const MOST: usize = 1024;

/// Keys of clients that publish them themselves (`jwks_uri`), as this node last saw them. Only
/// registered addresses are asked, by the one way out: nothing is followed (OID-09).
#[derive(Debug, Default)]
pub struct RemoteKeys(std::sync::Mutex<HashMap<String, Arc<Mutex<Seen>>>>);

#[derive(Debug, Default)]
struct Seen {
    keys: Option<(Arc<KeySet>, Timestamp)>,
    asked: Option<Timestamp>,
}

impl RemoteKeys {
    /// The keys at an address. Who found no key in the set `tried` asks for another one: that is the
    /// one which is held meanwhile, or one that is fetched, and none where that address was asked
    /// within the last minute. Of many who ask at once, one fetches and the others wait for it.
    pub async fn of(
        &self,
        egress: &Egress,
        address: &OutboundUrl,
        tried: Option<&Arc<KeySet>>,
        now: Timestamp,
    ) -> Option<Arc<KeySet>> {
        let place = self.place(address);
        let mut seen = place.lock().await;
        if let (Some(tried), Some(held)) = (tried, seen.known(now))
            && !Arc::ptr_eq(tried, &held)
        {
            return Some(held);
        }
        let is_fresh = seen
            .keys
            .as_ref()
            .is_some_and(|(_, at)| within(FRESH, *at, now));
        let may_ask = !seen.asked.is_some_and(|at| within(PAUSE, at, now));
        if may_ask && (tried.is_some() || !is_fresh) {
            seen.asked = Some(now);
            if let Some(keys) = fetch(egress, address).await {
                seen.keys = Some((Arc::new(keys), now));
                return seen.known(now);
            }
        }
        match tried {
            Some(_) => None,
            None => seen.known(now),
        }
    }

    fn place(&self, address: &OutboundUrl) -> Arc<Mutex<Seen>> {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= MOST && !places.contains_key(address.url().as_str()) {
            // Those that somebody waits for right now are held by them.
            places.retain(|_, place| Arc::strong_count(place) > 1);
        }
        Arc::clone(places.entry(address.url().to_string()).or_default())
    }
}

impl Seen {
    fn known(&self, now: Timestamp) -> Option<Arc<KeySet>> {
        let (keys, at) = self.keys.as_ref()?;
        within(STALE, *at, now).then(|| Arc::clone(keys))
    }
}

/// False as well for a moment that is still to come: the clock was set back.
fn within(span: SignedDuration, at: Timestamp, now: Timestamp) -> bool {
    let age = now.duration_since(at);
    !age.is_negative() && age < span
}

async fn fetch(egress: &Egress, address: &OutboundUrl) -> Option<KeySet> {
    // The reason of a failure stands in the log already.
    let answer = egress
        .get_document(address, MAX_KEY_SET_BYTES + 1)
        .await
        .ok()?;
    let host = address.host();
    if answer.status != 200 {
        tracing::warn!(
            host,
            status = answer.status,
            "a client's jwks_uri gives no keys"
        );
        return None;
    }
    KeySet::read(&answer.body)
        .inspect_err(|bad| tracing::warn!(host, %bad, "the keys of a client can't be used"))
        .ok()
}
