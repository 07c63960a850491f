use serde::{Deserialize, Serialize};

use super::texts;
use crate::applications::{AccessPolicy, TimeWindow, day_word};

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct EntryAccess {
    #[serde(default)]
    pub(in super::super) affiliations: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in super::super) org_units: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in super::super) groups: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in super::super) states: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) until: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in super::super) times: Vec<EntryWindow>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct EntryWindow {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) days: Option<Vec<String>>,
    pub(in super::super) from: String,
    pub(in super::super) to: String,
}

impl EntryAccess {
    pub(super) fn of(policy: &AccessPolicy) -> Self {
        Self {
            affiliations: texts(&policy.affiliations),
            org_units: texts(&policy.org_units),
            groups: texts(&policy.groups),
            states: policy
                .states
                .iter()
                .map(|s| s.as_str().to_owned())
                .collect(),
            from: policy.from.as_ref().map(ToString::to_string),
            until: policy.until.as_ref().map(ToString::to_string),
            times: policy.times.iter().map(EntryWindow::of).collect(),
        }
    }
}

impl EntryWindow {
    fn of(window: &TimeWindow) -> Self {
        let days: Vec<_> = window
            .days
            .iter()
            .map(|d| day_word(*d).to_owned())
            .collect();
        Self {
            days: (!days.is_empty()).then_some(days),
            from: window.from.to_string(),
            to: window.to.to_string(),
        }
    }
}
