//! quell-custom-connector
