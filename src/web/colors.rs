//! The colors of all pages, light and dark, derived from the brand's color so that texts stay readable.
//!
//! It must not know what the style sheet does with them.

use data_encoding::HEXLOWER;

/// The default of `brand.color`.
pub const BRAND_COLOR: &str = "#2f6fed";

/// Red, green and blue.
type Rgb = [u8; 3];

const WHITE: Rgb = [0xff; 3];
const BLACK: Rgb = [0; 3];
/// The contrast that WCAG AA requires of texts.
const TEXT: f64 = 4.5;
/// The contrast that WCAG AA requires of the borders of controls, plus a margin for rounding.
const BORDER: f64 = 3.05;

/// The colors of the light pages or of the dark ones. A test checks their contrasts.
struct Scheme {
    /// Black or white: colors are mixed towards it to gain contrast.
    extreme: Rgb,
    /// The background of the page.
    paper: Rgb,
    /// The background of texts.
    card: Rgb,
    /// Texts.
    ink: Rgb,
    /// Secondary texts.
    soft: Rgb,
    /// Borders of controls.
    line: Rgb,
    /// The background of notices.
    alert: Rgb,
    /// The border of notices.
    warn: Rgb,
    /// The share of the brand's color in the background of the chosen face, from 0 to 1.
    tint: f64,
}

const LIGHT: Scheme = Scheme {
    extreme: BLACK,
    paper: [0xf3, 0xf4, 0xf8],
    card: WHITE,
    ink: [0x1c, 0x22, 0x30],
    soft: [0x56, 0x5e, 0x70],
    line: [0x82, 0x89, 0x9a],
    alert: [0xff, 0xf4, 0xde],
    warn: [0xb3, 0x78, 0x00],
    tint: 0.14,
};

const DARK: Scheme = Scheme {
    extreme: WHITE,
    paper: [0x11, 0x14, 0x1a],
    card: [0x1c, 0x20, 0x29],
    ink: [0xee, 0xf0, 0xf5],
    soft: [0xb0, 0xb7, 0xc6],
    line: [0x7f, 0x87, 0x98],
    alert: [0x3b, 0x31, 0x17],
    warn: [0xe0, 0xa0, 0x20],
    tint: 0.24,
};

impl Scheme {
    /// The background of the chosen face.
    fn tint(&self, brand: Rgb) -> Rgb {
        mix(self.card, brand, self.tint)
    }

    /// The border of elements in the brand's color: that color, mixed towards `extreme` until it has enough contrast
    /// with both the card and the tint.
    fn rim(&self, brand: Rgb) -> Rgb {
        let behind = [self.card, self.tint(brand)];
        let stands_out = |rim: &Rgb| behind.iter().all(|color| contrast(*rim, *color) >= BORDER);
        let mut steps = (0..=20).map(|step| mix(brand, self.extreme, f64::from(step) / 20.0));
        steps.find(stands_out).unwrap_or(self.extreme)
    }

    fn css(&self, brand: Rgb) -> String {
        let colors = [
            ("paper", self.paper),
            ("card", self.card),
            ("ink", self.ink),
            ("soft", self.soft),
            ("line", self.line),
            ("alert", self.alert),
            ("warn", self.warn),
            ("tint", self.tint(brand)),
            ("rim", self.rim(brand)),
        ];
        let rules = colors.map(|(name, rgb)| format!("--{name}:{}", hex(rgb)));
        format!(":root{{{}}}", rules.join(";"))
    }
}

/// The rules that name the colors of a brand. Its color is `#rgb` or `#rrggbb`. Anything else could inject style rules,
/// so [`BRAND_COLOR`] replaces it.
pub(super) fn css(color: &str) -> String {
    let brand = brand(color);
    format!(
        ":root{{--brand:{};--on-brand:{}}}\n{}\n@media(prefers-color-scheme:dark){{{}}}\n",
        hex(brand),
        hex(text_on(brand)),
        LIGHT.css(brand),
        DARK.css(brand),
    )
}

/// The brand's color, and that of texts on it, as `#rrggbb`.
pub(super) fn brand_colors(color: &str) -> [String; 2] {
    let brand = brand(color);
    [hex(brand), hex(text_on(brand))]
}

fn brand(color: &str) -> Rgb {
    parse(color).or_else(|| parse(BRAND_COLOR)).unwrap_or(BLACK)
}

fn parse(color: &str) -> Option<Rgb> {
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

fn hex(color: Rgb) -> String {
    format!("#{}", HEXLOWER.encode(&color))
}

/// The color of a text on `color`: white if the contrast suffices, else black, which then has a contrast above 4.6.
fn text_on(color: Rgb) -> Rgb {
    if contrast(WHITE, color) >= TEXT { WHITE } else { BLACK }
}

/// Mixes two colors. `part` is the share of the second, from 0 to 1.
fn mix(from: Rgb, to: Rgb, part: f64) -> Rgb {
    let between = |from: u8, to: u8| (f64::from(from) + (f64::from(to) - f64::from(from)) * part).round();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between two bytes")]
    std::array::from_fn(|at| between(from[at], to[at]) as u8)
}

/// The contrast ratio of WCAG 2, from 1 to 21.
fn contrast(one: Rgb, other: Rgb) -> f64 {
    let [one, other] = [one, other].map(|rgb| luminance(rgb) + 0.05);
    one.max(other) / one.min(other)
}

/// The relative luminance of WCAG 2.
fn luminance(rgb: Rgb) -> f64 {
    let linear = rgb.map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_color_cannot_inject_style_rules() {
        for color in ["red;} * { display: none", "", "#", "#12345", "#+12345", "#ffé", "rgb(0,0,0)"] {
            assert_eq!(css(color), css(BRAND_COLOR), "{color}");
        }
        assert!(css("#2f6fed").starts_with(":root{--brand:#2f6fed;--on-brand:#ffffff}\n"));
    }

    #[test]
    fn our_own_colors_have_enough_contrast() {
        for scheme in [LIGHT, DARK] {
            for behind in [scheme.paper, scheme.card, scheme.alert] {
                assert!(contrast(scheme.ink, behind) >= TEXT && contrast(scheme.soft, behind) >= TEXT);
            }
            assert!(contrast(scheme.line, scheme.card) >= BORDER && contrast(scheme.warn, scheme.alert) >= BORDER);
        }
        assert!((contrast(WHITE, BLACK) - 21.0).abs() < 1e-9 && contrast([0x77; 3], WHITE) < TEXT);
    }

    fn check_contrasts(brand: Rgb) {
        let name = hex(brand);
        assert!(contrast(text_on(brand), brand) >= TEXT, "{name}");
        for scheme in [LIGHT, DARK] {
            let (tint, rim) = (scheme.tint(brand), scheme.rim(brand));
            assert!(contrast(scheme.ink, tint) >= TEXT, "{name}: a word on {tint:?}");
            assert!(contrast(rim, scheme.card) >= 3.0 && contrast(rim, tint) >= 3.0, "{name}: {rim:?}");
        }
    }

    #[test]
    fn texts_are_readable_with_extreme_brand_colors() {
        for red in [0, 0xff] {
            for green in [0, 0xff] {
                for blue in [0, 0xff] {
                    check_contrasts([red, green, blue]);
                }
            }
        }
        assert_eq!(text_on([0xff, 0xe6, 0]), BLACK);
        assert_eq!(LIGHT.rim([0x2f, 0x6f, 0xed]), [0x2f, 0x6f, 0xed], "a color with enough contrast is kept");
    }

    proptest! {
        #[test]
        fn texts_are_readable_with_any_brand_color(brand: Rgb) {
            check_contrasts(brand);
        }
    }
}
