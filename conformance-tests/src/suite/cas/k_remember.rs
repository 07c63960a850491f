//! K. Long-term sign-in (121 to 123).

use crate::suite::case::Case;

pub const CASES: &[Case] = &[];
