//! quell-action
