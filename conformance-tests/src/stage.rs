//! One test on one engine: a folder of its own, and the logs of everything that ran in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::Result;
use tempfile::TempDir;

use crate::binary::crate_folder;
use crate::engine::{Database, Engine};
use crate::process::tail;

#[derive(Debug)]
pub struct Stage {
    pub engine: Engine,
    name: &'static str,
    folder: TempDir,
    logs: Mutex<Vec<PathBuf>>,
    databases: Mutex<Vec<Database>>,
}

/// Plays a test; shows the logs of a failing one.
pub async fn play(
    name: &'static str,
    engine: Engine,
    test: impl AsyncFnOnce(&Stage) -> Result<()>,
) {
    let outcome = match Stage::new(name, engine) {
        Ok(stage) => {
            let outcome = test(&stage).await;
            stage.leave(outcome.is_err()).await;
            outcome
        }
        Err(error) => Err(error),
    };
    if let Err(error) = outcome {
        panic!("{name}: {error:?}");
    }
}

impl Stage {
    pub fn new(name: &'static str, engine: Engine) -> Result<Self> {
        Ok(Self {
            engine,
            name,
            folder: tempfile::Builder::new().prefix("yimen-").tempdir()?,
            logs: Mutex::default(),
            databases: Mutex::default(),
        })
    }

    /// The test's name with its engine.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// A folder that is gone after the test.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A place for the output of a process, shown if the test fails.
    pub fn log(&self, process: &str) -> PathBuf {
        let path = self.folder().join(format!("{process}.log"));
        let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        if !logs.contains(&path) {
            logs.push(path.clone());
        }
        path
    }

    /// What `--database` takes: a fresh database on PostgreSQL, nothing on SQLite, which lies in
    /// the data folder by default.
    pub async fn database(&self) -> Result<Option<String>> {
        if self.engine == Engine::Sqlite {
            return Ok(None);
        }
        let database = Database::create().await?;
        let url = database.url();
        let mut databases = self
            .databases
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        databases.push(database);
        Ok(Some(url))
    }

    /// A folder that outlives the test, for people to look at: `out/` of this crate.
    pub fn keepsakes(&self, folder: &str) -> Result<PathBuf> {
        let path = crate_folder().join("out").join(folder);
        fs::create_dir_all(&path)?;
        Ok(path)
    }

    #[expect(clippy::print_stderr, reason = "what a failing test shows")]
    fn show_logs(&self) {
        for log in self
            .logs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
        {
            eprintln!("{}", tail(log));
        }
    }

    /// The end: shows the logs of what failed and removes the databases; the folder goes by
    /// itself.
    #[expect(
        clippy::print_stderr,
        reason = "a database left behind is worth a word"
    )]
    pub async fn leave(&self, failed: bool) {
        if failed {
            self.show_logs();
        }
        let databases = {
            let mut databases = self
                .databases
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *databases)
        };
        for database in databases {
            if let Err(error) = database.drop_now().await {
                eprintln!("{database:?} stays: {error}");
            }
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // An assertion left the test, not its result.
        if thread::panicking() {
            self.show_logs();
        }
    }
}
