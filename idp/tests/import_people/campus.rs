//! A school whose people are imported.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};

use idp::accounts::import::{
    BadLine, Counts, FileError, ImportError, ImportOptions, ImportReport, import_people,
};
use idp_domain::Timestamp;
use idp_domain::accounts::InitialRule;
use idp_domain::ids::PersonId;
use idp_domain::secrets::{Keyring, MasterKey, Use};
use idp_storage::{Db, persons};
use jiff::tz::{Offset, TimeZone};
use migrations::run;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tempfile::TempDir;

/// The example of GB 11643 and others with a right check digit.
pub const ID_A: &str = "11010519491231002X";

pub const ID_B: &str = "440106197701020002";

pub const ID_C: &str = "420111197801010001";

pub const HEADER: &str = "学工号,姓名,证件号,人员类型,性别,部门,手机号,邮箱,生效,失效";

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).unwrap()
}

pub struct Campus<'a> {
    pub db: &'a Db,
    pub keys: Keyring,
    pub folder: TempDir,
    pub options: ImportOptions,
    pub now: Timestamp,
    /// Each import draws other ids.
    pub seed: Cell<u64>,
}

impl<'a> Campus<'a> {
    pub fn new(db: &'a Db) -> Self {
        let shanghai = TimeZone::fixed(Offset::constant(8));
        Self {
            db,
            keys: Keyring::new(&MasterKey::generate(&mut StdRng::seed_from_u64(1))),
            folder: TempDir::new().unwrap(),
            options: ImportOptions::new(InitialRule::Last6, shanghai),
            now: at(0),
            seed: Cell::new(100),
        }
    }

    /// What is sealed opens in its own person's row and nowhere else.
    pub fn open_phone(&self, person: PersonId, sealed: &[u8]) -> String {
        let place = [b"roster.phone".as_slice(), person.0.as_bytes()].concat();
        let elsewhere = [b"roster.phone".as_slice(), &[0; 16]].concat();
        assert!(self.keys.open(Use::Phone, &elsewhere, sealed).is_err());
        self.keys.open_text(Use::Phone, &place, sealed).unwrap()
    }

    pub fn rng(&self) -> StdRng {
        self.seed.set(self.seed.get() + 1);
        StdRng::seed_from_u64(self.seed.get())
    }

    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    pub async fn import_file(&self, path: &Path) -> Result<ImportReport, ImportError> {
        let mut rng = self.rng();
        let clock = || self.now;
        import_people(
            self.db,
            &self.keys,
            path,
            &self.options,
            clock,
            &mut rng,
            &mut |_| {},
        )
        .await
    }

    pub async fn import(&self, content: impl AsRef<[u8]>) -> Result<ImportReport, ImportError> {
        self.import_file(&self.file("people.csv", content)).await
    }

    /// Lines under [`HEADER`].
    pub async fn lines(&self, lines: &str) -> Result<ImportReport, ImportError> {
        self.import(format!("{HEADER}\n{lines}")).await
    }

    pub async fn bad(&self, lines: &str) -> Vec<BadLine> {
        match self.lines(lines).await {
            Err(ImportError::BadLines(report)) => {
                assert_eq!(report.published, None);
                report.bad
            }
            other => panic!("{lines}: {other:?}"),
        }
    }

    pub async fn account(&self, number: &str) -> Option<persons::SignInAccount> {
        let mut conn = self.db.read().await.unwrap();
        persons::for_sign_in(&mut conn, number).await.unwrap()
    }

    pub async fn person(&self, number: &str) -> Option<PersonId> {
        self.account(number).await.map(|account| account.person)
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        let mut conn = self.db.read().await.unwrap();
        run!(conn, c => sqlx::query_scalar(sql).fetch_one(c)).unwrap()
    }

    /// Rows of every table that an import writes.
    pub async fn footprint(&self) -> [i64; 5] {
        [
            self.count("SELECT count(*) FROM imports").await,
            self.count("SELECT count(*) FROM persons").await,
            self.count("SELECT count(*) FROM roster").await,
            self.count("SELECT count(*) FROM org_units").await,
            self.count("SELECT count(*) FROM audit_events").await,
        ]
    }
}

/// Whether an error is the one that was meant.
pub type Expected = fn(&FileError) -> bool;

pub type Columns = (Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>);

pub fn counts(report: &ImportReport) -> Counts {
    report.counts
}
