//! I. /p3 and attributes (99 to 104).

use crate::suite::case::Case;

pub const CASES: &[Case] = &[];
