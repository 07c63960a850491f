use std::sync::Arc;

use idp_domain::applications::ClientKeys;
use idp_domain::oidc::jose::KeySet;

use crate::visit::Visit;

/// The keys of a client; nothing where there are none to be had, or no `newer` ones.
pub(super) async fn of(visit: &Visit, keys: &ClientKeys, newer: bool) -> Option<Arc<KeySet>> {
    match keys {
        ClientKeys::Set(_) if newer => None,
        ClientKeys::Set(set) => Some(Arc::new(set.clone())),
        ClientKeys::Uri(uri) => {
            let app = &visit.app;
            let (egress, address) = (&app.egress, uri.outbound());
            app.remote_keys.of(egress, address, newer, visit.now).await
        }
    }
}
