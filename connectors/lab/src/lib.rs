//! quell-lab
