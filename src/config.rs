//! The configuration of the whole program: one TOML file, `YIMEN_…` variables over it, flags over
//! both. Every value remembers where it was written, so that a refusal names key and place.

mod environment;
mod file;
mod place;
mod portal;
mod reader;
mod settings;
mod show;
mod tree;

use std::path::{Path, PathBuf};

pub(crate) use environment::variables;
pub(crate) use place::Place;
pub(crate) use portal::Portal;
pub(crate) use settings::{Resolved, schema};
pub(crate) use show::lines;

use idp::config::Problem;
use settings::Settings;
use tree::Node;

/// The file that is read from the working directory when none is named.
const USUAL_FILE: &str = "yimen.toml";

/// A configuration that can't be run: one message, by key and place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) struct ConfigError {
    pub(crate) place: Place,
    /// Dotted; empty where the file as a whole is meant.
    pub(crate) key: String,
    pub(crate) reason: String,
}

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = self.place.to_string();
        for part in [place.as_str(), self.key.as_str()] {
            if !part.is_empty() {
                write!(f, "{part}: ")?;
            }
        }
        f.write_str(&self.reason)
    }
}

/// A value given on the command line.
#[derive(Clone, Debug)]
pub(crate) struct Flag {
    pub(crate) name: &'static str,
    /// The key it stands for.
    pub(crate) key: &'static str,
    pub(crate) value: String,
}

/// What a configuration is made of, in rising order of weight.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    /// The named file; without it `yimen.toml` of the working directory, where there is one.
    pub(crate) file: Option<PathBuf>,
    pub(crate) variables: Vec<(String, String)>,
    pub(crate) flags: Vec<Flag>,
    pub(crate) demo: bool,
}

/// A configuration that passed every check, with its origins.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) resolved: Resolved,
    /// The file that was read.
    pub(crate) file: Option<PathBuf>,
    tree: Node,
}

/// Reads, merges and checks.
pub(crate) fn load(sources: &Sources) -> Result<Loaded, ConfigError> {
    let file = sources.file.clone().or_else(usual_file);
    let mut tree = match &file {
        Some(path) => file::read(path)?,
        None => Node::empty(Place::Default),
    };
    environment::overlay(&mut tree, &sources.variables)?;
    for flag in &sources.flags {
        tree.set(
            &flag.key.split('.').collect::<Vec<_>>(),
            &flag.value,
            &Place::Flag(flag.name),
        )?;
    }
    let settings: Settings = reader::read(&tree)?;
    match settings.resolve(sources.demo) {
        Ok(resolved) => Ok(Loaded {
            resolved,
            file,
            tree,
        }),
        Err((key, reason)) => Err(ConfigError {
            place: tree.place_of(&key),
            key,
            reason,
        }),
    }
}

impl Loaded {
    /// What a hall that runs alone needs.
    pub(crate) fn hall(&self) -> anyhow::Result<::portal::Config> {
        let portal = &self.resolved.portal;
        let named = |problem: Problem| ConfigError {
            place: self.tree.place_of(problem.key),
            key: problem.key.to_owned(),
            reason: problem.reason,
        };
        let url = portal.address().map_err(named)?;
        let (issuer, secret) = portal.credentials().map_err(named)?;
        crate::hall::configure(
            &self.resolved,
            &url,
            &issuer,
            &portal.client_id,
            secret.as_str(),
        )
    }
}

fn usual_file() -> Option<PathBuf> {
    let path = Path::new(USUAL_FILE);
    path.exists().then(|| path.to_owned())
}
