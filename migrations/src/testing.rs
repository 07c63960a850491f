//! Databases for tests, on both engines: `YIMEN_TEST_POSTGRES` names a PostgreSQL server whose
//! role may create databases; SQLite needs nothing.
