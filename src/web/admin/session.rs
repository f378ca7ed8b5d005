//! Signing in and out, and who looks at an admin page.
//!
//! It owns the cookie and its attributes. It must not know how a session is signed, nor what its holder may see. A key is
//! posted in a form once: it is in no URL, no cookie and no log.

use super::form::{Fields, START, go_to};
use super::page::{Onward, SignIn, html, shell};
use crate::gateway::{Access, Error};
use crate::web::App;
use crate::web::api::HandlerResult;
use crate::web::body::Unread;
use crate::web::error::Failure;
use crate::web::extract::note_key;
use crate::web::limit::peer;
use axum::extract::{FromRequestParts, RawQuery, State};
use axum::http::request::Parts;
use axum::http::uri::PathAndQuery;
use axum::http::{Extensions, HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// The name of the cookie. On https browsers hold the prefix: no other host, and nobody on http, can set such a cookie.
const COOKIE: [&str; 2] = ["afterword_admin", "__Secure-afterword_admin"];
/// What all cookies of ours say: for the admin pages only, out of reach of scripts, and never sent on behalf of other sites.
const ATTRIBUTES: &str = "Path=/admin; HttpOnly; SameSite=Strict";

/// Who looks at a page. Without one, a request is sent to sign in.
#[derive(Debug)]
pub(super) struct Viewer {
    /// What the viewer may see.
    pub(super) access: Access,
    /// Whether a key was used, so that there is something to sign out of.
    pub(super) by_key: bool,
}

impl FromRequestParts<Arc<App>> for Viewer {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        let viewer = app.viewer(&parts.headers, &parts.extensions).await.map_err(IntoResponse::into_response)?;
        viewer.ok_or_else(|| app.ask_to_sign_in(parts))
    }
}

impl App {
    /// Who sends a request: a user whom a trusted proxy names, or the holder of a session. `None` if nobody known does.
    async fn viewer(&self, headers: &HeaderMap, extensions: &Extensions) -> Result<Option<Viewer>, Failure> {
        if let Some(name) = &self.gateway.config.admin.user_header {
            let named: Vec<_> = headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default()).collect();
            // A proxy that adds its header to one that the client sent would give two.
            if let [user] = named.as_slice()
                && let Some(access) = self.gateway.vouched(user.trim(), peer(extensions))
            {
                return Ok(Some(Viewer { access, by_key: false }));
            }
        }
        let Some(token) = cookie(headers, self.cookie_name()) else { return Ok(None) };
        match self.gateway.resume(token).await {
            Ok(access) => Ok(Some(Viewer { access, by_key: true })),
            Err(Error::UnknownKey) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn ask_to_sign_in(&self, parts: &Parts) -> Response {
        let wanted = parts.uri.path_and_query().map_or(START, PathAndQuery::as_str);
        let to = if parts.method == Method::GET { wanted } else { START };
        let query = serde_urlencoded::to_string([("to", to)]).unwrap_or_default();
        let path = format!("/admin/sign-in?{query}");
        if parts.headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site") {
            // A browser that follows a link of another site, such as a webmail, keeps the cookie back, also through a
            // redirect. A request that our own page sends next has it again.
            let page = html(&Onward { shell: shell(self, None, None), path: &path });
            return ([(header::REFRESH, format!("0;url={path}"))], page).into_response();
        }
        go_to(&path)
    }

    /// Whether browsers must keep the cookie to https.
    fn is_secure(&self) -> bool {
        self.gateway.config.public_url.is_https()
    }

    fn cookie_name(&self) -> &'static str {
        COOKIE[usize::from(self.is_secure())]
    }

    /// The header that sets the cookie for that many seconds; for none, it takes the cookie away.
    fn set_cookie(&self, token: &str, seconds: i64) -> [(header::HeaderName, String); 1] {
        let secure = if self.is_secure() { "; Secure" } else { "" };
        let name = self.cookie_name();
        [(header::SET_COOKIE, format!("{name}={token}; Max-Age={seconds}; {ATTRIBUTES}{secure}"))]
    }
}

/// The form. A viewer who is signed in already is sent on.
pub(super) async fn ask(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    extensions: Extensions,
    RawQuery(query): RawQuery,
) -> HandlerResult {
    let fields = Fields::read(query.unwrap_or_default().as_bytes());
    let to = fields.to(START);
    if app.viewer(&headers, &extensions).await?.is_some() {
        return Ok(go_to(to));
    }
    Ok(form_page(&app, StatusCode::OK, to, fields.get("out").map(|_| Note::Out)))
}

/// Exchanges a key for a session.
pub(super) async fn sign_in(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    extensions: Extensions,
    body: Unread,
) -> HandlerResult {
    app.refuse_cross_site(&headers)?;
    let (now, client) = (app.gateway.clock.now(), app.client_of(&headers, &extensions));
    let fields = Fields::read(&body.form(&app).await?);
    let (key, to) = (fields.get("key").unwrap_or_default(), fields.to(START));
    if let Err(wait) = app.limits.may_try(client, now) {
        let page = form_page(&app, StatusCode::TOO_MANY_REQUESTS, to, Some(Note::TooMany));
        return Ok(Failure::too_many(wait).with_headers(page));
    }
    note_key(key);
    let session = match app.gateway.sign_in(key).await {
        Ok(session) => session,
        Err(Error::UnknownKey) => {
            app.limits.tried(client, now);
            app.gateway.refused("unknown_key");
            tracing::warn!("a sign-in with a wrong key was refused");
            return Ok(form_page(&app, StatusCode::FORBIDDEN, to, Some(Note::Unknown)));
        }
        Err(Error::Forbidden(_)) => {
            return Ok(form_page(&app, StatusCode::FORBIDDEN, to, Some(Note::NoScope)));
        }
        Err(error) => return Err(error.into()),
    };
    tracing::info!("signed in to the admin pages");
    let seconds = (session.until - now).num_seconds();
    Ok((app.set_cookie(&session.token, seconds), go_to(to)).into_response())
}

/// Takes the cookie away.
pub(super) async fn sign_out(State(app): State<Arc<App>>, headers: HeaderMap) -> HandlerResult {
    app.refuse_cross_site(&headers)?;
    Ok((app.set_cookie("", 0), go_to("/admin/sign-in?out=1")).into_response())
}

/// What the page says above the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Note {
    /// One has just signed out.
    Out,
    /// A wrong key.
    Unknown,
    /// A key that may not read.
    NoScope,
    /// Too many wrong keys.
    TooMany,
}

fn form_page(app: &App, status: StatusCode, to: &str, note: Option<Note>) -> Response {
    (status, html(&SignIn { shell: shell(app, None, None), to, note })).into_response()
}

/// The value of a cookie. A browser sends the one with the longest path first.
fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; xafterword_admin=2"));
        headers.append(header::COOKIE, HeaderValue::from_static("afterword_admin=3=; b="));
        assert_eq!(cookie(&headers, COOKIE[0]), Some("3="));
        assert_eq!(cookie(&headers, COOKIE[1]), None);
    }
}
