//! Whom the exclusion list leaves alone.

mod clearing;
mod devices;
mod identities;
mod many;
mod people;
mod property;
