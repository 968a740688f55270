//! What the connectors to Microsoft's clouds share: where the clouds are, how a program signs in there, how their
//! interfaces say no, and how their filters are written.

mod cloud;
mod page;
mod reply;
mod rights;
mod sign_in;
mod url;

pub use cloud::Cloud;
pub use page::{MAX_PAGES, beginning, pages};
pub use reply::{code_of, failure_of, refused, success};
pub use rights::{Holds, grant_of, granted, grants};
pub use sign_in::SignIn;
pub use url::{literal, with_query};

/// The header in which Microsoft Graph wants the number of a call.
pub const REQUEST_ID_HEADER: &str = "client-request-id";
