//! B. /login takes credentials (26 to 41).

use crate::suite::case::Case;

pub const CASES: &[Case] = &[];
