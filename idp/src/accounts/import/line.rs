//! One line of a file: every cell checked, every fault told.

use std::collections::HashMap;
use std::sync::Arc;

use idp_domain::Timestamp;
use idp_domain::accounts::{
    AccountNumber, AdmissionNumber, Affiliation, EmailAddress, IdKind, IdNumber, InitialRule,
    OrgPath, PersonName, PhoneNumber, PostalAddress, Sex,
};
use idp_domain::secrets::{Keyring, Tag, Use};
use idp_domain::signin::PROBE_NUMBER;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::cell::{Cell, Row};
use super::column::{Column, Header};
use super::report::BadLine;

/// What a good line says of a person.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) line: u64,
    pub(super) number: AccountNumber,
    pub(super) display_number: String,
    pub(super) name: PersonName,
    pub(super) id_number: Option<IdNumber>,
    pub(super) affiliation: Affiliation,
    pub(super) sex: Option<Sex>,
    /// Shared by all the people of a unit.
    pub(super) org: Option<Arc<OrgPath>>,
    pub(super) phone: Option<PhoneNumber>,
    pub(super) email: Option<EmailAddress>,
    pub(super) address: Option<PostalAddress>,
    pub(super) admission: Option<AdmissionNumber>,
    pub(super) valid_from: Option<Timestamp>,
    pub(super) valid_until: Option<Timestamp>,
}

impl Record {
    /// Equal for two lines that say the same under the same rule.
    pub(super) fn digest(&self, keys: &Keyring, rule: InitialRule) -> Tag {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let moment = |at: Option<Timestamp>| {
            at.map(|at| at.as_microsecond().to_string())
                .unwrap_or_default()
        };
        let id = self.id_number.as_ref();
        let parts = [
            format!("{rule:?}"),
            self.number.as_str().to_owned(),
            self.display_number.clone(),
            self.name.as_str().to_owned(),
            text(id.map(|n| n.kind().as_str())),
            text(id.map(IdNumber::value)),
            self.affiliation.as_str().to_owned(),
            text(self.sex.map(Sex::as_str)),
            text(self.org.as_deref().map(OrgPath::as_str)),
            text(self.phone.as_ref().map(PhoneNumber::as_str)),
            text(self.email.as_ref().map(EmailAddress::as_str)),
            text(self.admission.as_ref().map(AdmissionNumber::value)),
            moment(self.valid_from),
            moment(self.valid_until),
        ];
        let mut parts: Vec<&[u8]> = parts.iter().map(String::as_bytes).collect();
        // At the end and only if it is there, so that a roster without the column is as it was.
        parts.extend(
            self.address
                .as_ref()
                .map(|address| address.as_str().as_bytes()),
        );
        keys.mac(Use::Digest, &parts)
    }
}

/// The columns that a file must have under a rule.
pub(super) fn required(rule: InitialRule) -> &'static [Column] {
    match rule {
        InitialRule::None => &[Column::Number, Column::Name, Column::Affiliation],
        InitialRule::Last6 | InitialRule::Last8 => &[
            Column::Number,
            Column::Name,
            Column::IdNumber,
            Column::Affiliation,
        ],
    }
}

/// Checks the lines of one file.
pub(super) struct Checker {
    header: Header,
    rule: InitialRule,
    zone: TimeZone,
    today: Date,
    /// Where each number stood first.
    seen: HashMap<AccountNumber, u64>,
    units: HashMap<OrgPath, Arc<OrgPath>>,
}

impl Checker {
    pub(super) fn new(header: Header, rule: InitialRule, zone: TimeZone, now: Timestamp) -> Self {
        let today = now.to_zoned(zone.clone()).date();
        Self {
            header,
            rule,
            zone,
            today,
            seen: HashMap::new(),
            units: HashMap::new(),
        }
    }

    pub(super) fn header(&self) -> &Header {
        &self.header
    }

    /// The record, or all that is wrong with the line.
    pub(super) fn check(&mut self, row: &Row) -> Result<Record, Vec<BadLine>> {
        let mut cells = Cells {
            header: &self.header,
            row,
            bad: Vec::new(),
        };
        cells.no_more_than_the_header();
        let number = cells.required(Column::Number, |text| {
            AccountNumber::parse(text).map(|number| (number, text.trim().to_owned()))
        });
        if let Some((number, _)) = &number {
            if number.as_str() == PROBE_NUMBER {
                cells.fault(
                    Column::Number,
                    "is the name of the application doctor's probe",
                );
            }
            match self.seen.get(number) {
                Some(first) => cells.fault(
                    Column::Number,
                    format!("is the number of line {first} again"),
                ),
                None => {
                    self.seen.insert(number.clone(), row.line);
                }
            }
        }
        let name = cells.required(Column::Name, PersonName::parse);
        let affiliation = cells.required(Column::Affiliation, Affiliation::parse);
        let id_number = cells.id_number(self.rule, self.today);
        let sex = cells.sex();
        let org = cells.optional(Column::Org, OrgPath::parse);
        let phone = cells.optional(Column::Phone, PhoneNumber::parse);
        let email = cells.optional(Column::Email, EmailAddress::parse);
        let address = cells.optional(Column::Address, PostalAddress::parse);
        let admission = cells.optional(Column::AdmissionNumber, AdmissionNumber::parse);
        let (valid_from, valid_until) = cells.validity(&self.zone);

        let bad = cells.bad;
        match (number, name, affiliation) {
            (Some((number, display_number)), Some(name), Some(affiliation)) if bad.is_empty() => {
                Ok(Record {
                    line: row.line,
                    number,
                    display_number,
                    name,
                    id_number,
                    affiliation,
                    sex,
                    org: org.map(|path| self.shared(path)),
                    phone,
                    email,
                    address,
                    admission,
                    valid_from,
                    valid_until,
                })
            }
            _ => Err(bad),
        }
    }

    fn shared(&mut self, path: OrgPath) -> Arc<OrgPath> {
        let unit = self.units.entry(path.clone());
        Arc::clone(unit.or_insert_with(|| Arc::new(path)))
    }
}

struct Cells<'a> {
    header: &'a Header,
    row: &'a Row,
    bad: Vec<BadLine>,
}

impl Cells<'_> {
    fn fault(&mut self, column: Column, reason: impl Into<String>) {
        self.bad.push(BadLine {
            line: self.row.line,
            column: Some(column),
            reason: reason.into(),
        });
    }

    fn no_more_than_the_header(&mut self) {
        let extra = self.row.cells.iter().skip(self.header.columns().len());
        if extra.filter(|cell| !cell.is_blank()).count() > 0 {
            self.bad.push(BadLine {
                line: self.row.line,
                column: None,
                reason: "has more cells than the header has columns".to_owned(),
            });
        }
    }

    /// The text of a column, if there is any; a cell without one is a fault.
    fn text(&mut self, column: Column) -> Option<String> {
        match self.header.cell(self.row, column)? {
            Cell::Lossy => {
                self.fault(
                    column,
                    "was stored as a number and lost digits; format the column as text",
                );
                None
            }
            Cell::Fault => {
                self.fault(column, "holds an error of the spreadsheet");
                None
            }
            cell => Some(cell.text().into_owned()),
        }
    }

    fn optional<T, E: std::error::Error>(
        &mut self,
        column: Column,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.text(column)?;
        match parse(&text) {
            Ok(value) => Some(value),
            Err(error) => {
                self.fault(column, error.to_string());
                None
            }
        }
    }

    fn required<T, E: std::error::Error>(
        &mut self,
        column: Column,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        if self.header.cell(self.row, column).is_none() {
            self.fault(column, "is empty");
            return None;
        }
        self.optional(column, parse)
    }

    fn id_number(&mut self, rule: InitialRule, today: Date) -> Option<IdNumber> {
        let before = self.bad.len();
        let kind = self.optional(Column::IdType, IdKind::parse);
        if self.bad.len() > before {
            return None;
        }
        if rule != InitialRule::None && self.header.cell(self.row, Column::IdNumber).is_none() {
            self.fault(
                Column::IdNumber,
                "is empty, and the initial password is made of it",
            );
            return None;
        }
        let id_number = self.optional(Column::IdNumber, |text| match kind {
            Some(kind) => IdNumber::parse(kind, text),
            None => IdNumber::guess(text),
        })?;
        if id_number.birth_date().is_some_and(|born| born > today) {
            self.fault(Column::IdNumber, "holds a birth date in the future");
        }
        Some(id_number)
    }

    /// 未知 and the codes 0 and 9 of GB/T 2261.1 say nothing.
    fn sex(&mut self) -> Option<Sex> {
        let text = self.text(Column::Sex)?;
        let sex = Sex::parse(&text);
        if sex.is_none() && !["0", "9", "未知", "未说明", "unknown"].contains(&text.trim()) {
            self.fault(Column::Sex, "must be 男, 女, male, female or empty");
        }
        sex
    }

    /// From the first moment of the first day up to the end of the last one.
    fn validity(&mut self, zone: &TimeZone) -> (Option<Timestamp>, Option<Timestamp>) {
        let from = self.date(Column::ValidFrom);
        let last = self.date(Column::ValidUntil);
        if from.zip(last).is_some_and(|(from, last)| last < from) {
            self.fault(Column::ValidUntil, "is before the first day of validity");
        }
        let begins = |date: Date| date.to_zoned(zone.clone()).ok().map(|at| at.timestamp());
        (
            from.and_then(begins),
            last.and_then(|last| last.tomorrow().ok()).and_then(begins),
        )
    }

    fn date(&mut self, column: Column) -> Option<Date> {
        let date = match self.header.cell(self.row, column)? {
            Cell::Date(date) => Some(*date),
            _ => parse_date(&self.text(column)?),
        };
        let date = date.filter(|date| (1900..2200).contains(&date.year()));
        if date.is_none() {
            self.fault(
                column,
                "must be a date like 2026-09-01 between 1900 and 2199; leave it empty for no limit",
            );
        }
        date
    }
}

/// `2026-09-01`, `2026/9/1`, `2026.9.1`, `20260901`, `2026年9月1日`, with or without a time.
fn parse_date(text: &str) -> Option<Date> {
    let day = text.trim().split([' ', 'T']).next()?;
    if day.len() == 8 && day.bytes().all(|b| b.is_ascii_digit()) {
        return Date::new(
            day[..4].parse().ok()?,
            day[4..6].parse().ok()?,
            day[6..].parse().ok()?,
        )
        .ok();
    }
    let mut fields = day
        .trim_end_matches('日')
        .split(['-', '/', '.', '年', '月']);
    let date = Date::new(
        fields.next()?.parse().ok()?,
        fields.next()?.parse().ok()?,
        fields.next()?.parse().ok()?,
    );
    if fields.next().is_some() {
        None
    } else {
        date.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test] // INJ-08
    fn dates_are_read_in_the_forms_of_rosters() {
        let first = Some(date(2026, 9, 1));
        for text in [
            "2026-09-01",
            "2026/9/1",
            "2026.9.1",
            "20260901",
            "2026年9月1日",
            " 2026-09-01 00:00:00",
            "2026-09-01T08:00",
        ] {
            assert_eq!(parse_date(text), first, "{text}");
        }
        for text in [
            "",
            "2026",
            "2026-13-01",
            "2026-02-29",
            "2026-09-01-02",
            "-1",
            "NaN",
            "9223372036854775808",
            "长期",
            "２０２６-09-01x",
            "20260931",
        ] {
            assert_eq!(parse_date(text), None, "{text}");
        }
        assert_eq!(parse_date("2028-02-29"), Some(date(2028, 2, 29)));
    }
}
