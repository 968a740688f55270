//! [`Mishap`]: what can happen at one call.

use crate::scripted::{Reply, dressed_up, of_old};

/// What happens at one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    /// It is carried out, and no answer comes.
    Silence,
    /// It is carried out, and the answer breaks off.
    Cut,
    /// It is carried out, and the answer breaks off in the middle of a part of it.
    CutChunk,
    /// It is carried out, and the answer never ends.
    Trickle,
    /// It is carried out, and the answer is not HTTP.
    Garbage,
    /// It is carried out, and the answer is a page for people.
    Page,
    /// It is carried out, and the answer says that it was taken, and nothing else.
    Empty,
    /// It is carried out, and the answer is larger than any that makes sense.
    Oversized,
    /// It is not carried out: something broke over there.
    Fails,
    /// It is not carried out: it should come again in a second.
    IsBusy,
    /// It is not carried out: a front door has lost its way, and says in its own words that there is nothing.
    GoesAstray,
    /// It is not carried out, though the answer says that it was.
    IsIgnored,
    /// It is not carried out: the token has ended.
    TokenEnds,
    /// It is carried out, and the answer is right, though in other clothes: packed, in parts, with a mark of its encoding,
    /// and with more in it than was known.
    DressedUp,
    /// It is carried out, and the answer is right, though as it was given before there was HTTP/1.1.
    OfOld,
}

impl Mishap {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Silence,
        Self::Cut,
        Self::CutChunk,
        Self::Trickle,
        Self::Garbage,
        Self::Page,
        Self::Empty,
        Self::Oversized,
        Self::Fails,
        Self::IsBusy,
        Self::GoesAstray,
        Self::IsIgnored,
        Self::TokenEnds,
        Self::DressedUp,
        Self::OfOld,
    ];

    /// Whether the answer is right all the same: nothing may come of it.
    pub(super) fn is_harmless(self) -> bool {
        matches!(self, Self::DressedUp | Self::OfOld | Self::TokenEnds)
    }

    /// What comes of a call at which it happens. `refuse` is the vendor's way of saying no with a status. The end of a
    /// token is for whoever gave it out.
    pub fn happens(self, carry_out: impl FnOnce() -> Reply, refuse: impl FnOnce(u16) -> Reply) -> Reply {
        match self {
            Self::Fails => refuse(500),
            Self::IsBusy => refuse(503).with_header("retry-after", "1"),
            Self::GoesAstray => {
                let page = b"<html><title>404 Not Found</title>".to_vec();
                let headers = vec![("content-type".to_owned(), "text/html; charset=utf-8".to_owned())];
                Reply::Answer { status: 404, headers, body: page }
            }
            Self::IsIgnored => Reply::status(204),
            Self::TokenEnds => carry_out(),
            Self::DressedUp => dressed_up(carry_out()),
            Self::OfOld => of_old(carry_out()),
            lost => {
                carry_out();
                lost.instead()
            }
        }
    }

    /// What is sent instead of the answer, where it is lost.
    fn instead(self) -> Reply {
        let answer = |status, body| Reply::Answer { status, headers: Vec::new(), body };
        match self {
            Self::Silence => Reply::Silence,
            Self::Cut => Reply::Cut,
            Self::CutChunk => Reply::Raw(CUT_CHUNK.to_vec()),
            Self::Trickle => Reply::Trickle,
            Self::Garbage => Reply::Raw(b"\x00\x01 no HTTP".to_vec()),
            Self::Page => answer(200, b"<html>".to_vec()),
            Self::Empty => answer(202, Vec::new()),
            _ => answer(200, vec![b' '; 5 * 1024 * 1024]),
        }
    }
}

const CUT_CHUNK: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n8\r\n{\"id\": \"\r\n40\r\nhalf of it";
