use std::sync::Arc;

use idp_domain::applications::ClientKeys;
use idp_domain::oidc::jose::KeySet;

use crate::visit::Visit;

/// The keys of a client: where a key isn't in the set `tried`, another set that may have it;
/// nothing where there is none to be had.
pub(super) async fn of(
    visit: &Visit,
    keys: &ClientKeys,
    tried: Option<&Arc<KeySet>>,
) -> Option<Arc<KeySet>> {
    match keys {
        ClientKeys::Set(_) if tried.is_some() => None,
        ClientKeys::Set(set) => Some(Arc::new(set.clone())),
        ClientKeys::Uri(uri) => {
            let app = &visit.app;
            let (egress, address) = (&app.egress, uri.outbound());
            app.remote_keys.of(egress, address, tried, visit.now).await
        }
    }
}
