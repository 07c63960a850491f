//! Looking at pages in every look, one after the other, and at the end saying what is wrong.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use anyhow::{Result, ensure};

use super::{Browser, Look};

/// Keeps a picture of each page in each look, and notes where a phone would scroll sideways or
/// axe-core finds fault.
#[derive(Debug)]
pub struct Survey {
    pictures: PathBuf,
    /// What is wrong with a page, and in which looks.
    faults: Mutex<BTreeMap<String, Vec<String>>>,
}

impl Survey {
    /// Its pictures go into `pictures`.
    pub fn new(pictures: PathBuf) -> Self {
        Self {
            pictures,
            faults: Mutex::default(),
        }
    }

    /// Looks at the page that is open, which a GET gave. `name` is for pictures and faults.
    pub async fn look_at(&self, browser: &Browser, name: &str) -> Result<()> {
        // Not a reload, which would repeat a POST.
        let address = browser.url().await?;
        for look in Look::all() {
            browser.wear(look).await?;
            browser.open(&address).await?;
            let picture = format!("{name}-{}.png", look.name());
            browser.screenshot(&self.pictures.join(picture)).await?;
            let overflow = browser.overflow().await?;
            if overflow > 0 {
                self.note(format!("{name}: {overflow} px wider than the screen"), look);
            }
            for found in browser.violations().await? {
                self.note(format!("{name}: {found}"), look);
            }
        }
        browser.wear(Look::WIDE).await?;
        browser.open(&address).await
    }

    /// # Errors
    /// What was found, and in which looks.
    pub fn end(&self) -> Result<()> {
        let faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        ensure!(faults.is_empty(), "{faults:#?}");
        Ok(())
    }

    fn note(&self, fault: String, look: Look) {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        faults.entry(fault).or_default().push(look.name());
    }
}
