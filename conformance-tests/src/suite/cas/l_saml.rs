//! L. /samlValidate (124 to 128).

use crate::suite::case::Case;

pub const CASES: &[Case] = &[];
