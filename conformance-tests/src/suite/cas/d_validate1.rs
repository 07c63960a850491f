//! D. /validate, CAS 1.0 (56 to 62).

use crate::suite::case::Case;

pub const CASES: &[Case] = &[];
