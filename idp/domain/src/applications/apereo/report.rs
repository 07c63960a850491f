use std::fmt;

use serde::Serialize;

use crate::applications::ApplicationId;

/// What became of one thing in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// It means the same here.
    Converted,
    /// It was taken over more narrowly, or works in another way here: someone should look.
    Differs,
    /// It has no counterpart, or none that is safe.
    LeftOut,
}

impl Mark {
    fn sign(self) -> &'static str {
        match self {
            Self::Converted => "✓",
            Self::Differs => "!",
            Self::LeftOut => "✗",
        }
    }
}

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub mark: Mark,
    /// In the file, from 1.
    pub line: Option<usize>,
    /// `accessStrategy.requiredAttributes`; empty for the whole entry.
    pub key: String,
    /// What stands there.
    pub value: Option<String>,
    pub says: String,
    /// The nearest that is safe, as one would write it.
    pub instead: Option<String>,
}

/// What became of one registered service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServiceReport {
    pub file: String,
    /// Its name in the registry.
    pub name: Option<String>,
    /// Its numeric id there.
    pub number: Option<i64>,
    /// The entry that was made of it; none where nothing could be.
    pub application: Option<ApplicationId>,
    /// Whether the entry lets anybody in: one that couldn't be kept as strict as it was is closed.
    pub open: bool,
    pub findings: Vec<Finding>,
}

impl ServiceReport {
    /// The worst that was found.
    pub fn mark(&self) -> Mark {
        let worst = self.findings.iter().map(|f| f.mark).max();
        match self.application {
            Some(_) => worst.unwrap_or(Mark::Converted).min(Mark::Differs),
            // Passed over, as it was asked for.
            None if worst == Some(Mark::Converted) => Mark::Converted,
            None => Mark::LeftOut,
        }
    }
}

/// What became of a registry, in the order of its files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    pub services: Vec<ServiceReport>,
}

impl Report {
    /// How many services were converted whole, in part, and not at all.
    pub fn totals(&self) -> (usize, usize, usize) {
        let count = |mark| self.services.iter().filter(|s| s.mark() == mark).count();
        (
            count(Mark::Converted),
            count(Mark::Differs),
            count(Mark::LeftOut),
        )
    }

    /// How many of the converted ones are closed.
    pub fn closed(&self) -> usize {
        let closed = |s: &&ServiceReport| s.application.is_some() && !s.open;
        self.services.iter().filter(closed).count()
    }

    /// Whether nobody has to look at anything.
    pub fn is_whole(&self) -> bool {
        self.services.iter().all(|s| s.mark() == Mark::Converted)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for service in &self.services {
            writeln!(f, "{service}")?;
        }
        let (whole, partly, not) = self.totals();
        writeln!(
            f,
            "{} services: {whole} converted, {partly} converted with remarks, {not} not converted",
            self.services.len()
        )?;
        match self.closed() {
            0 => Ok(()),
            closed => writeln!(
                f,
                "{closed} of the entries are closed (\"enabled\": false) until someone has looked"
            ),
        }
    }
}

impl fmt::Display for ServiceReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.mark().sign(), plain(&self.file))?;
        if let Some(name) = &self.name {
            write!(f, "  {}", plain(name))?;
        }
        match &self.application {
            Some(id) if self.open => writeln!(f, "  → {id}")?,
            Some(id) => writeln!(f, "  → {id} (closed)")?,
            None => writeln!(f)?,
        }
        for finding in &self.findings {
            writeln!(f, "{finding}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "    {} ", self.mark.sign())?;
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", plain(&self.key))?;
        }
        if let Some(value) = &self.value {
            write!(f, "{} — ", plain(value))?;
        }
        write!(f, "{}", plain(&self.says))?;
        if let Some(instead) = &self.instead {
            write!(f, "\n        instead: {}", plain(instead))?;
        }
        Ok(())
    }
}

/// Someone else's text on a terminal: no control characters, and not endless.
fn plain(text: &str) -> String {
    const MOST: usize = 400;
    let cleaned = |c: char| match c {
        '\n' | '\t' => ' ',
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    let mut plain: String = text.chars().take(MOST).map(cleaned).collect();
    if text.chars().nth(MOST).is_some() {
        plain.push('…');
    }
    plain
}
