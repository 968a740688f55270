//! What can be done to a badge. One file each; a further action is one more line in `connector.rs`.

mod disable_account;

pub(crate) use disable_account::DisableAccount;
