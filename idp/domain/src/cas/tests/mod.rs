mod requests;
mod responses;
mod tickets;
