//! Forms that are posted to the admin pages: who sent one, what it says, and the page that its answer leads back to.
//!
//! It owns which posts are refused and which paths are ours. It must not know what a form is for.

use super::session::Viewer;
use crate::gateway::Error;
use crate::survey::access::Scope;
use crate::web::App;
use crate::web::body::Unread;
use crate::web::code::Code;
use crate::web::error::Failure;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// Where the admin pages start.
pub(super) const START: &str = "/admin";

/// A form that somebody known posted from a page of ours. Nobody has read it yet: [`by`](Self::by) does. Another site's is
/// refused, and a stranger is sent to sign in.
pub(super) struct Form {
    viewer: Viewer,
    body: Unread,
}

impl FromRequest<Arc<App>> for Form {
    type Rejection = Response;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Response> {
        app.refuse_cross_site(request.headers()).map_err(IntoResponse::into_response)?;
        let (mut parts, body) = request.into_parts();
        let viewer = Viewer::from_request_parts(&mut parts, app).await?;
        let Ok(body) = Unread::from_request(Request::from_parts(parts, body), app).await;
        Ok(Self { viewer, body })
    }
}

impl Form {
    /// Reads it, if its sender has the scope that is needed.
    ///
    /// # Errors
    /// A sender without the scope, a form that is too large, or one that is not whole.
    pub(super) async fn by(self, app: &App, needed: Scope) -> Result<Posted, Failure> {
        if !self.viewer.access.scope.includes(needed) {
            return Err(Error::Forbidden(needed).into());
        }
        Ok(Posted { viewer: self.viewer, fields: Fields::read(&self.body.form(app).await?) })
    }
}

/// A form that was read.
pub(super) struct Posted {
    /// Who sent it. The name of its `access` is that of a key or of a proxy's user: the one to log for what was done.
    pub(super) viewer: Viewer,
    /// What it says.
    pub(super) fields: Fields,
}

impl Posted {
    /// Leads back to the page that the field `to` names, else to the usual one.
    pub(super) fn back(&self, usual: &str) -> Response {
        go_to(self.fields.to(usual))
    }
}

/// The fields of a form, or of a query.
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads them; none of a text that is not form-encoded.
    pub(super) fn read(text: &[u8]) -> Self {
        Self(serde_urlencoded::from_bytes(text).unwrap_or_default())
    }

    /// A field without the space around it, unless it is blank.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let field = self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim());
        field.filter(|value| !value.is_empty())
    }

    /// The path of ours that the field `to` names, else the usual one.
    pub(super) fn to<'f>(&'f self, usual: &'f str) -> &'f str {
        self.get("to").filter(|to| is_ours(to)).unwrap_or(usual)
    }
}

impl App {
    /// Refuses a form that another site posts. The cookie would not come with it, but a proxy's header would.
    pub(super) fn refuse_cross_site(&self, headers: &HeaderMap) -> Result<(), Failure> {
        let refused = || Failure::new(Code::AnotherSite, "another site sent this form");
        if self.cross_site(headers) { Err(refused()) } else { Ok(()) }
    }
}

/// Whether it is the path of an admin page, and nothing that leads elsewhere.
fn is_ours(to: &str) -> bool {
    let rest = to.strip_prefix(START);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?'])) && to.bytes().all(|c| c.is_ascii_graphic())
}

/// Sends a browser on to a path, with a GET.
pub(super) fn go_to(path: &str) -> Response {
    let to = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static(START));
    (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_leads_back_to_admin_pages_only() {
        for fine in ["/admin", "/admin/ratings?score=1&team=A%20B", "/admin?period=7d"] {
            assert!(is_ours(fine), "{fine}");
        }
        for bad in
            ["", "//evil.example", "https://evil.example", "/administration", "/r/token", "/admin/\r\nX: y", "/admin/é"]
        {
            assert!(!is_ours(bad), "{bad}");
        }
        let to = |text: &str| Fields::read(text.as_bytes()).to("/admin/ratings").to_owned();
        assert_eq!(to("to=%2Fadmin%3Fperiod%3D7d"), "/admin?period=7d");
        assert_eq!([to("to=%2F%2Fevil.example"), to("to="), to("x=1"), to("%")], ["/admin/ratings"; 4]);
    }

    #[test]
    fn a_blank_field_is_none() {
        let fields = Fields::read(b"reason=+not+ours+&note=+");
        assert_eq!((fields.get("reason"), fields.get("note"), fields.get("other")), (Some("not ours"), None, None));
    }
}
