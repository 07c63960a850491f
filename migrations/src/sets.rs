use sqlx::migrate::Migrator;

/// The migrations of a part that runs alone. Files are paired by number and name:
/// `idp/sqlite/0001_people.sql` ↔ `idp/postgres/0001_people.sql`. A landed file is never edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Set {
    pub name: &'static str,
    pub(crate) version_table: &'static str,
}

/// The identity provider's tables.
pub const IDP: Set = Set {
    name: "idp",
    version_table: "idp_schema_versions",
};

/// The SMS gateway's tables.
pub const SMS: Set = Set {
    name: "sms",
    version_table: "sms_schema_versions",
};

/// The hall's tables.
pub const PORTAL: Set = Set {
    name: "portal",
    version_table: "portal_schema_versions",
};

impl Set {
    pub(crate) fn sqlite(self) -> Migrator {
        self.with_table(match self.name {
            "sms" => sqlx::migrate!("./sms/sqlite"),
            "portal" => sqlx::migrate!("./portal/sqlite"),
            _ => sqlx::migrate!("./idp/sqlite"),
        })
    }

    pub(crate) fn postgres(self) -> Migrator {
        self.with_table(match self.name {
            "sms" => sqlx::migrate!("./sms/postgres"),
            "portal" => sqlx::migrate!("./portal/postgres"),
            _ => sqlx::migrate!("./idp/postgres"),
        })
    }

    fn with_table(self, mut migrator: Migrator) -> Migrator {
        migrator.dangerous_set_table_name(self.version_table);
        migrator
    }

    /// The number of the newest migration that this program knows.
    pub(crate) fn newest(self) -> i64 {
        self.sqlite()
            .iter()
            .map(|migration| migration.version)
            .max()
            .unwrap_or_default()
    }

    /// `(number, name)` of each migration for SQLite and for PostgreSQL, in order.
    pub fn pairs(self) -> [Vec<(i64, String)>; 2] {
        [self.sqlite(), self.postgres()].map(|migrator| {
            migrator
                .iter()
                .map(|m| (m.version, m.description.to_string()))
                .collect()
        })
    }
}
