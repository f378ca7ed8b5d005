//! The logo of the pages: a picture from a file, read once.
//!
//! It owns which pictures there may be. It must not know where they are shown.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The largest logo, in bytes: customers on slow networks wait for it.
const LARGEST: u64 = 100_000;

/// A picture that browsers show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    /// Its content type, by its content.
    pub kind: &'static str,
    /// The content of the file.
    pub content: Vec<u8>,
}

impl Logo {
    /// Reads a picture.
    ///
    /// # Errors
    /// A file that cannot be read, is too large, or is no picture that browsers show, in a sentence for the operator.
    pub(super) fn read(file: &Path) -> Result<Self, String> {
        let mut content = Vec::new();
        let read = |file: File| file.take(LARGEST + 1).read_to_end(&mut content);
        File::open(file).and_then(read).map_err(|error: io::Error| error.to_string())?;
        if content.len() as u64 > LARGEST {
            return Err(format!("is larger than {} kB: expected a smaller picture", LARGEST / 1000));
        }
        let kind = kind(&content).ok_or("is no picture: expected PNG, SVG, JPEG or WebP")?;
        Ok(Self { kind, content })
    }
}

/// The content type of a picture, by its first bytes.
fn kind(content: &[u8]) -> Option<&'static str> {
    match content {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => {
            let text = std::str::from_utf8(content).ok()?.trim_start_matches('\u{feff}').trim_start();
            let begins = ["<svg", "<?xml", "<!--", "<!DOCTYPE svg"].iter().any(|start| text.starts_with(start));
            // Without its namespace, browsers do not show it.
            (begins && text.contains("<svg") && text.contains("http://www.w3.org/2000/svg")).then_some("image/svg+xml")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_known_by_its_content() {
        let svg = "<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>";
        for (content, expected) in [
            (&b"\x89PNG\r\n\x1a\n..."[..], Some("image/png")),
            (b"\xff\xd8\xff\xe0", Some("image/jpeg")),
            (b"RIFF\x00\x00\x00\x00WEBPVP8 ", Some("image/webp")),
            (svg.as_bytes(), Some("image/svg+xml")),
            (b"\xef\xbb\xbf <svg xmlns=\"http://www.w3.org/2000/svg\"/>", Some("image/svg+xml")),
            (b"<svg/>", None),
            (b"<!doctype html><svg xmlns='http://www.w3.org/2000/svg'/>", None),
            (b"GIF89a", None),
            (b"\x89PNG", None),
            (b"", None),
        ] {
            assert_eq!(kind(content), expected, "{}", String::from_utf8_lossy(content));
        }
    }
}
