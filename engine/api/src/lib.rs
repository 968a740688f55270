//! quell-api
