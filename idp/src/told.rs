//! What is known of a person, read as far as an application is told of it.

use idp_domain::applications::{Facts, ReleasedAttribute};
use idp_domain::ids::PersonId;
use idp_domain::secrets::{Keyring, Unsealable};
use idp_domain::signin::{HeldNumber, Holder};
use idp_storage::persons::{self, SchoolData};
use migrations::Conn;

use crate::accounts::sealed;
use crate::factors::phones;
use crate::refusal::Refusal;
use crate::visit::Visit;

/// The facts about a person whom an application knows by `number`. What is sealed is opened where
/// it `needs` it.
pub async fn facts<'a>(
    visit: &Visit,
    conn: &mut Conn,
    holder: &'a Holder,
    number: &'a HeldNumber,
    needs: impl Fn(ReleasedAttribute) -> bool,
) -> Result<Facts<'a>, Refusal> {
    let mut facts = Facts {
        holder,
        number,
        email: None,
        phone: None,
        address: None,
        now: visit.now,
    };
    let (keys, person) = (&visit.app.keys, holder.person);
    // A probe has none of these.
    if holder.is_probe() {
        return Ok(facts);
    }
    if needs(ReleasedAttribute::Phone) {
        let bound = phones::bound(conn, keys, person).await?;
        facts.phone = bound.map(|phone| phone.as_str().to_owned());
    }
    if needs(ReleasedAttribute::Email) || needs(ReleasedAttribute::Address) {
        let school = persons::school_data(conn, person).await?;
        let email = |data: &SchoolData| data.email_enc.clone();
        let address = |data: &SchoolData| data.address_enc.clone();
        facts.email = newest(&school, email, keys, person, sealed::open_email)?;
        facts.address = newest(&school, address, keys, person, sealed::open_address)?;
    }
    Ok(facts)
}

/// What the school gave last.
fn newest(
    school: &[SchoolData],
    column: impl Fn(&SchoolData) -> Option<Vec<u8>>,
    keys: &Keyring,
    person: PersonId,
    open: fn(&Keyring, PersonId, &[u8]) -> Result<String, Unsealable>,
) -> Result<Option<String>, Unsealable> {
    let sealed = school.iter().find_map(column);
    sealed.map(|sealed| open(keys, person, &sealed)).transpose()
}
