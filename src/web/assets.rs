//! The files that the pages link to: style sheet, script, icon and logo. Their paths contain a hash of the content, so
//! browsers may cache them without a time limit.
//!
//! It owns these files and how they are served: compressed once, at start. It must not know what a page shows.

use super::colors;
use super::error::Failure;
use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use std::io::Write;

pub use super::colors::BRAND_COLOR;

const CSS: &str = include_str!("../../templates/page/page.css");
const ADMIN_CSS: &str = include_str!("../../templates/admin/admin.css");
const DOCS_CSS: &str = include_str!("../../templates/docs/docs.css");
const JS: &str = include_str!("../../templates/page/page.js");
const ICON: &str = include_str!("../../templates/page/icon.svg");

/// The content of SVG files.
const SVG: &str = "image/svg+xml";
/// A picture is not a page: should somebody open an SVG by its address, no script in it runs, and it loads nothing.
const PICTURE_SECURITY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/// A file that pages link to.
#[derive(Clone, Debug)]
pub struct Asset {
    /// Its path on this host.
    pub path: String,
    /// Its content type.
    pub kind: &'static str,
    /// Its content.
    pub content: Bytes,
    /// Its content, compressed; `None` if that saves nothing.
    pub gzip: Option<Bytes>,
}

impl Asset {
    /// A file of a name, the end of that name, a content type and a content.
    #[must_use]
    pub fn new(name: &str, end: &str, kind: &'static str, content: impl Into<Bytes>) -> Self {
        let content = content.into();
        let hash = hash(&content);
        let gzip = gzip(&content).filter(|gzip| gzip.len() < content.len());
        Self { path: format!("/assets/{name}.{hash}.{end}"), kind, content, gzip }
    }

    /// Answers a request for it with these headers, compressed if the browser takes that.
    #[must_use]
    pub fn answer(&self, headers: &HeaderMap) -> Response {
        let gzip = self.gzip.as_ref().filter(|_| takes_gzip(headers));
        let content = gzip.unwrap_or(&self.content).clone();
        // The hash of the content is in its path, so browsers may keep it.
        let caching = [(header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
        let mut response = ([(header::CONTENT_TYPE, self.kind)], caching, content).into_response();
        let mut set = |name: HeaderName, value: &'static str| {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        };
        if gzip.is_some() {
            set(header::CONTENT_ENCODING, "gzip");
        }
        if self.gzip.is_some() {
            set(header::VARY, "accept-encoding");
        }
        if self.kind.starts_with("image/") {
            set(header::CONTENT_SECURITY_POLICY, PICTURE_SECURITY);
        }
        response
    }
}

/// A text at a path without a hash. It changes with the version and the configuration, so browsers may keep it, but ask
/// each time whether it is still the same.
#[derive(Debug)]
pub(super) struct Tagged {
    asset: Asset,
    tag: HeaderValue,
}

impl Tagged {
    /// A text of a content type.
    pub(super) fn new(kind: &'static str, text: String) -> Self {
        let asset = Asset::new("text", "", kind, text);
        // Weak, because it is the same for the compressed text.
        let tag = format!("W/\"{}\"", hash(&asset.content));
        Self { asset, tag: HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("W/\"\"")) }
    }

    /// Answers a request for it with these headers: 304 if the browser has it.
    pub(super) fn answer(&self, headers: &HeaderMap) -> Response {
        let tags = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let mut tags = tags.flat_map(|value| value.split(',')).map(str::trim);
        let has_it = tags.any(|tag| tag.as_bytes() == self.tag.as_bytes());
        let mut response = if has_it { StatusCode::NOT_MODIFIED.into_response() } else { self.asset.answer(headers) };
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response.headers_mut().insert(header::ETAG, self.tag.clone());
        response
    }
}

/// The files that the pages link to. Made once, at start.
#[derive(Clone, Debug)]
pub struct Assets {
    /// The style sheet.
    pub css: Asset,
    /// The style sheet of the admin pages.
    pub admin_css: Asset,
    /// What the page about the API adds to that.
    pub docs_css: Asset,
    /// The script.
    pub js: Asset,
    /// The icon of the browser's tab.
    pub icon: Asset,
    /// The brand's logo, if there is one.
    pub logo: Option<Asset>,
}

impl Assets {
    /// Puts the colors of a brand in front of the style sheet, and into the icon. Its color is `#rgb` or `#rrggbb`; any
    /// other text gives [`BRAND_COLOR`]. `logo` is its content type and its content.
    #[must_use]
    pub fn new(color: &str, logo: Option<(&'static str, Vec<u8>)>) -> Self {
        let [brand, on_brand] = colors::brand_colors(color);
        let icon = ICON.replace("#000", &brand).replace("#fff", &on_brand);
        let sheet = |name, css| Asset::new(name, "css", "text/css; charset=utf-8", colors::css(color) + &dense(css));
        Self {
            css: sheet("page", CSS),
            admin_css: sheet("admin", ADMIN_CSS),
            docs_css: Asset::new("docs", "css", "text/css; charset=utf-8", dense(DOCS_CSS)),
            js: Asset::new("page", "js", "text/javascript; charset=utf-8", dense(JS)),
            icon: Asset::new("icon", "svg", SVG, icon),
            logo: logo.map(|(kind, content)| Asset::new("logo", ending(kind), kind, content)),
        }
    }

    /// Answers the request of a file, compressed if the browser takes that.
    ///
    /// # Errors
    /// There is no such file.
    pub(super) fn answer(&self, path: &str, headers: &HeaderMap) -> Result<Response, Failure> {
        let mut all = [&self.css, &self.admin_css, &self.docs_css, &self.js, &self.icon].into_iter().chain(&self.logo);
        all.find(|asset| asset.path == path).map(|asset| asset.answer(headers)).ok_or_else(Failure::not_found)
    }
}

/// The end of a picture's name.
fn ending(kind: &str) -> &str {
    if kind == SVG { "svg" } else { kind.strip_prefix("image/").unwrap_or("bin") }
}

/// A style sheet or script without indentation, empty lines and lines that only comment.
fn dense(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| {
        let comment = line.starts_with("//") || line.starts_with("/*") && line.ends_with("*/");
        !line.is_empty() && !comment
    });
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// Names a content.
fn hash(content: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(content)[..8])
}

fn gzip(content: &[u8]) -> Option<Bytes> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(content).ok()?;
    gzip.finish().ok().map(Bytes::from)
}

/// Whether an `Accept-Encoding` takes gzip (RFC 9110, 12.5.3): by its name, or else by `*`, unless its weight is 0.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let codings: Vec<_> = values.flat_map(|value| value.split(',')).map(str::trim).collect();
    let weight = |name: &str| {
        codings.iter().find_map(|coding| {
            let (coding, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
            let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok());
            coding.trim().eq_ignore_ascii_case(name).then(|| weight.unwrap_or(0.0))
        })
    };
    weight("gzip").or_else(|| weight("*")).is_some_and(|weight| weight > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;
    use std::io::Read;

    #[test]
    fn a_path_changes_with_its_content() {
        let (blue, red) = (Assets::new("#2f6fed", None), Assets::new("#c00", None));
        assert_ne!(blue.css.path, red.css.path);
        assert_ne!(blue.icon.path, red.icon.path);
        assert_eq!(blue.js.path, red.js.path);
        assert_eq!(blue.css.path, Assets::new("#2f6fed", None).css.path);
        assert!(String::from_utf8_lossy(&red.icon.content).contains("#cc0000"));
    }

    #[test]
    fn what_is_compressed_is_the_same() {
        let assets = Assets::new(BRAND_COLOR, Some(("image/png", vec![7, 1, 0])));
        for asset in [&assets.css, &assets.js, &assets.icon] {
            let gzip = asset.gzip.as_ref().expect("a text that shrinks");
            let mut content = Vec::new();
            GzDecoder::new(&gzip[..]).read_to_end(&mut content).expect("gzip");
            assert_eq!(content, asset.content);
        }
        let logo = assets.logo.expect("a logo");
        assert!(logo.gzip.is_none(), "three bytes do not shrink");
        assert!(std::path::Path::new(&logo.path).extension().is_some_and(|extension| extension == "png"));
    }

    #[test]
    fn a_browser_says_whether_it_takes_gzip() {
        for (accept, takes) in [
            ("gzip, deflate, br", true),
            ("br;q=1.0, GZIP;q=0.2", true),
            ("*", true),
            ("*;q=0.1", true),
            ("gzip;q=0", false),
            ("gzip;q=0.000, *", false),
            ("*;q=0", false),
            ("identity", false),
            ("br", false),
            ("gzip;q=many", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(accept))]);
            assert_eq!(takes_gzip(&headers), takes, "{accept}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn the_files_load_nothing_from_other_hosts() {
        for file in [CSS, ADMIN_CSS, DOCS_CSS, JS, ICON] {
            let file = file.replace("http://www.w3.org/2000/svg", "");
            assert!(!file.contains("url(") && !file.contains("@import") && !file.contains("//cdn"));
            assert!(!file.contains("http"));
        }
    }
}
