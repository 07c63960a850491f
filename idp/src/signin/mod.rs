//! The steps of a sign-in, shared by every protocol. Each handler takes one step; what comes next
//! is `idp_domain::signin::next_step`'s to say.

pub mod activation;
pub mod captcha;
pub mod carried;
pub mod complete;
pub mod done;
pub mod evidence;
pub mod form;
pub mod goal;
pub mod hop;
pub mod new_password;
pub mod no_access;
pub mod notice;
pub mod own;
pub mod password;
pub mod phone;
pub mod program;
pub mod queue;
mod settle;
pub mod steps;
mod stranger_code;
pub mod submit;
pub mod switch;
pub mod unlock;

use axum::response::Response;

use crate::visit::Visit;

/// `GET /`: there is nothing here but the sign-in.
pub async fn front(mut visit: Visit) -> Response {
    visit.redirect_home("/cas/login")
}
