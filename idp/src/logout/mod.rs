//! Single logout, of whichever protocol: who is told of the end of a session, what came of it, and
//! what the person sees of that. The registry of now decides, not the one of the sign-in: nobody
//! is asked who isn't registered any more (TKT-08, XML-06).
//!
//! What an application is told, and where, its protocol says: a [`Protocol`], found by the word in
//! the grant, so that neither knows of the other.

mod browser;
mod delivery;
mod ledger;
mod page;

use std::sync::Arc;

use idp_domain::applications::{Application, ApplicationId, OutboundUrl, Registry};
use idp_storage::logouts::Notice;
use jiff::Timestamp;
use url::Url;

pub use delivery::deliver;
pub use page::{Onward, look, look_switched, sign_out, switch};

use crate::app::App;
use crate::egress::Answer;

/// How a protocol tells its applications of a logout.
#[derive(Debug)]
pub struct Protocol {
    /// Who delivers a notice, by the registry of now.
    pub channel: fn(&Registry, &Notice) -> Channel,
    /// What is said, as fields of a form or behind the query of the browser's address; nothing
    /// when it can't be made, which is a defect.
    pub words: fn(&App, &Registry, &Notice, &Channel, Timestamp) -> Option<Words>,
    /// Whether an application may want to be told by the browser, whatever the rest of a notice
    /// says.
    pub by_browser: fn(&Application) -> bool,
    /// Whether an answer that is no success shows that the application has the notice all the
    /// same; the last is our issuer.
    pub is_told: fn(&OutboundUrl, &Answer, &Url) -> bool,
}

/// Names and values.
pub type Words = Vec<(&'static str, String)>;

/// Who delivers a notice.
#[derive(Debug)]
pub enum Channel {
    /// Our server, to this address.
    Back(OutboundUrl),
    /// The person's browser, in a frame.
    Front(OutboundUrl),
    /// Nobody, and why.
    None(&'static str),
}

/// The protocol of a grant, by its word. Set once by `lib.rs`, the only place that knows every
/// protocol.
pub type Protocols = fn(&str) -> Option<&'static Protocol>;

fn channel(app: &App, registry: &Registry, notice: &Notice) -> Channel {
    match (app.protocols)(&notice.protocol) {
        Some(protocol) => (protocol.channel)(registry, notice),
        None => Channel::None("unknown_protocol"),
    }
}

fn words(
    app: &App,
    registry: &Registry,
    notice: &Notice,
    channel: &Channel,
    now: Timestamp,
) -> Option<Words> {
    let protocol = (app.protocols)(&notice.protocol)?;
    (protocol.words)(app, registry, notice, channel, now)
}

/// The application of a notice, if it still is one.
pub fn application(registry: &Registry, id: &str) -> Option<Arc<Application>> {
    let id = ApplicationId::parse(id).ok()?;
    registry.get(&id).cloned()
}
