//! What can be done to a badge. One file each; a further action is one more line here and two in `connector.rs`.
//! `blocked` holds what the two have in common: one goes one way, the other back.

mod blocked;
mod disable_account;
mod enable_account;

pub(crate) use disable_account::DisableAccount;
pub(crate) use enable_account::EnableAccount;
