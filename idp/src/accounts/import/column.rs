//! The columns of a file of people: an allow-list (IMP-05).

use super::cell::{Cell, Row};

macro_rules! columns {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $shown:literal $(, $alias:literal)*;)+) => {
        /// A column that a file of people may have.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Column { $($(#[$doc])* $name,)+ }

        impl Column {
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The header in English.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            /// The header in Chinese.
            pub fn chinese(self) -> &'static str {
                match self { $(Self::$name => $shown,)+ }
            }

            /// From a header that was folded by [`folded`].
            fn from_folded(header: &str) -> Option<Self> {
                match header {
                    $($word | $shown $(| $alias)* => Some(Self::$name),)+
                    _ => None,
                }
            }
        }
    };
}

columns! {
    Number = "number", "学工号", "学号", "工号", "学号/工号", "学工号/工号", "职工号", "教工号", "account_number";
    Name = "name", "姓名", "full_name";
    IdNumber = "id_number", "证件号", "证件号码", "身份证号", "身份证号码", "身份证";
    IdType = "id_type", "证件类型", "id_kind", "身份证件类型", "证件种类";
    Affiliation = "affiliation", "人员类型", "人员类别", "身份", "类别";
    Sex = "sex", "性别", "gender";
    Org = "org", "部门", "学院", "单位", "院系", "所在部门", "所属部门", "org_unit", "department";
    Phone = "phone", "手机号", "手机", "手机号码", "联系电话", "mobile";
    Email = "email", "邮箱", "电子邮箱", "电子邮件", "e-mail", "mail";
    Address = "address", "通信地址", "地址", "通讯地址", "联系地址", "postal_address";
    /// First day on which the number is valid.
    ValidFrom = "valid_from", "生效", "生效日期", "生效时间", "开始日期", "入学日期", "入职日期";
    /// Last day on which it is valid.
    ValidUntil = "valid_until", "失效", "失效日期", "失效时间", "截止日期", "结束日期", "有效期至";
    AdmissionNumber = "admission_number", "录取号", "考生号", "录取通知书编号";
}

impl std::fmt::Display for Column {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.chinese(), self.as_str())
    }
}

/// Why the first row is no header. Names are shown shortened and on one line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    #[error("unknown columns: {}; known are {}", .0.join(", "), known())]
    Unknown(Vec<String>),
    #[error("missing columns: {}", .0.iter().map(Column::to_string).collect::<Vec<_>>().join(", "))]
    Missing(Vec<Column>),
    #[error("the column {0} comes twice")]
    Twice(Column),
}

fn known() -> String {
    let names: Vec<String> = Column::ALL.iter().map(Column::to_string).collect();
    names.join(", ")
}

/// Which column stands where.
#[derive(Clone, Debug)]
pub(super) struct Header {
    columns: Vec<Column>,
    /// As the file writes them, to be written again.
    pub(super) titles: Vec<String>,
}

impl Header {
    /// # Errors
    /// [`HeaderError`] unless each title is known, none comes twice and all `required` are there.
    pub(super) fn parse(row: &Row, required: &[Column]) -> Result<Self, HeaderError> {
        // Spreadsheets leave separators behind columns that were removed.
        let used = row
            .cells
            .iter()
            .rposition(|c| !c.is_blank())
            .map_or(0, |last| last + 1);
        let titles: Vec<String> = row.cells[..used]
            .iter()
            .map(|c| c.text().into_owned())
            .collect();
        let found: Vec<Option<Column>> = titles
            .iter()
            .map(|t| Column::from_folded(&folded(t)))
            .collect();
        let unknown: Vec<String> = titles
            .iter()
            .zip(&found)
            .filter(|(_, column)| column.is_none())
            .map(|(title, _)| shown(title))
            .collect();
        if !unknown.is_empty() {
            return Err(HeaderError::Unknown(unknown));
        }
        let columns: Vec<Column> = found.into_iter().flatten().collect();
        if let Some((_, twice)) = columns
            .iter()
            .enumerate()
            .find(|(i, c)| columns[..*i].contains(c))
        {
            return Err(HeaderError::Twice(*twice));
        }
        let missing: Vec<Column> = required
            .iter()
            .copied()
            .filter(|c| !columns.contains(c))
            .collect();
        if !missing.is_empty() {
            return Err(HeaderError::Missing(missing));
        }
        Ok(Self { columns, titles })
    }

    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The cell of a column; [`None`] where it is blank or not there.
    pub(super) fn cell<'a>(&self, row: &'a Row, column: Column) -> Option<&'a Cell> {
        let at = self.columns.iter().position(|c| *c == column)?;
        row.cells.get(at).filter(|cell| !cell.is_blank())
    }
}

/// Full-width forms, case, spaces, a mark of what is required (`*姓名`) and a remark in brackets
/// (`手机号（必填）`) make no difference.
fn folded(title: &str) -> String {
    let mut text = String::with_capacity(title.len());
    for c in title.trim().chars().take(64) {
        let c = match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            c => c,
        };
        match c {
            '(' | '[' | '【' => break,
            '*' | ' ' | '\u{3000}' | '\u{a0}' | '\u{feff}' | '\r' | '\n' | '\t' => {}
            c => text.extend(c.to_lowercase()),
        }
    }
    text
}

/// A title for a message: 40 characters of one line.
fn shown(title: &str) -> String {
    let clean: String = title
        .chars()
        .take(40)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    format!("{clean:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(titles: &[&str]) -> Result<Header, HeaderError> {
        let cells = titles.iter().map(|t| Cell::Text((*t).to_owned())).collect();
        Header::parse(&Row { line: 1, cells }, &[Column::Number, Column::Name])
    }

    #[test]
    fn headers_are_known_in_both_languages_and_any_order() {
        let found = header(&[
            "姓名",
            "*学号",
            " Email ",
            "手机号（必填）",
            "ＳＥＸ",
            "",
            "",
        ])
        .unwrap();
        assert_eq!(
            found.columns(),
            [
                Column::Name,
                Column::Number,
                Column::Email,
                Column::Phone,
                Column::Sex
            ]
        );
        for column in Column::ALL {
            assert_eq!(Column::from_folded(&folded(column.as_str())), Some(*column));
            assert_eq!(
                Column::from_folded(&folded(column.chinese())),
                Some(*column)
            );
        }
    }

    #[test] // IMP-05: nobody imports power
    fn columns_outside_of_the_list_are_refused_by_name() {
        let error = header(&["number", "name", "role", "password_hash", "mfa_exempt"]).unwrap_err();
        assert_eq!(
            error,
            HeaderError::Unknown(vec![
                "\"role\"".into(),
                "\"password_hash\"".into(),
                "\"mfa_exempt\"".into()
            ])
        );
        let error = header(&["number", "", "name"]).unwrap_err();
        assert_eq!(error, HeaderError::Unknown(vec!["\"\"".into()]));
        let long = "x\n".repeat(10_000);
        assert!(
            header(&["number", "name", &long])
                .unwrap_err()
                .to_string()
                .len()
                < 1000
        );
    }

    #[test]
    fn missing_and_repeated_columns_are_named() {
        assert_eq!(
            header(&["email"]).unwrap_err(),
            HeaderError::Missing(vec![Column::Number, Column::Name])
        );
        assert_eq!(
            header(&["学号", "工号", "姓名"]).unwrap_err(),
            HeaderError::Twice(Column::Number)
        );
        assert!(header(&[]).is_err());
    }
}
