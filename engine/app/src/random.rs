//! The one place in the program where chance comes from.

use quell_run::Jitter;

/// A new name for something that has none of its own: twelve hex digits.
pub(crate) fn short_id() -> String {
    bytes::<6>().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A credential that cannot be guessed.
pub(crate) fn token() -> String {
    bytes::<32>().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if let Err(error) = getrandom::fill(&mut bytes) {
        // Without randomness there is no credential, and without a credential nothing may listen.
        panic!("the system gives no randomness: {error}");
    }
    bytes
}

/// Jitter from the system.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemJitter;

impl Jitter for SystemJitter {
    fn draw(&self) -> f64 {
        let [a, b, c, d] = bytes::<4>();
        f64::from(u32::from_le_bytes([a, b, c, d])) / (f64::from(u32::MAX) + 1.0)
    }
}
