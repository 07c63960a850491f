//! Made-up people in the form that `yimen import people` takes.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Result;

/// One generated person: everything follows from the index.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    pub index: u32,
}

/// When an account may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    Now,
    /// Ended years ago.
    Past,
}

impl Person {
    /// Out of the way of the demo's numbers.
    pub fn number(self) -> String {
        format!("7{:08}", self.index)
    }

    pub fn phone(self) -> String {
        format!("+86139{:08}", self.index)
    }

    /// 18 digits with a right check digit (GB 11643); no district has the code 110199.
    pub fn id_number(self) -> String {
        const DAYS: u32 = 28;
        let (day, rest) = (self.index % DAYS + 1, self.index / DAYS);
        let (month, rest) = (rest % 12 + 1, rest / 12);
        let (year, order) = (1980 + rest % 25, rest / 25 % 1000);
        let body = format!("110199{year}{month:02}{day:02}{order:03}");
        format!("{body}{}", check_digit(&body))
    }

    /// The initial password by the rule `last6`.
    pub fn initial_password(self) -> String {
        self.id_number()[12..].to_owned()
    }

    fn name(self) -> String {
        const FAMILY: [&str; 8] = ["王", "李", "张", "刘", "陈", "杨", "赵", "黄"];
        const GIVEN: [&str; 8] = [
            "晓雨", "子轩", "思远", "若溪", "明哲", "雅静", "宇航", "欣怡",
        ];
        let pick = |list: [&'static str; 8], by: u32| list[(by % 8) as usize];
        format!(
            "{}{}",
            pick(FAMILY, self.index),
            pick(GIVEN, self.index / 8)
        )
    }
}

/// Writes people of the indices `range` as CSV.
pub fn write(path: &Path, range: std::ops::Range<u32>, validity: Validity) -> Result<()> {
    let until = match validity {
        Validity::Now => "2099-12-31",
        Validity::Past => "2020-07-01",
    };
    let mut csv = "学工号,姓名,证件号,人员类型,部门,手机号,生效,失效\n".to_owned();
    for person in range.map(|index| Person { index }) {
        writeln!(
            csv,
            "{},{},{},student,计算机学院/软件工程系,{},2016-09-01,{until}",
            person.number(),
            person.name(),
            person.id_number(),
            person.phone(),
        )?;
    }
    fs::write(path, csv)?;
    Ok(())
}

fn check_digit(body: &str) -> char {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const DIGITS: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];
    let digits = body.chars().filter_map(|digit| digit.to_digit(10));
    let sum: u32 = digits
        .zip(WEIGHTS)
        .map(|(digit, weight)| digit * weight)
        .sum();
    DIGITS[(sum % 11) as usize]
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_check_digit_is_that_of_the_standard() {
        // The example that GB 11643-1999 gives.
        assert_eq!(check_digit("11010519491231002"), 'X');
    }

    #[test]
    fn everybody_is_somebody_else() {
        const MANY: u32 = 100_000;
        let ids: HashSet<String> = (0..MANY)
            .map(|index| Person { index }.id_number())
            .collect();
        assert_eq!(ids.len(), MANY as usize);
        assert!(ids.iter().all(|id| id.len() == 18));
    }
}
