//! What can go wrong when a name is read.

use thiserror::Error;

/// Why a text is not the name of an account or of a device.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum IdentifierError {
    /// There is nothing in it.
    #[error("the identifier is empty: write one, or leave the field out")]
    Empty,
    /// It is longer than any directory allows.
    #[error("the identifier is {length} characters long, more than the {most} that are allowed")]
    TooLong {
        /// How long it is.
        length: usize,
        /// How long it may be.
        most: usize,
    },
    /// It holds a character that no directory allows in a name.
    #[error("the identifier {text:?} holds a control character: remove it")]
    ControlCharacter {
        /// The text.
        text: String,
    },
    /// A GUID is an object GUID of Active Directory or an object id of Entra ID, and nothing says which.
    #[error(
        "{text:?} may be an Active Directory GUID or an Entra ID object id: say which, as ad_guid or as entra_id"
    )]
    AmbiguousGuid {
        /// The text.
        text: String,
    },
    /// It does not have the form that was asked for.
    #[error("{text:?} is no {form}")]
    NotA {
        /// The form that was expected, in words.
        form: &'static str,
        /// The text.
        text: String,
    },
    /// The prefix of a written identifier is none that is known.
    #[error("{prefix:?} is no kind of identifier: use one of {known}")]
    UnknownKind {
        /// The prefix.
        prefix: String,
        /// The kinds there are.
        known: &'static str,
    },
}
