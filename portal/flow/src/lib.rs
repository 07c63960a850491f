//! The flow interpreter of the service hall: pure, no I/O.
