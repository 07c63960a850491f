//! Freshmen by the hundred, as the school's file brings them.

use idp::accounts::import::{ImportOptions, import_people};
use idp_domain::accounts::InitialRule;

use crate::support::Campus;

/// Somebody who has not activated the account.
pub struct Freshman {
    pub number: String,
    /// The last six of the id number.
    pub initial: String,
    pub phone: Option<String>,
}

/// A resident id number of the same region and birth date as all the others: what an attacker
/// must guess are three digits (the check digit follows).
fn id_number(sequence: u32) -> String {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECK: &[u8; 11] = b"10X98765432";
    let body = format!("33010620060917{sequence:03}");
    let sum: u32 = body
        .bytes()
        .zip(WEIGHTS)
        .map(|(digit, weight)| u32::from(digit - b'0') * weight)
        .sum();
    format!("{body}{}", char::from(CHECK[(sum % 11) as usize]))
}

/// The tail of somebody's id number of that day.
pub fn tail(sequence: u32) -> String {
    id_number(sequence)[12..].to_owned()
}

/// Imports so many, every second one with a phone.
pub async fn enrol(campus: &Campus, count: u32) -> Vec<Freshman> {
    let mut file = String::from("number,name,id_number,affiliation,org,phone\n");
    let mut freshmen = Vec::new();
    for n in 0..count {
        let number = format!("2026{n:04}");
        let phone = (n % 2 == 0).then(|| format!("+86139{n:08}"));
        let id = id_number(n + 1);
        let written = phone.clone().unwrap_or_default();
        let fields = [&number, "新生", &id, "student", "计算机学院", &written];
        file.push_str(&fields.join(","));
        file.push('\n');
        freshmen.push(Freshman {
            number,
            initial: tail(n + 1),
            phone,
        });
    }
    let path = campus.parts.config.data.join("freshmen.csv");
    std::fs::write(&path, file).unwrap();
    let app = campus.idp.app();
    let options = ImportOptions::new(InitialRule::Last6, jiff::tz::TimeZone::UTC);
    let mut rng = app.entropy.rng();
    import_people(
        &app.db,
        &app.keys,
        &path,
        &options,
        || app.clock.now(),
        &mut rng,
        &mut |_| {},
    )
    .await
    .unwrap();
    freshmen
}
