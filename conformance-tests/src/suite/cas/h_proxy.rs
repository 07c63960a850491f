//! H. /proxy (93 to 98).

use crate::suite::case::Case;

pub const CASES: &[Case] = &[];
