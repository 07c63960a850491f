//! E. /serviceValidate (63 to 77).

use crate::suite::case::Case;

pub const CASES: &[Case] = &[];
