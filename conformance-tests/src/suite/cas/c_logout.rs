//! C. /logout and single logout (42 to 55).

use crate::suite::case::Case;

pub const CASES: &[Case] = &[];
