//! The stylesheet and the script of the pages, under paths that hold a hash of their content.
//!
//! It owns what is in them: the files beside the templates, and the brand's color in front of the stylesheet. It must
//! not know how they are served. A path changes with its content, so browsers may keep what they got for ever.

use axum::body::Bytes;
use sha2::{Digest, Sha256};

const CSS: &str = include_str!("../../templates/page/page.css");
const JS: &[u8] = include_bytes!("../../templates/page/page.js");
/// The color of a brand that has none of its own.
pub const BRAND_COLOR: &str = "#2f6fed";

/// What the pages link to. Made once, at start.
#[derive(Clone, Debug)]
pub struct Assets {
    /// Where the stylesheet is served.
    pub css_path: String,
    /// Where the script is served.
    pub js_path: String,
    /// The stylesheet, `text/css; charset=utf-8`.
    pub css: Bytes,
    /// The script, `text/javascript; charset=utf-8`.
    pub js: Bytes,
}

impl Assets {
    /// Puts a brand's color in front of the stylesheet, with the color of texts on it. The color is `#rgb` or
    /// `#rrggbb`; anything else would be free to write style rules, so it becomes [`BRAND_COLOR`].
    #[must_use]
    pub fn new(color: &str) -> Self {
        let (color, rgb) = parse(color).map_or((BRAND_COLOR, [0x2f, 0x6f, 0xed]), |rgb| (color, rgb));
        let css = format!(":root{{--brand:{color};--on-brand:{}}}\n{CSS}", text_on(rgb));
        Self {
            css_path: path("css", css.as_bytes()),
            js_path: path("js", JS),
            css: css.into(),
            js: Bytes::from_static(JS),
        }
    }
}

fn path(kind: &str, content: &[u8]) -> String {
    let hash = Sha256::digest(content).iter().take(8).fold(0, |hash: u64, byte| hash << 8 | u64::from(*byte));
    format!("/assets/page.{hash:016x}.{kind}")
}

fn parse(color: &str) -> Option<[u8; 3]> {
    let digits = color.strip_prefix('#')?;
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let number = u32::from_str_radix(digits, 16).ok()?;
    match digits.len() {
        6 => {
            let [_, rgb @ ..] = number.to_be_bytes();
            Some(rgb)
        }
        3 => Some([8, 4, 0].map(|shift| u8::try_from(number >> shift & 0xf).unwrap_or(0) * 0x11)),
        _ => None,
    }
}

/// White where WCAG AA allows it (a contrast of 4.5), else black, which then has more than 4.6.
fn text_on(rgb: [u8; 3]) -> &'static str {
    if 1.05 / (luminance(rgb) + 0.05) >= 4.5 { "#fff" } else { "#000" }
}

/// The relative luminance of WCAG 2.
fn luminance(rgb: [u8; 3]) -> f64 {
    let linear = rgb.map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_changes_with_its_content() {
        let (blue, red) = (Assets::new("#2f6fed"), Assets::new("#c00"));
        assert_ne!(blue.css_path, red.css_path);
        assert_eq!(blue.js_path, red.js_path);
        assert_eq!(blue.css_path, Assets::new("#2f6fed").css_path);
        assert!(blue.css.starts_with(b":root{--brand:#2f6fed;--on-brand:#fff}\n"));
    }

    #[test]
    fn a_color_cannot_write_rules() {
        for color in ["red;} * { display: none", "", "#", "#12345", "#+12345", "#ffé", "rgb(0,0,0)"] {
            assert_eq!(Assets::new(color).css_path, Assets::new(BRAND_COLOR).css_path, "{color}");
        }
    }

    #[test]
    fn text_on_any_color_has_enough_contrast() {
        assert_eq!(text_on([0xff, 0xe6, 0]), "#000");
        for number in (0..0x0100_0000_u32).step_by(997) {
            let [_, rgb @ ..] = number.to_be_bytes();
            let light = luminance(rgb) + 0.05;
            let contrast = if text_on(rgb) == "#fff" { 1.05 / light } else { light / 0.05 };
            assert!(contrast >= 4.5, "{number:06x}: {contrast}");
        }
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere() {
        for file in [CSS.as_bytes(), JS] {
            let file = String::from_utf8_lossy(file);
            assert!(!file.contains("url(") && !file.contains("@import") && !file.contains("//cdn"));
        }
    }
}
