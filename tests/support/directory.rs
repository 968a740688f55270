//! What tests do with the real directory besides letting Quell at it: make people, look at them, sign in as them, read
//! the controller's log, hold up the way to it. With the LDAP crate alone, so that nothing of what is tested takes part.

pub mod audit;
pub mod people;
pub mod proxy;
