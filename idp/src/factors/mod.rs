//! Factors: checking what a person shows, and counting how often it was tried.

mod argon2id;
pub mod captcha;
pub mod codes;
pub mod guard;
pub mod hash_pool;
pub mod phones;
