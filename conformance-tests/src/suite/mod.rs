//! A conformance suite for CAS 3.0.3 that can be aimed at any server.
//!
//! It drives the server's own login page, serves its own applications and callbacks, and judges
//! each assertion by what was seen on the wire. Nothing here knows whose server it is.
//!
//! A **case** (`case`) is one assertion or a part of one; `cas` has them by group. A case gets a
//! `Context`: browsers, applications that validate, and the listeners. What they exchange is the
//! case's evidence. The `runner` runs the cases one after another, and `report` writes down what
//! came of it.

pub mod acceptance;
pub mod answer;
pub mod buttons;
pub mod cas;
pub mod case;
pub mod client;
pub mod clock;
pub mod context;
pub mod cookies;
pub mod evidence;
pub mod expectations;
pub mod group;
pub mod html;
pub mod listeners;
pub mod login_form;
pub mod oidc;
pub mod options;
pub mod report;
pub mod runner;
pub mod selection;
