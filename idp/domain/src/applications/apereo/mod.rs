//! A service registry of Apereo CAS as entries of ours, and a report of what became of each line.
//!
//! No entry accepts an address that its `serviceId`, read as a match of the whole address, doesn't
//! (but for ways to write the same address), lets in somebody who was kept out, or tells more about
//! people. What can't be said so is left out, or the entry closed, and the report says which.

mod access;
mod attributes;
mod charset;
mod claim;
mod client;
mod document;
mod expand;
mod expression;
mod hjson;
mod ids;
mod moment;
mod notes;
mod order;
mod pattern;
mod places;
mod release;
mod report;
mod service;
mod settings;
mod sides;
#[cfg(test)]
mod tests;
mod values;

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde_json::Value;

pub use attributes::AttributeNames;
pub use document::SourceFile;
pub use report::{Finding, Mark, Report, ServiceReport};

use super::Application;
use document::Document;
use places::Places;
use service::{Draft, Kind};

/// What a conversion goes by.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// What the old server's attributes mean.
    pub names: &'a AttributeNames,
    /// The school's zone.
    pub zone: &'a TimeZone,
    /// Services of other environments than these are passed over; of all where none is named.
    pub environments: &'a [String],
    /// Accept what only a demonstration may have.
    pub demo: bool,
}

/// A registry in our terms.
#[derive(Clone, Debug, Default)]
pub struct Conversion {
    /// Entries as `yimen import applications` reads them, in the order of the files.
    pub entries: Vec<Value>,
    pub report: Report,
}

/// Converts the files of a registry.
pub fn convert(files: &[SourceFile], options: Options) -> Conversion {
    let mut reports: Vec<(usize, ServiceReport)> = Vec::new();
    let mut documents: Vec<(usize, Document)> = Vec::new();
    let mut place = 0;
    for file in files {
        match document::read(file) {
            Ok(read) => {
                for document in read {
                    documents.push((place, document));
                    place += 1;
                }
            }
            Err(unreadable) => {
                let mut finding = refusal(unreadable.problem);
                finding.line = unreadable.line;
                reports.push((place, passed_over(file.name.clone(), None, None, finding)));
                place += 1;
            }
        }
    }
    let documents = unambiguous(documents, &mut reports);
    let (mut places, mut drafts) = (Vec::new(), Vec::new());
    for (place, document) in documents {
        if let Some(finding) = refused(&document, options) {
            let (name, number) = (service::name(&document), service::number(&document));
            let report = passed_over(document.file, Some(name), number, finding);
            reports.push((place, report));
        } else {
            places.push(place);
            drafts.push(service::convert(&document, options));
        }
    }
    order::settle(&mut drafts);
    let ids = ids::assign(&drafts);
    let mut entries = Vec::new();
    for ((place, draft), id) in places.into_iter().zip(drafts).zip(ids) {
        let (entry, report) = finish(draft, id, options.demo);
        entries.extend(entry.map(|entry| (place, entry)));
        reports.push((place, report));
    }
    reports.sort_by_key(|(place, _)| *place);
    Conversion {
        entries: entries.into_iter().map(|(_, entry)| entry).collect(),
        report: Report {
            services: reports.into_iter().map(|(_, report)| report).collect(),
        },
    }
}

fn refusal(says: impl Into<String>) -> Finding {
    Finding {
        mark: Mark::LeftOut,
        line: None,
        key: String::new(),
        value: None,
        says: says.into(),
        instead: None,
    }
}

fn passed_over(
    file: String,
    name: Option<String>,
    number: Option<i64>,
    finding: Finding,
) -> ServiceReport {
    ServiceReport {
        file,
        name,
        number,
        application: None,
        open: false,
        findings: vec![finding],
    }
}

/// Leaves out services with one numeric id: the old server loaded one of them, by chance.
fn unambiguous(
    documents: Vec<(usize, Document)>,
    reports: &mut Vec<(usize, ServiceReport)>,
) -> Vec<(usize, Document)> {
    let mut files: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for (_, document) in &documents {
        if let Some(number) = service::number(document) {
            files.entry(number).or_default().push(document.file.clone());
        }
    }
    let mut kept = Vec::new();
    for (place, document) in documents {
        let number = service::number(&document);
        let others: Vec<&str> = number
            .and_then(|number| files.get(&number))
            .into_iter()
            .flatten()
            .filter(|file| **file != document.file)
            .map(String::as_str)
            .collect();
        if others.is_empty() {
            kept.push((place, document));
            continue;
        }
        let mut finding = refusal(format!(
            "{} has the same id; the old server loaded one of them, and which is chance",
            others.join(", ")
        ));
        finding.line = document.places.line(&["id"]);
        "id".clone_into(&mut finding.key);
        finding.value = number.map(|number| number.to_string());
        finding.instead = Some("an id of its own for each, or only the one that counts".into());
        let name = service::name(&document);
        reports.push((
            place,
            passed_over(document.file, Some(name), number, finding),
        ));
    }
    kept
}

/// Why a service isn't converted at all.
fn refused(document: &Document, options: Options) -> Option<Finding> {
    let at = |finding: Finding, key: &str, places: &Places| Finding {
        line: places.line(&[key]),
        key: key.to_owned(),
        ..finding
    };
    let value = &document.value;
    let class = || Some(document::class(value).to_owned()).filter(|c| !c.is_empty());
    let says = match Kind::of(value) {
        Kind::Cas | Kind::Oidc if settings::is_elsewhere(value, options.environments) => {
            let mut finding = refusal("is for other environments than those that were asked for");
            finding.mark = Mark::Converted;
            finding.value = Some(document::texts(&value["environments"]).join(", "));
            return Some(at(finding, "environments", &document.places));
        }
        Kind::Cas | Kind::Oidc => return None,
        Kind::Other(protocol) => {
            format!("speaks {protocol}; such services aren't converted")
        }
        Kind::Unknown => "is no class of service that is known here".to_owned(),
    };
    let mut finding = refusal(says);
    finding.value = class();
    Some(at(finding, "@class", &document.places))
}

/// The entry, if it is one that can be imported, and the last of its report.
fn finish(draft: Draft, id: Option<String>, demo: bool) -> (Option<Value>, ServiceReport) {
    if let Some(says) = draft.nothing_left() {
        let mut report = draft.report();
        report.findings.push(refusal(says));
        return (None, report);
    }
    let Some(id) = id else {
        let mut report = draft.report();
        let says = "has neither a name in Latin letters nor a numeric id, so no id can be made";
        report.findings.push(refusal(says));
        return (None, report);
    };
    let entry = draft.to_json(&id);
    let mut report = draft.report();
    match Application::from_json(&entry, demo) {
        Ok(application) => {
            report.application = Some(application.id);
            (Some(entry), report)
        }
        Err(problems) => {
            let mut finding = refusal(problems.to_string().replace('\n', "; "));
            finding.instead = Some("import it from a file of its own, corrected".into());
            report.findings.push(finding);
            (None, report)
        }
    }
}
