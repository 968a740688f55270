//! quell-run
