mod logout;
mod requests;
mod responses;
mod saml11_requests;
mod saml11_responses;
mod tickets;
