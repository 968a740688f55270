//! Large values in pieces, for an engine that must not see large values.
//!
//! Every record has a *head* under `r` + key. A small value stands in its head; of a large one the head says how many
//! bytes there are and under which number the pieces lie: `c` + commit number + place in the batch + index. Head and
//! pieces are written in one batch, so either all of them are there or none; pieces get new keys on every write, so a
//! reader that holds an old head never sees the pieces of a newer value.

/// The largest value that stands in one piece.
pub(crate) const CHUNK: usize = 32 * 1024;

/// First byte of the key of a head.
pub(crate) const HEAD: u8 = b'r';

const PIECE: u8 = b'c';
const INLINE: u8 = 0;
const CHUNKED: u8 = 1;

/// What a head says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Head {
    /// The value itself.
    Inline(Vec<u8>),
    /// The value lies in pieces.
    Chunked(Pieces),
}

/// Where the pieces of a value lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pieces {
    commit: u64,
    place: u32,
    bytes: u64,
}

/// The key of the head of a record.
pub(crate) fn head_key(key: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(key.len() + 1);
    out.push(HEAD);
    out.extend_from_slice(key);
    out
}

/// The bytes of a head, and the pieces with their keys.
pub(crate) type Split<'a> = (Vec<u8>, Vec<(Vec<u8>, &'a [u8])>);

/// Splits a value for the batch of this commit, in which it has this place.
pub(crate) fn split(value: &[u8], commit: u64, place: u32) -> Split<'_> {
    if value.len() <= CHUNK {
        let mut head = Vec::with_capacity(value.len() + 1);
        head.push(INLINE);
        head.extend_from_slice(value);
        return (head, Vec::new());
    }
    let pieces = Pieces { commit, place, bytes: value.len() as u64 };
    let mut head = vec![CHUNKED];
    head.extend_from_slice(&commit.to_be_bytes());
    head.extend_from_slice(&place.to_be_bytes());
    head.extend_from_slice(&pieces.bytes.to_be_bytes());
    (head, pieces.keys().zip(value.chunks(CHUNK)).collect())
}

/// Reads a head; nothing where it has no known form.
pub(crate) fn parse(head: &[u8]) -> Option<Head> {
    match head.split_first() {
        Some((&INLINE, value)) => Some(Head::Inline(value.to_vec())),
        Some((&CHUNKED, rest)) => pieces(rest).map(Head::Chunked),
        _ => None,
    }
}

impl Pieces {
    /// The keys of the pieces, in order.
    pub(crate) fn keys(self) -> impl Iterator<Item = Vec<u8>> {
        let count = self.bytes.div_ceil(CHUNK as u64);
        (0..count).map(move |index| {
            let mut key = vec![PIECE];
            key.extend_from_slice(&self.commit.to_be_bytes());
            key.extend_from_slice(&self.place.to_be_bytes());
            key.extend_from_slice(&(index as u32).to_be_bytes());
            key
        })
    }

    /// Whether this many bytes were gathered as were written.
    pub(crate) fn complete(self, gathered: &[u8]) -> bool {
        gathered.len() as u64 == self.bytes
    }
}

fn pieces(bytes: &[u8]) -> Option<Pieces> {
    let bytes: &[u8; 20] = bytes.try_into().ok()?;
    let (commit, rest) = bytes.split_at(8);
    let (place, total) = rest.split_at(4);
    let bytes = u64::from_be_bytes(total.try_into().ok()?);
    // A damaged head must not send a reader after billions of pieces.
    (bytes <= super::VALUE_LIMIT as u64).then_some(Pieces {
        commit: u64::from_be_bytes(commit.try_into().ok()?),
        place: u32::from_be_bytes(place.try_into().ok()?),
        bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_split_into_pieces_that_join_to_the_same_bytes() {
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 7] {
            let value: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let (head, parts) = split(&value, 7, 3);
            match parse(&head).unwrap() {
                Head::Inline(inline) => {
                    assert_eq!(inline, value);
                    assert!(parts.is_empty() && length <= CHUNK);
                }
                Head::Chunked(pieces) => {
                    let keys: Vec<_> = pieces.keys().collect();
                    assert_eq!(keys, parts.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>());
                    let joined: Vec<u8> = parts.iter().flat_map(|(_, part)| part.iter().copied()).collect();
                    assert!(pieces.complete(&joined) && joined == value && length > CHUNK);
                }
            }
        }
    }

    #[test]
    fn a_head_of_no_known_form_is_an_error_and_never_a_value() {
        let (head, _) = split(&vec![1; CHUNK + 1], 1, 0);
        for cut in 1..head.len() {
            assert!(parse(&head[..cut]).is_none(), "cut at {cut}");
        }
        assert!(parse(&[]).is_none());
        assert!(parse(&[9, 1, 2]).is_none());
        let mut endless = head;
        endless[13] = 0xff;
        assert!(parse(&endless).is_none());
    }
}
