use std::fmt::Write;

use clap::ValueEnum;
use idp::accounts::activation_codes::PrintedCode;
use jiff::Zoned;

/// How codes are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// A table, for a mail merge
    Csv,
    /// Slips, to print and cut
    Html,
}

/// What stands on every slip.
#[derive(Debug)]
pub(super) struct Letterhead<'a> {
    pub(super) school: &'a str,
    /// Where the code is typed in.
    pub(super) address: &'a str,
    pub(super) expires_at: Zoned,
}

/// Codes as text, in one of the formats.
#[derive(Debug)]
pub(super) struct Sheet {
    format: Format,
    school: String,
    address: String,
    until: String,
    text: String,
    count: u64,
}

const HTML_HEAD: &str = "<!doctype html>
<html lang=\"zh-CN\"><meta charset=\"utf-8\"><title>激活码</title>
<style>
body { font-family: system-ui, sans-serif; display: grid; grid-template-columns: 1fr 1fr; margin: 0 }
article { border: 1px dashed #888; padding: 6mm; break-inside: avoid }
h2 { font-size: 11pt; margin: 0 0 3mm } p { margin: 1mm 0; font-size: 10pt }
strong { font-family: ui-monospace, monospace; font-size: 15pt; letter-spacing: 1px }
</style>
";

impl Sheet {
    pub(super) fn new(format: Format, head: &Letterhead<'_>) -> Self {
        let text = match format {
            // Spreadsheet programs take a file without this mark for GBK.
            Format::Csv => "\u{feff}学工号,姓名,部门,激活码,有效期至\r\n".to_owned(),
            Format::Html => HTML_HEAD.to_owned(),
        };
        Self {
            format,
            school: escaped(head.school),
            address: escaped(head.address),
            until: head.expires_at.strftime("%F %H:%M").to_string(),
            text,
            count: 0,
        }
    }

    pub(super) fn add(&mut self, code: &PrintedCode) {
        self.count += 1;
        let org = code.org_path.as_deref().unwrap_or_default();
        let printed = code.code.printed();
        // Writing into a String doesn't fail.
        let _written = match self.format {
            Format::Csv => {
                let cells = [&code.number, &code.name, org, &printed, &self.until].map(cell);
                write!(self.text, "{}\r\n", cells.join(","))
            }
            Format::Html => writeln!(
                self.text,
                "<article><h2>{} 统一身份认证账号激活码</h2><p>{} {} {}<p><strong>{printed}</strong>\
                 <p>请于 {} 前打开 {} 激活账号。请勿告诉他人。</article>",
                self.school,
                escaped(&code.number),
                escaped(&code.name),
                escaped(org),
                self.until,
                self.address,
            ),
        };
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}

/// A cell of a table. A spreadsheet program takes what begins with one of `=+-@` for a formula and
/// runs it: an apostrophe makes it text.
fn cell(text: impl AsRef<str>) -> String {
    let text = text.as_ref();
    let mark = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        "'"
    } else {
        ""
    };
    format!("\"{mark}{}\"", text.replace('"', "\"\""))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use idp_domain::accounts::ActivationCode;
    use jiff::civil::date;
    use jiff::tz::TimeZone;

    fn sheet(format: Format, name: &str) -> String {
        let mut sheet = Sheet::new(
            format,
            &Letterhead {
                school: "一门大学",
                address: "https://id.example.edu",
                expires_at: date(2026, 12, 1)
                    .at(8, 0, 0, 0)
                    .to_zoned(TimeZone::UTC)
                    .unwrap(),
            },
        );
        sheet.add(&PrintedCode {
            number: "20230003".into(),
            name: name.into(),
            org_path: Some("计算机学院".into()),
            code: ActivationCode::parse("01AB-23CD-45EF").unwrap(),
        });
        assert_eq!(sheet.count(), 1);
        sheet.finish()
    }

    #[test]
    fn a_table_has_one_line_for_each_code() {
        let text = sheet(Format::Csv, "张三");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[1],
            "\"20230003\",\"张三\",\"计算机学院\",\"01AB-23CD-45EF\",\"2026-12-01 08:00\""
        );
        assert_eq!(lines.len(), 2);
    }

    #[test] // IMP: a name is no formula
    fn a_cell_never_begins_a_formula() {
        assert!(sheet(Format::Csv, "=cmd|' /C calc'!A0").contains("\"'=cmd|"));
        assert!(sheet(Format::Csv, "a\"b").contains("\"a\"\"b\""));
    }

    #[test]
    fn a_slip_shows_what_is_needed_and_escapes_it() {
        let text = sheet(Format::Html, "<script>张三");
        for part in [
            "20230003",
            "&lt;script&gt;张三",
            "01AB-23CD-45EF",
            "https://id.example.edu",
            "2026-12-01",
        ] {
            assert!(text.contains(part), "{part}");
        }
        assert!(!text.contains("<script>"));
    }
}
