//! Synthetic people: names, valid id numbers and phones that belong to nobody we know.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// The header of the files made of them.
pub(crate) const HEADER: [&str; 11] = [
    "学工号",
    "姓名",
    "证件号",
    "证件类型",
    "人员类型",
    "性别",
    "部门",
    "手机号",
    "邮箱",
    "生效",
    "失效",
];

const SURNAMES: &str = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾";
const GIVEN: &str =
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红建文辉鹏宇欣怡子涵梓轩浩然诗雨思远";
const REGIONS: [u32; 8] = [
    110_105, 310_101, 320_106, 330_106, 420_111, 440_106, 510_104, 610_113,
];
const COLLEGES: [&str; 10] = [
    "计算机学院",
    "数学学院",
    "物理学院",
    "化学学院",
    "外国语学院",
    "法学院",
    "经济学院",
    "医学院",
    "艺术学院",
    "体育学院",
];
const DEPARTMENTS: [&str; 4] = ["一系", "二系", "三系", "办公室"];

/// Rows of people, the same for the same seed. About one in thirty has a second number.
pub(crate) fn people(count: usize, seed: u64) -> impl Iterator<Item = [String; 11]> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut last: Option<[String; 11]> = None;
    (0..count).map(move |index| {
        let again = last.take().filter(|_| one_in(30, &mut rng));
        let row = match again {
            Some(mut row) => {
                row[0] = format!("M{index:07}");
                "研究生".clone_into(&mut row[4]);
                return row;
            }
            None => person(index, &mut rng),
        };
        last = Some(row.clone());
        row
    })
}

fn person(index: usize, rng: &mut impl Rng) -> [String; 11] {
    let staff = one_in(12, rng);
    let number = if staff {
        format!("{:07}", 1_000_000 + index)
    } else {
        format!("{}{index:06}", 2020 + index % 7)
    };
    let sex = below(2, rng);
    let given: String = (0..=below(2, rng)).map(|_| pick(GIVEN, rng)).collect();
    let phone = if one_in(10, rng) {
        String::new()
    } else {
        format!("1{}{index:08}", 38 + below(2, rng))
    };
    let valid_until = if staff { "" } else { "2030-06-30" };
    [
        number.clone(),
        format!("{}{given}", pick(SURNAMES, rng)),
        resident_id(index, sex, rng),
        "居民身份证".to_owned(),
        if staff { "教师" } else { "本科生" }.to_owned(),
        ["女", "男"][sex].to_owned(),
        format!(
            "{}/{}",
            COLLEGES[below(COLLEGES.len(), rng)],
            DEPARTMENTS[below(DEPARTMENTS.len(), rng)]
        ),
        phone,
        if staff {
            format!("t{number}@example.edu")
        } else {
            String::new()
        },
        "2026-09-01".to_owned(),
        valid_until.to_owned(),
    ]
}

/// Valid, and another one for each index up to 1.3 million.
fn resident_id(index: usize, sex: usize, rng: &mut impl Rng) -> String {
    let (day, sequence) = (index % 28 + 1, index / 28 % 500);
    let (month, year) = (
        index / 14_000 % 12 + 1,
        1975 + index / 168_000 * 4 + below(4, rng),
    );
    let region = REGIONS[below(REGIONS.len(), rng)];
    let digits = format!(
        "{region}{year}{month:02}{day:02}{:03}",
        sequence * 2 % 1000 + sex
    );
    // GB 11643, ISO 7064 MOD 11-2.
    let sum = digits
        .bytes()
        .fold(0, |sum, digit| (sum + u32::from(digit - b'0')) * 2 % 11);
    let check = b"10X98765432"[sum as usize];
    format!("{digits}{}", char::from(check))
}

fn below(limit: usize, rng: &mut impl Rng) -> usize {
    rng.next_u32() as usize % limit
}

fn one_in(count: usize, rng: &mut impl Rng) -> bool {
    below(count, rng) == 0
}

fn pick(from: &str, rng: &mut impl Rng) -> char {
    from.chars()
        .nth(below(from.chars().count(), rng))
        .unwrap_or('一')
}
