use serde::{Deserialize, Serialize};

use super::texts;
use crate::applications::{CasSide, LogoutChannel, LogoutRule};

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct EntryCas {
    pub(in super::super) services: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in super::super) opaque_services: Vec<String>,
    #[serde(default)]
    pub(in super::super) plain_http: bool,
    #[serde(default)]
    pub(in super::super) spa_fragment: bool,
    #[serde(default)]
    pub(in super::super) require_fresh: bool,
    #[serde(default)]
    pub(in super::super) logout: EntryLogout,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) proxy: Option<EntryProxy>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) rest: Option<EntryRest>,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct EntryLogout {
    #[serde(default)]
    pub(in super::super) channel: LogoutChannel,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) url: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct EntryProxy {
    #[serde(default)]
    pub(in super::super) callbacks: Vec<String>,
    #[serde(default)]
    pub(in super::super) targets: Vec<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct EntryRest {
    pub(in super::super) networks: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) key_sha256: Option<String>,
}

impl EntryCas {
    pub(super) fn of(cas: &CasSide) -> Self {
        let opaque = cas.opaque_services.iter();
        Self {
            services: texts(&cas.services),
            opaque_services: opaque.map(|service| service.as_str().to_owned()).collect(),
            plain_http: cas.plain_http,
            spa_fragment: cas.spa_fragment,
            require_fresh: cas.require_fresh,
            logout: EntryLogout::of(&cas.logout),
            proxy: cas.proxy.as_ref().map(|proxy| EntryProxy {
                callbacks: proxy
                    .callbacks
                    .iter()
                    .map(|c| c.as_str().to_owned())
                    .collect(),
                targets: texts(&proxy.targets),
            }),
            rest: cas.rest.as_ref().map(|rest| EntryRest {
                networks: texts(&rest.networks),
                key_sha256: rest.key_sha256.map(|hash| hash.to_hex()),
            }),
        }
    }
}

impl EntryLogout {
    fn of(rule: &LogoutRule) -> Self {
        Self {
            channel: rule.channel,
            url: rule.url.as_ref().map(|url| url.as_str().to_owned()),
        }
    }
}
