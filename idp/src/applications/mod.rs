//! The one registry of applications, as each node holds it.
