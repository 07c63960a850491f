use serde::{Deserialize, Serialize};

use crate::applications::{Listing, Names};

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct EntryListed {
    pub(in super::super) url: String,
    pub(in super::super) category: Names,
    pub(in super::super) description: Names,
}

impl EntryListed {
    pub(super) fn of(listing: &Listing) -> Self {
        Self {
            url: listing.url.as_str().to_owned(),
            category: listing.category.clone(),
            description: listing.description.clone(),
        }
    }
}
