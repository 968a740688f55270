//! The little of BER that LDAP needs: tags of one byte, definite lengths.

/// An element: its tag and what is in it.
#[derive(Debug, Clone, Copy)]
pub struct Element<'a> {
    pub tag: u8,
    pub content: &'a [u8],
}

/// Takes the first element off; nothing while it is not complete.
pub fn take(bytes: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        short @ 0..0x80 => (usize::from(short), rest),
        long => {
            let (digits, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            (digits.iter().fold(0, |sum, digit| (sum << 8) | usize::from(*digit)), rest)
        }
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((Element { tag, content }, rest))
}

impl<'a> Element<'a> {
    /// The elements in it.
    pub fn inner(&self) -> Vec<Element<'a>> {
        let (mut elements, mut rest) = (Vec::new(), self.content);
        while let Some((element, after)) = take(rest) {
            elements.push(element);
            rest = after;
        }
        elements
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.content).into_owned()
    }

    pub fn number(&self) -> i64 {
        self.content.iter().fold(0, |sum, byte| (sum << 8) | i64::from(*byte))
    }
}

pub fn put(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    match content.len() {
        short @ 0..0x80 => bytes.push(short as u8),
        long => {
            let digits = (long as u32).to_be_bytes();
            bytes.push(0x84);
            bytes.extend(digits);
        }
    }
    bytes.extend_from_slice(content);
    bytes
}

pub fn text(text: &str) -> Vec<u8> {
    put(0x04, text.as_bytes())
}

pub fn integer(value: i64) -> Vec<u8> {
    put(0x02, &(value as i32).to_be_bytes())
}

pub fn enumerated(value: u32) -> Vec<u8> {
    put(0x0a, &[value as u8])
}

pub fn sequence(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    put(tag, &parts.concat())
}
