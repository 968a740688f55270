//! quell-connectors
