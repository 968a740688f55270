//! quell-webhook
