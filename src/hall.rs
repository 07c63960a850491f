//! The hall beside the identity provider, which knows it as an entry like any other.

use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use axum::http::HeaderMap;
use idp::config::{Issuer, household};
use idp::{Clock, Entropy, applications};
use idp_domain::applications::ApplicationId;
use idp_domain::secrets::{Keyring, Use};
use idp_storage::applications as entries;
use migrations::Db;
use portal::{
    Ambient, BACKCHANNEL, CALLBACK, Client, ClientSecret, Clients, Hall, HallKey, HallParts, SCOPES,
};
use serde_json::{Value, json};
use themes::Themes;

use crate::config::{self, Resolved};
use crate::node;
use crate::serve::{Crowd, Listener, acceptor};

/// What the provider tells the hall; what may be told at all is the registry's rule.
const RELEASE: [&str; 7] = [
    "name",
    "number",
    "numbers",
    "affiliation",
    "org",
    "email",
    "phone",
];

/// The hall's own key, for a master key or for a key of the hall's own.
pub(crate) fn key(keys: &Keyring) -> HallKey {
    HallKey::new(keys.mac(Use::HallSecret, &[b"key"]).0)
}

/// What the hall shows to the provider under `yimen up`: nobody has to write it anywhere.
fn client_secret(keys: &Keyring) -> String {
    keys.mac(Use::HallSecret, &[b"client"]).to_hex()
}

/// Time and randomness, as the identity provider has them.
pub(crate) fn ambient(clock: &Clock, entropy: &Entropy) -> Ambient {
    let (clock, entropy) = (clock.clone(), entropy.clone());
    Ambient::new(move || clock.now(), move || entropy.rng())
}

/// Whom it takes for one client, and how often each may ask: as the identity provider does.
pub(crate) fn clients(config: &idp::config::Config) -> Clients {
    let proxies = config.server.trusted_proxies.clone();
    let limits = &config.limits;
    let campus = limits.campus_networks.clone();
    let of = move |peer, headers: &HeaderMap| {
        let address = proxies.client_behind(peer, headers);
        Client {
            network: household(address),
            is_campus: campus.contains(address),
        }
    };
    Clients::new(
        of,
        limits.stranger_per_minute.get(),
        limits.campus_per_minute.get(),
    )
}

/// What both kinds of hall have in common.
pub(crate) fn configure(
    resolved: &Resolved,
    url: &Issuer,
    issuer: &Issuer,
    client_id: &str,
    secret: &str,
) -> anyhow::Result<portal::Config> {
    let ca_file = resolved.portal.ca_file.as_ref();
    let authorities = ca_file
        .map(|file| {
            std::fs::read(file).with_context(|| format!("portal.ca_file: {}", file.display()))
        })
        .transpose()?;
    Ok(portal::Config {
        url: url.url().clone(),
        issuer: issuer.as_str().to_owned(),
        client_id: client_id.to_owned(),
        client_secret: ClientSecret::new(secret),
        authorities,
        life: resolved.idp.session.lifetime(),
        idle: resolved.idp.session.idle(),
        patience: portal::Config::PATIENCE,
        demo: resolved.idp.demo,
    })
}

/// A hall to be served beside the provider, once that has its themes.
pub(crate) struct PreparedHall {
    config: portal::Config,
    keys: config::Portal,
    key: HallKey,
    ambient: Ambient,
    clients: Clients,
    db: Db,
}

/// A hall whose address is taken.
pub(crate) struct ServedHall {
    pub(crate) hall: Hall,
    pub(crate) db: Db,
    pub(crate) listener: Listener,
}

impl PreparedHall {
    /// Registers the hall at the provider and gathers what it is made of; none where the
    /// configuration has no hall.
    pub(crate) async fn new(parts: &node::Parts, db: Db) -> anyhow::Result<Option<Self>> {
        let resolved = &parts.config;
        let Some(url) = &resolved.hall else {
            return Ok(None);
        };
        if let Err(error) = register(parts, url).await {
            // Sign-in must not stop for the hall; its pages say that it isn't known.
            tracing::error!(
                error = format!("{error:#}"),
                "the hall can't sign anybody in"
            );
        }
        let issuer = &resolved.idp.server.issuer;
        let secret = client_secret(&parts.keys);
        let id = portal::Config::CLIENT_ID;
        let mut config = configure(resolved, url, issuer, id, &secret)?;
        if config.authorities.is_none()
            && let Some(file) = &resolved.idp.egress.ca_file
        {
            config.authorities = Some(std::fs::read(file).context("egress.ca_file")?);
        }
        Ok(Some(Self {
            config,
            keys: resolved.portal.clone(),
            key: key(&parts.keys),
            ambient: ambient(&parts.clock, &parts.entropy),
            clients: clients(&resolved.idp),
            db,
        }))
    }

    /// Takes the address. Beside it: what the management listener says of the hall.
    pub(crate) async fn start(
        self,
        themes: Arc<Themes>,
        crowd: Crowd,
    ) -> anyhow::Result<(ServedHall, Router)> {
        let hall = Hall::start(HallParts {
            config: self.config,
            db: self.db.clone(),
            key: self.key,
            themes,
            ambient: self.ambient,
            clients: self.clients,
        })
        .await
        .context("the hall")?;
        let tls = self.keys.tls.as_ref().map(acceptor).transpose()?;
        let router = hall.router();
        let listener =
            Listener::bind("portal.listen", self.keys.listen, tls, crowd, router).await?;
        let readiness = hall.readiness();
        let served = ServedHall {
            hall,
            db: self.db,
            listener,
        };
        Ok((served, readiness))
    }
}

/// Brings the entry of the hall into the registry where it is missing, and its addresses into step
/// with the configuration; everything else of it is an administrator's.
///
/// # Errors
/// When the registry can't be written, or holds something else under the hall's name.
async fn register(parts: &node::Parts, url: &Issuer) -> anyhow::Result<()> {
    let demo = parts.config.idp.demo;
    let addresses = addresses(url, demo);
    let mut tx = parts.db.write().await?;
    let id = ApplicationId::parse(portal::Config::CLIENT_ID)?;
    let entry = match entries::find(&mut tx, &id).await? {
        None => fresh(&addresses, &client_secret(&parts.keys)),
        Some(stored) => match in_step(&stored.entry, &addresses) {
            Some(entry) => entry,
            None => return Ok(()),
        },
    };
    let (now, mut rng) = (parts.clock.now(), parts.entropy.rng());
    let here = applications::Here {
        issuer: parts.config.idp.server.issuer.as_str(),
        demo,
    };
    applications::import(&mut tx, &entry.to_string(), here, now, &mut rng)
        .await
        .context("the hall's entry in the registry")?;
    Ok(tx.commit().await?)
}

/// The keys of the entry's `oidc` side that follow from the hall's address.
fn addresses(url: &Issuer, demo: bool) -> Vec<(&'static str, Value)> {
    let at = |path: &str| json!(format!("{}{path}", url.as_str()));
    let mut addresses = vec![
        ("redirect_uris", json!([at(CALLBACK)])),
        ("post_logout_redirect_uris", json!([at("/")])),
    ];
    if url.is_loopback() && !demo {
        // Outside of a demonstration, programs on the visitor's own machine alone may have such an
        // address, and our server tells nothing to its own machine: the hall learns of a sign-out
        // when it renews its tokens.
        addresses.push(("application_type", json!("native")));
        addresses.push(("backchannel_logout_uri", Value::Null));
        addresses.push(("backchannel_logout_session_required", Value::Null));
    } else {
        addresses.push(("application_type", json!("web")));
        addresses.push(("backchannel_logout_uri", at(BACKCHANNEL)));
        addresses.push(("backchannel_logout_session_required", json!(true)));
    }
    addresses
}

fn fresh(addresses: &[(&'static str, Value)], secret: &str) -> Value {
    let mut oidc = json!({
        "client_secret": secret,
        "token_endpoint_auth_method": "client_secret_basic",
        "grant_types": ["authorization_code", "refresh_token"],
        "scopes": SCOPES,
        "consent": "implicit",
    });
    lay(&mut oidc, addresses);
    json!({
        "id": portal::Config::CLIENT_ID,
        "name": {"zh-CN": "网上办事大厅", "en": "Service Hall"},
        "oidc": oidc,
        "release": RELEASE,
    })
}

/// The entry with these addresses; none where it has them already.
fn in_step(stored: &Value, addresses: &[(&'static str, Value)]) -> Option<Value> {
    let mut entry = stored.clone();
    let oidc = entry.get_mut("oidc")?;
    lay(oidc, addresses);
    (entry != *stored).then_some(entry)
}

fn lay(oidc: &mut Value, addresses: &[(&'static str, Value)]) {
    let Some(oidc) = oidc.as_object_mut() else {
        return;
    };
    for (key, value) in addresses {
        if value.is_null() {
            oidc.remove(*key);
        } else {
            oidc.insert((*key).to_owned(), value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(url: &str, demo: bool) -> (Value, Vec<(&'static str, Value)>) {
        let addresses = addresses(&url.parse().unwrap(), demo);
        (fresh(&addresses, "0123456789abcdef"), addresses)
    }

    #[test]
    fn an_entry_follows_the_address_and_nothing_else() {
        let (mut entry, here) = stored("http://localhost:8090", true);
        assert_eq!(in_step(&entry, &here), None);
        entry["access"] = json!({"affiliations": ["student"]});
        entry["release"] = json!(["name"]);
        let (_, moved) = stored("https://hall.example.edu", false);
        let after = in_step(&entry, &moved).unwrap();
        assert_eq!(
            after["oidc"]["redirect_uris"],
            json!(["https://hall.example.edu/signin/callback"])
        );
        assert_eq!(
            after["oidc"]["backchannel_logout_uri"],
            "https://hall.example.edu/signin/backchannel"
        );
        assert_eq!(after["release"], entry["release"]);
        assert_eq!(after["access"], entry["access"]);
        assert_eq!(in_step(&after, &moved), None);
    }

    #[test]
    fn on_loopback_outside_of_a_demonstration_there_is_no_back_channel() {
        let (entry, _) = stored("http://localhost:8090", false);
        assert_eq!(entry["oidc"]["application_type"], "native");
        assert_eq!(entry["oidc"].get("backchannel_logout_uri"), None);
    }

    #[test] // NET-02
    fn the_hall_knows_its_clients_as_the_provider_does() {
        let mut config = idp::config::Config::default();
        config.server.trusted_proxies = "10.0.0.2".parse().unwrap();
        config.limits.campus_networks = "192.0.2.0/24".parse().unwrap();
        let clients = clients(&config);
        let of = |peer: &str, forwarded: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", forwarded.parse().unwrap());
            let client = clients.client(peer.parse().unwrap(), &headers);
            (client.network.to_string(), client.is_campus)
        };
        let pair = |network: &str, is_campus| (network.to_owned(), is_campus);
        assert_eq!(of("10.0.0.2", "192.0.2.7"), pair("192.0.2.7", true));
        // Whoever isn't our proxy tells nothing.
        assert_eq!(of("10.0.0.3", "192.0.2.7"), pair("10.0.0.3", false));
        assert_eq!(of("10.0.0.2", "2001:db8::5:6"), pair("2001:db8::", false));
    }

    #[test]
    fn a_schools_own_hall_is_left_alone() {
        let (_, here) = stored("http://localhost:8090", true);
        let other = json!({"id": "hall", "cas": {"services": ["https://hall.example.edu/*"]}});
        assert_eq!(in_step(&other, &here), None);
    }
}
