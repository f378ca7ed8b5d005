//! The stylesheet and the script of the demo's page, apart from those of the customers' pages, which stay small.
//!
//! Their paths contain a hash of the content, so browsers may keep them.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// A file that the page links to.
pub(super) struct Asset {
    pub path: String,
    kind: &'static str,
    content: &'static str,
}

impl Asset {
    fn new(name: &str, kind: &'static str, content: &'static str) -> Self {
        let (stem, ending) = name.split_once('.').unwrap_or((name, ""));
        let hash = HEXLOWER.encode(&Sha256::digest(content)[..8]);
        Self { path: format!("/demo/{stem}.{hash}.{ending}"), kind, content }
    }

    pub(super) fn serve(&self) -> Response {
        let headers =
            [(header::CONTENT_TYPE, self.kind), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
        (headers, self.content).into_response()
    }
}

pub(super) fn style() -> Asset {
    Asset::new("page.css", "text/css; charset=utf-8", include_str!("../../../templates/demo/page.css"))
}

pub(super) fn script() -> Asset {
    Asset::new("page.js", "text/javascript; charset=utf-8", include_str!("../../../templates/demo/page.js"))
}
