//! quell-store
