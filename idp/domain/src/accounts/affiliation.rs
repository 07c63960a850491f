use serde::{Deserialize, Serialize};

use super::text::fold;

/// How a person belongs to the school: the values of `eduPersonAffiliation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Affiliation {
    Student,
    /// Works there and doesn't teach.
    Staff,
    /// Teaches or does research.
    Faculty,
    /// Works there, with no word on what.
    Employee,
    Member,
    /// Neither studies nor works there: visitors, contractors, retired people.
    Affiliate,
    Alum,
    LibraryWalkIn,
}

/// A word that names no affiliation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "is no affiliation that is known here (student, faculty, staff, employee, member, affiliate, alum, library-walk-in, or a Chinese word such as 本科生, 教师)"
)]
pub struct BadAffiliation;

impl Affiliation {
    pub const ALL: [Self; 8] = [
        Self::Student,
        Self::Staff,
        Self::Faculty,
        Self::Employee,
        Self::Member,
        Self::Affiliate,
        Self::Alum,
        Self::LibraryWalkIn,
    ];

    /// The eduPerson value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Student => "student",
            Self::Staff => "staff",
            Self::Faculty => "faculty",
            Self::Employee => "employee",
            Self::Member => "member",
            Self::Affiliate => "affiliate",
            Self::Alum => "alum",
            Self::LibraryWalkIn => "library-walk-in",
        }
    }

    /// From an eduPerson value in any case, or a word of Chinese rosters.
    ///
    /// | word | value |
    /// |---|---|
    /// | 学生, 本科生, 研究生, 硕士(研究)生, 博士(研究)生, 专科生, 留学生, 预科生, 交换生, 进修生 | student |
    /// | 教师, 专任教师, 教授, 副教授, 讲师, 助教, 科研人员, 博士后, 辅导员 | faculty |
    /// | 教工, 教职工, 职工, 教职员工, 在编人员, 员工 | employee |
    /// | 职员, 行政人员, 管理人员, 工勤人员, 教辅人员, 实验员 | staff |
    /// | 成员, 人员 | member |
    /// | 外聘人员, 离退休人员, 退休, 访客, 访问学者, 临时人员, 合作人员, 外包人员, 家属 | affiliate |
    /// | 校友, 毕业生 | alum |
    /// | 校外读者, 读者 | library-walk-in |
    ///
    /// 教职工 covers those who teach and those who don't, which only `employee` says truly.
    ///
    /// # Errors
    /// [`BadAffiliation`] for any other word.
    pub fn parse(text: &str) -> Result<Self, BadAffiliation> {
        if text.len() > 100 {
            return Err(BadAffiliation);
        }
        let word = fold(text.trim()).replace([' ', '_'], "-");
        Ok(match word.as_str() {
            "student" | "学生" | "本科生" | "本科" | "研究生" | "硕士" | "硕士生"
            | "硕士研究生" | "博士" | "博士生" | "博士研究生" | "专科生" | "高职生" | "留学生"
            | "国际学生" | "预科生" | "交换生" | "进修生" | "在校生" | "新生" => {
                Self::Student
            }
            "faculty" | "teacher" | "教师" | "专任教师" | "老师" | "教授" | "副教授" | "讲师"
            | "助教" | "科研人员" | "研究员" | "博士后" | "辅导员" => Self::Faculty,
            "staff" | "职员" | "行政人员" | "行政" | "管理人员" | "工勤人员" | "教辅人员"
            | "教辅" | "实验员" => Self::Staff,
            "employee" | "教工" | "教职工" | "教职员工" | "职工" | "在编人员" | "员工" => {
                Self::Employee
            }
            "member" | "成员" | "人员" => Self::Member,
            "affiliate" | "visitor" | "外聘人员" | "外聘" | "离退休人员" | "离退休" | "退休"
            | "退休人员" | "访客" | "访问学者" | "临时人员" | "合作人员" | "外包人员" | "家属" => {
                Self::Affiliate
            }
            "alum" | "alumni" | "校友" | "毕业生" => Self::Alum,
            "library-walk-in" | "校外读者" | "读者" => Self::LibraryWalkIn,
            _ => return Err(BadAffiliation),
        })
    }
}

impl std::fmt::Display for Affiliation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_survives_the_round_trip() {
        for value in Affiliation::ALL {
            assert_eq!(Affiliation::parse(value.as_str()), Ok(value));
            assert_eq!(
                serde_json::to_string(&value).unwrap(),
                format!("\"{value}\"")
            );
        }
    }

    #[test]
    fn words_of_chinese_rosters_are_known() {
        for (word, value) in [
            ("本科生", Affiliation::Student),
            (" 博士研究生 ", Affiliation::Student),
            ("教师", Affiliation::Faculty),
            ("教职工", Affiliation::Employee),
            ("行政人员", Affiliation::Staff),
            ("校友", Affiliation::Alum),
            ("ＳＴＵＤＥＮＴ", Affiliation::Student),
            ("Library Walk In", Affiliation::LibraryWalkIn),
        ] {
            assert_eq!(Affiliation::parse(word), Ok(value), "{word}");
        }
    }

    #[test] // IMP-05: no affiliation is a role
    fn words_that_sound_like_power_are_unknown() {
        for word in [
            "",
            "admin",
            "administrator",
            "管理员",
            "root",
            "学生,教师",
            "student;staff",
        ] {
            assert_eq!(Affiliation::parse(word), Err(BadAffiliation), "{word}");
        }
    }
}
