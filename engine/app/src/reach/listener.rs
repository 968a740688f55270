//! Who listens at an address of this machine, as the kernel tells everybody.

use std::fs;
use std::net::{IpAddr, SocketAddr};

/// What the kernel calls a socket that listens.
const LISTENS: &str = "0A";

/// Whether it is this user, or root, who listens there; and nobody else. What cannot be read shows nothing.
pub(super) fn is_of(listen: SocketAddr, owner: u32) -> bool {
    let table = if listen.is_ipv4() { "/proc/net/tcp" } else { "/proc/net/tcp6" };
    is_said_to_be_of(&fs::read_to_string(table).unwrap_or_default(), listen, owner)
}

fn is_said_to_be_of(table: &str, listen: SocketAddr, owner: u32) -> bool {
    let owners = owners(table, listen);
    !owners.is_empty() && owners.iter().all(|user| [Some(owner), Some(0)].contains(user))
}

/// Whose the sockets are that listen at an address.
fn owners(table: &str, listen: SocketAddr) -> Vec<Option<u32>> {
    let here = spelled(listen);
    let owner = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let is_here = fields.get(1) == Some(&here.as_str()) && fields.get(3) == Some(&LISTENS);
        is_here.then(|| fields.get(7).and_then(|user| user.parse().ok()))
    };
    table.lines().filter_map(owner).collect()
}

/// An address as the table has it: each four bytes as a number of this machine.
fn spelled(listen: SocketAddr) -> String {
    let bytes = match listen.ip() {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let number =
        |four: &[u8]| format!("{:08X}", four.iter().rev().fold(0, |all, byte| all << 8 | u32::from(*byte)));
    let address: String = bytes.chunks(4).map(number).collect();
    format!("{address}:{:04X}", listen.port())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    const TABLE: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1EC6 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 30001 1 0 100 0 0 10 0
   1: 0100007F:1EC7 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 30002 1 0 100 0 0 10 0
   2: 0100007F:1EC8 0100007F:1EC6 01 00000000:00000000 00:00000000 00000000  1000        0 30003 1 0 100 0 0 10 0
   3: 00000000:1EC9 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 30004 1 0 100 0 0 10 0
   4: 0100007F:1ECA 00000000:0000 0A 00000000:00000000 00:00000000 00000000  what        0 30005 1 0 100 0 0 10 0
   5: 0100007F:1ECB 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 30006 1 0 100 0 0 10 0
   6: 0100007F:1ECB 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1001        0 30007 1 0 100 0 0 10 0
";

    #[test]
    #[cfg(target_endian = "little")]
    fn the_table_says_whose_a_listener_is() {
        let at = |port: u16| owners(TABLE, SocketAddr::from(([127, 0, 0, 1], port)));
        assert_eq!((at(0x1ec6), at(0x1ec7)), (vec![Some(1000)], vec![Some(0)]));
        assert_eq!(at(0x1ec8), [], "a connection is no listener");
        assert_eq!(at(0x1ec9), [], "another address");
        assert_eq!(at(0x1eca), [None]);
        assert_eq!(at(0x1ecb), [Some(1000), Some(1001)]);
        let is_of =
            |port: u16, owner| is_said_to_be_of(TABLE, SocketAddr::from(([127, 0, 0, 1], port)), owner);
        assert!(is_of(0x1ec6, 1000) && is_of(0x1ec7, 1000), "root may listen in anybody's place");
        for (port, why) in [(0x1ec8, "nobody"), (0x1eca, "whoever it is"), (0x1ecb, "somebody else too")] {
            assert!(!is_of(port, 1000), "{why} listens at {port}");
        }
        assert!(!is_of(0x1ec6, 1001));
        let six: SocketAddr = "[::1]:7878".parse().unwrap();
        assert_eq!(spelled(six), "00000000000000000000000001000000:1EC6");
    }

    #[test]
    fn a_token_goes_to_a_listener_of_the_right_user_only() {
        let folder = tempfile::tempdir().unwrap();
        let user = folder.path().metadata().unwrap().uid();
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(address) else { continue };
            let here = listener.local_addr().unwrap();
            assert!(is_of(here, user), "{here}");
            assert_eq!(is_of(here, user + 1), user == 0, "{here}: root may listen in anybody's place");
            drop(listener);
            assert!(!is_of(here, user), "{here}: nobody is there");
        }
    }
}
