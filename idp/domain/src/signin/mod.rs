//! A sign-in: from the first proof to completion. [`next_step`] is the one dispatcher; steps
//! never call steps.

mod destination;
mod may_issue;
mod probe;
mod question;
mod step;

pub use destination::{AccountPage, DEVICE_PAGE, Destination, Wishes};
pub use may_issue::{Denial, HeldNumber, Holder, PersonState, may_issue};
pub use probe::{PROBE, PROBE_NAME, PROBE_NUMBER};
pub use question::{Answers, Question};
pub use step::{Proof, SignIn, Standing, Step, StepPolicy, next_step};
