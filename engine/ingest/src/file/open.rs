//! Opens an input: counts what is read of it, and unpacks gzip by what the bytes say.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::sync::Arc;

use flate2::bufread::MultiGzDecoder;

use super::{Input, ReadProgress};

const BUFFER: usize = 64 << 10;
const GZIP: [u8; 2] = [0x1f, 0x8b];
const UTF8_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// Opens an input as text, unpacked and without a byte order mark.
pub(crate) fn open(input: &Input, progress: Option<Arc<dyn ReadProgress>>) -> io::Result<Box<dyn BufRead>> {
    match input {
        Input::StandardInput => unpack(Counting { inner: io::stdin().lock(), progress }),
        Input::Path(path) => unpack(Counting { inner: File::open(path)?, progress }),
    }
}

fn unpack(raw: impl Read + 'static) -> io::Result<Box<dyn BufRead>> {
    let (beginning, raw) = look_at_beginning(raw, GZIP.len())?;
    let raw = BufReader::with_capacity(BUFFER, raw);
    if beginning == GZIP {
        return text(MultiGzDecoder::new(raw));
    }
    text(raw)
}

fn text(unpacked: impl Read + 'static) -> io::Result<Box<dyn BufRead>> {
    let (beginning, mut text) = look_at_beginning(unpacked, UTF8_MARK.len())?;
    if beginning.starts_with(&[0xff, 0xfe]) || beginning.starts_with(&[0xfe, 0xff]) {
        return Err(io::Error::other("the text is UTF-16; save it as UTF-8"));
    }
    if beginning == UTF8_MARK {
        text.read_exact(&mut [0; UTF8_MARK.len()])?;
    }
    Ok(Box::new(BufReader::with_capacity(BUFFER, text)))
}

/// Reads the first bytes, and gives them together with a reader that still has them.
fn look_at_beginning<R: Read>(mut reader: R, length: usize) -> io::Result<(Vec<u8>, impl Read)> {
    let mut beginning = Vec::with_capacity(length);
    (&mut reader).take(length as u64).read_to_end(&mut beginning)?;
    Ok((beginning.clone(), Cursor::new(beginning).chain(reader)))
}

/// Tells how much has been read, as it lies on disk.
struct Counting<R> {
    inner: R,
    progress: Option<Arc<dyn ReadProgress>>,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(into)?;
        if let Some(progress) = &self.progress {
            progress.read(length as u64);
        }
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn read(bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        unpack(Cursor::new(bytes))?.read_to_end(&mut text)?;
        Ok(text)
    }

    #[test]
    fn gzip_is_known_by_its_bytes_and_several_parts_are_one_text() {
        assert_eq!(read(b"plain".to_vec()).unwrap(), b"plain");
        assert_eq!(read(gzip(b"packed")).unwrap(), b"packed");
        assert_eq!(read([gzip(b"one "), gzip(b"two")].concat()).unwrap(), b"one two");
        assert_eq!(read(Vec::new()).unwrap(), b"");
        assert_eq!(read(vec![0x1f]).unwrap(), [0x1f]);
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_text() {
        let marked = [&UTF8_MARK[..], b"{}"].concat();
        assert_eq!(read(marked.clone()).unwrap(), b"{}");
        assert_eq!(read(gzip(&marked)).unwrap(), b"{}");
        assert!(read(vec![0xff, 0xfe, b'{', 0]).unwrap_err().to_string().contains("UTF-16"));
    }

    #[test]
    fn a_gzip_that_breaks_off_is_an_error_and_not_an_end() {
        let whole = gzip(&b"0123456789".repeat(1000));
        for cut in [3, 12, whole.len() / 2, whole.len() - 1] {
            assert!(read(whole[..cut].to_vec()).is_err(), "cut after {cut}");
        }
    }
}
