use idp_domain::applications::ClientKeys;
use idp_domain::oidc::jose::KeySet;

use super::Client;
use crate::visit::Visit;

/// The keys of a client; nothing where there are none to be had, or no `newer` ones.
pub(super) async fn of(
    _: &Visit,
    client: &Client,
    keys: &ClientKeys,
    newer: bool,
) -> Option<KeySet> {
    let read = match keys {
        ClientKeys::Set(_) if newer => return None,
        ClientKeys::Set(text) => KeySet::read(text.as_bytes()),
        ClientKeys::Uri(_) => return None,
    };
    let client_id = &client.side().client_id;
    read.inspect_err(|bad| tracing::warn!(client = %client_id, %bad, "keys of a client"))
        .ok()
}
