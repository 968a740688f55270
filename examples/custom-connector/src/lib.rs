//! The smallest useful connector, to copy: the badge office of an imaginary company.
//!
//! One system (`client`), two actions that undo each other (`actions`), one directory that says whose badge is whose
//! (`directory`), settings with the secret by reference (`settings`), and the three phases (`connector`): *check*
//! looks at the settings, *connect* reads credentials and certificates, *probe* reaches the system and changes nothing.

mod actions;
mod client;
mod connector;
mod directory;
mod settings;

pub use connector::BadgeOffice;
pub use settings::Settings;
