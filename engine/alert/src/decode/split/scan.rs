//! Steps over JSON without understanding it: brackets, quotes and nothing else.

/// Whether an object or an array begins here.
pub(super) fn is_container(bytes: &[u8]) -> bool {
    matches!(bytes.first(), Some(b'{' | b'['))
}

/// The next byte that is no blank.
pub(super) fn skip_blanks(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    from + rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}

/// The end of the value that begins here; nothing where it has none.
pub(super) fn skip_value(bytes: &[u8], from: usize) -> Option<usize> {
    match bytes.get(from)? {
        b'"' => skip_string(bytes, from),
        b'{' | b'[' => skip_container(bytes, from),
        _ => {
            let rest = &bytes[from..];
            let length = rest.iter().take_while(|byte| !matches!(byte, b',' | b']' | b'}')).count();
            Some(from + rest[..length].trim_ascii_end().len())
        }
    }
}

/// The members of an object, each with its name and the place where its value begins.
pub(super) fn member_names(bytes: &[u8]) -> impl Iterator<Item = (&[u8], usize)> {
    let mut at = skip_blanks(bytes, 1);
    std::iter::from_fn(move || {
        if bytes.get(at) == Some(&b',') {
            at = skip_blanks(bytes, at + 1);
        }
        if bytes.get(at) != Some(&b'"') {
            return None;
        }
        let name_end = skip_string(bytes, at)?;
        let name = &bytes[at + 1..name_end - 1];
        let colon = skip_blanks(bytes, name_end);
        if bytes.get(colon) != Some(&b':') {
            return None;
        }
        let value = skip_blanks(bytes, colon + 1);
        // A value without an end is the last one there is.
        at = skip_value(bytes, value).map_or(bytes.len(), |end| skip_blanks(bytes, end));
        Some((name, value))
    })
}

fn skip_string(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from + 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

fn skip_container(bytes: &[u8], from: usize) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, from);
    loop {
        match bytes.get(at)? {
            b'"' => {
                at = skip_string(bytes, at)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
}
