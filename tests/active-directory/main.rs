//! The Active Directory connector: against a controller in the test's hand that answers as Windows does, and against a
//! real domain controller.

mod bench;
mod controller;
mod real_directory;
mod signing_in;
mod windows;
