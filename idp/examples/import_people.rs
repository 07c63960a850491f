//! Imports a file of people into a database and says how long it took: the figures of
//! `docs/import-people.md`. The master key is made up, so never import into a real database.
//!
//! ```sh
//! /usr/bin/time -v cargo run --release -p idp --example import_people -- people.csv sqlite:///tmp/x.db
//! ```
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program of its own: it prints, and its clock is the machine's"
)]

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use idp::accounts::import::{ImportOptions, import_people};
use idp_domain::Timestamp;
use idp_domain::accounts::InitialRule;
use idp_domain::secrets::{Keyring, MasterKey};
use jiff::tz::TimeZone;
use migrations::{Db, IDP, OpenOptions};
use rand::SeedableRng;
use rand::rngs::StdRng;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [file, url, flags @ ..] = words.as_slice() else {
        return Err("usage: import_people FILE DATABASE [--dry-run] [--reassign]".into());
    };
    let has = |flag: &str| flags.iter().any(|f| f == flag);
    let db = Db::open(url, &OpenOptions::default()).await?;
    db.migrate(IDP).await?;
    // The same key at each run, so that a second import finds what the first one wrote.
    let mut rng = StdRng::seed_from_u64(1);
    let keys = Keyring::new(&MasterKey::generate(&mut rng));
    let mut rng = StdRng::try_from_rng(&mut rand::rngs::SysRng)?;

    let mut options = ImportOptions::new(InitialRule::Last6, TimeZone::UTC);
    options.dry_run = has("--dry-run");
    options.reassign = has("--reassign");
    let began = Instant::now();
    let report = import_people(
        &db,
        &keys,
        Path::new(file),
        &options,
        Timestamp::now,
        &mut rng,
        &mut |_| {},
    )
    .await?;
    println!("{}: {report}", report.kind);
    println!(
        "{} warnings, import {:?}, {:.1?}",
        report.warnings.len(),
        report.published,
        began.elapsed()
    );
    Ok(())
}
