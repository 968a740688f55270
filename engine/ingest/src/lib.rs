//! quell-ingest
