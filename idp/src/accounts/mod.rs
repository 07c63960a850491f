//! The lives of accounts: import, activation, binding.
