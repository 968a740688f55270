//! Tools that the tests of all rooms share.
