//! quell-active-directory
