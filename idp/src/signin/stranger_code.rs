//! What the two pages share that send a code to somebody of whom only a number is known
//! (activation and unlock). Known or not, the same pages come out.

use idp_domain::factors::CodePurpose;
use idp_domain::ids::PersonId;
use idp_domain::secrets::{hash_secret, random_secret};
use themes::pages::CodeEntry;

use crate::cookies::{CookieKind, SetCookie};
use crate::factors::captcha::{self, Answer};
use crate::factors::codes::{self, CodeFlow};
use crate::factors::guard::account_key;
use crate::forgery::Fields;
use crate::refusal::Refusal;
use crate::visit::Visit;

/// Uses the form's captcha up before any other work (SMS-03).
pub async fn passes_captcha(visit: &Visit, form: &Fields) -> Result<bool, Refusal> {
    let answer = Answer {
        id: form.get("captcha_id"),
        text: form.get("captcha"),
    };
    let mut tx = visit.app.db.write().await?;
    let right = captcha::redeem(visit, &mut tx, answer).await?;
    tx.commit().await?;
    Ok(right)
}

/// Gives the browser the cookie under which its code is kept; a former one is worthless then.
pub fn begin(visit: &mut Visit) {
    let secret = random_secret(&mut visit.rng);
    visit.set_cookie(SetCookie::session(CookieKind::Unlock, secret));
}

/// The flow of this browser's code; `None` when it asked for none.
pub fn flow(
    visit: &Visit,
    purpose: CodePurpose,
    number: &str,
    person: Option<PersonId>,
) -> Option<CodeFlow> {
    Some(CodeFlow {
        flow: hash_secret("unlock", visit.cookie(CookieKind::Unlock)?),
        purpose,
        person,
        account: account_key(visit, person, number),
        proved: false,
    })
}

/// What the page shows of a code that was asked for: never the number, not even masked, and never
/// how the delivery went.
pub async fn entry(visit: &Visit, purpose: CodePurpose) -> Result<Option<CodeEntry>, Refusal> {
    let Some(cookie) = visit.cookie(CookieKind::Unlock) else {
        return Ok(None);
    };
    let sent = codes::entry(visit, &hash_secret("unlock", cookie), purpose, false).await?;
    Ok(Some(
        sent.map_or_else(codes::blank_entry, |(entry, _)| entry),
    ))
}
