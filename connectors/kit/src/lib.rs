//! quell-kit
