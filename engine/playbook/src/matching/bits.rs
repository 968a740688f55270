//! [`Bits`]: a set of playbooks, by their numbers.

/// A set of numbers below a fixed limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    /// The empty set of numbers below this one.
    pub(super) fn none(limit: usize) -> Self {
        Self(vec![0; limit.div_ceil(64)])
    }

    /// Puts a number in.
    pub(super) fn insert(&mut self, number: usize) {
        self.0[number / 64] |= 1 << (number % 64);
    }

    /// Adds all of another set.
    pub(super) fn join(&mut self, other: &Self) {
        for (own, other) in self.0.iter_mut().zip(&other.0) {
            *own |= other;
        }
    }

    /// Keeps what is in the other set too.
    pub(super) fn cross(&mut self, other: &Self) {
        for (own, other) in self.0.iter_mut().zip(&other.0) {
            *own &= other;
        }
    }

    /// Becomes a copy of another set.
    pub(super) fn copy_from(&mut self, other: &Self) {
        self.0.copy_from_slice(&other.0);
    }

    /// The numbers, in order.
    pub(super) fn into_numbers(self) -> impl Iterator<Item = usize> {
        self.0.into_iter().enumerate().flat_map(|(word, mut bits)| {
            std::iter::from_fn(move || {
                if bits == 0 {
                    return None;
                }
                let number = word * 64 + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                Some(number)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_join_cross_and_are_walked() {
        let set = |numbers: &[usize]| {
            let mut bits = Bits::none(200);
            numbers.iter().for_each(|number| bits.insert(*number));
            bits
        };
        let mut one = set(&[0, 63, 64, 199]);
        one.join(&set(&[5]));
        one.cross(&set(&[5, 63, 199, 7]));
        assert_eq!(one.into_numbers().collect::<Vec<_>>(), [5, 63, 199]);
        assert_eq!(Bits::none(0).into_numbers().count(), 0);
    }
}
