//! What an application may know: asked, listed, taken back; and one's own account.

use serde::Serialize;

use super::{Form, Names};

/// `/signin/hop`: whether an application may learn what it asks for. `decision` is `allow` or
/// `deny`.
#[derive(Clone, Debug, Serialize)]
pub struct Consent {
    pub form: Form,
    pub application: Names,
    /// Whom to ask about this application; none: the service desk.
    pub contact: Option<Names>,
    /// `https://lib.example.edu`: where the answer goes, for people who look twice.
    pub origin: String,
    /// Empty: that it is she, and nothing more.
    pub items: Vec<ConsentItem>,
    pub name: String,
    pub number: String,
    /// Her answer counts next time too, until she takes it back.
    pub remembered: bool,
    /// `WDJB-MJHT`: it is a device that would be let in, and shows this.
    pub device: Option<String>,
}

/// One thing that an application would learn, or may do.
#[derive(Clone, Debug, Serialize)]
pub struct ConsentItem {
    /// `name`, `number`, `numbers`, `affiliation`, `org`, `groups`, `email`, `phone`, `address`,
    /// `offline`, `scope`.
    pub kind: String,
    /// As it would be told, masked where it is nobody else's business; a scope's name.
    pub values: Vec<String>,
    /// How many more there are.
    pub more: u32,
}

/// `/signin/hop`: the application wants to know by which account she goes on (OpenID Connect Core
/// §3.1.2.1 `select_account`).
#[derive(Clone, Debug, Serialize)]
pub struct SelectAccount {
    /// Goes on as she is.
    pub form: Form,
    pub application: Names,
    pub name: String,
    pub number: String,
    /// Signs out, and in as somebody else.
    pub other: String,
}

/// `/account/consents`
#[derive(Clone, Debug, Serialize)]
pub struct Consents {
    pub rows: Vec<ConsentRow>,
    /// What we ended ourselves, lately.
    pub ended: Vec<EndedAccess>,
    /// One was just taken back.
    pub withdrawn: bool,
    /// One's account.
    pub back: String,
}

/// Access that we ended, since its key came twice, as it does when it was copied.
#[derive(Clone, Debug, Serialize)]
pub struct EndedAccess {
    pub application: Names,
    /// `2026-11-21 13:05`
    pub at: String,
}

/// An application that was allowed to know something, or has access while she isn't there.
#[derive(Clone, Debug, Serialize)]
pub struct ConsentRow {
    /// Takes it back; a form for each.
    pub form: Form,
    pub application: Names,
    /// The application is registered no more.
    pub gone: bool,
    pub items: Vec<ConsentItem>,
    /// When she allowed it, `2026-11-21 13:05`; none: the university did.
    pub since: Option<String>,
    /// The last used first.
    pub access: Vec<OfflineAccess>,
}

/// Access that goes on while she isn't there. Times as `2026-11-21 13:05`.
#[derive(Clone, Debug, Serialize)]
pub struct OfflineAccess {
    pub since: String,
    pub used: String,
    /// When it ends by itself, at the latest.
    pub until: String,
}

/// `/account`: who is signed in, and what there is to see.
#[derive(Clone, Debug, Serialize)]
pub struct Account {
    pub name: String,
    pub number: String,
    /// Clock times of the school's zone, `2026-11-21 13:05`.
    pub since: String,
    pub until: String,
    /// Posts to the sign-out.
    pub sign_out: Form,
    /// 切换账号
    pub switch: Form,
    pub consents: String,
}
