//! What a vendor that misbehaves as told makes of a request.

use super::Reply;
use crate::conformance::Vendor;

/// The answer of a vendor that behaves so. `carry_out` does what was asked for and says what would be answered;
/// `refuse` is its way of saying no. Answers are lost where something was written: what only reads is answered, so that
/// the write is reached.
pub fn behave(
    vendor: Vendor,
    writes: bool,
    carry_out: impl FnOnce() -> Reply,
    refuse: impl FnOnce(u16) -> Reply,
) -> Reply {
    match vendor {
        Vendor::KnowsNobody => return refuse(404),
        Vendor::Forbids => return refuse(403),
        Vendor::RefusesCredentials => return refuse(401),
        Vendor::Throttles(hint) => {
            let reply = refuse(429);
            return match hint {
                Some(hint) => reply.with_header("retry-after", &hint.as_secs().to_string()),
                None => reply,
            };
        }
        _ => {}
    }
    let reply = carry_out();
    let happened = matches!(&reply, Reply::Answer { status, .. } if *status < 300);
    match vendor {
        _ if !writes || !happened => reply,
        Vendor::HangsAfter => Reply::Silence,
        Vendor::Cuts => Reply::Cut,
        Vendor::Trickles => Reply::Trickle,
        Vendor::TalksNonsense => Reply::Raw(b"\x00\x01 no HTTP".to_vec()),
        _ => reply,
    }
}
