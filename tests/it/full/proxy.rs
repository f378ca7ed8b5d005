//! nginx and Caddy in front, configured by what docs/operate.md shows: what they pass on, and what they keep away.

use super::{HOST, Installation, operating, replaced, start};
use crate::docs::code;
use crate::process::{PATIENCE, Running, let_pass, wait_for};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};

/// How many connections send all but the end of a request.
const SLOW: usize = 200;
/// How many send a part of the headers.
const HALF: usize = 400;
/// The largest body that Afterword takes.
const LARGEST_BODY: usize = 1024 * 1024;
/// What the slow bodies may cost the service, in KiB.
const MOST_MEMORY: u64 = 30 * 1024;
/// More tries of links that don't exist than one client has.
const MANY_TRIES: usize = 120;

#[test]
#[ignore = "full: needs nginx"]
fn full_nginx_shields_and_passes_on() {
    let here = Installation::new();
    let folder = here.folder.path();
    let [site] = <[String; 1]>::try_from(code(&operating(), "nginx")).expect("one configuration");
    let (certificate, key) = &here.certificate;
    let site = replaced(&site, 1, "listen 443 ssl", &format!("listen 127.0.0.1:{} ssl", here.proxy));
    let site = replaced(&site, 1, "    listen [::]:443 ssl http2;\n", "");
    let site = replaced(&site, 1, "/etc/letsencrypt/live/rate.example.com/fullchain.pem", &path(certificate));
    let site = replaced(&site, 1, "/etc/letsencrypt/live/rate.example.com/privkey.pem", &path(key));
    let site = replaced(&site, 3, "127.0.0.1:8080", &format!("127.0.0.1:{}", here.port));
    let site = replaced(&site, 2, "/var/log/nginx/", &format!("{}/", path(folder)));
    fs::write(folder.join("site"), site).expect("written");
    let temporary =
        ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|what| format!("{what}_temp_path temporary;"));
    let around = format!(
        "daemon off;\nmaster_process off;\nuser root;\npid nginx.pid;\nerror_log error.log;\n\
        events {{ worker_connections 4096; }}\nhttp {{\naccess_log access.log;\n{}\ninclude site;\n}}\n",
        temporary.join("\n")
    );
    fs::write(folder.join("nginx.conf"), around).expect("written");
    let mut nginx = Command::new("nginx");
    nginx.arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf"));
    let proxy = start(&mut nginx, &folder.join("nginx"));
    is_as_documented(here, proxy, &["nginx", "access.log", "error.log"]);
}

#[test]
#[ignore = "full: needs Caddy"]
fn full_caddy_shields_and_passes_on() {
    let here = Installation::new();
    let folder = here.folder.path();
    let [site] = <[String; 1]>::try_from(code(&operating(), "caddy")).expect("one configuration");
    let (certificate, key) = &here.certificate;
    let at =
        format!("https://{HOST}:{} {{\n    bind 127.0.0.1\n    tls {} {}\n", here.proxy, path(certificate), path(key));
    let site = replaced(&site, 1, "rate.example.com {\n", &at);
    let site = replaced(&site, 1, "127.0.0.1:8080", &format!("127.0.0.1:{}", here.port));
    let site = replaced(&site, 1, "\n{\n", "\n{\n    admin off\n    auto_https disable_redirects\n");
    fs::write(folder.join("Caddyfile"), site).expect("written");
    let program = std::env::var("CADDY").expect("CADDY names the program: run this test by ./tests/run full");
    let mut caddy = Command::new(program);
    caddy.arg("run").arg("--config").arg(folder.join("Caddyfile"));
    caddy.env("HOME", folder).env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder);
    let proxy = start(&mut caddy, &folder.join("caddy.log"));
    is_as_documented(here, proxy, &["caddy.log"]);
}

fn path(path: &Path) -> String {
    path.display().to_string()
}

/// All that holds with any proxy that is set up as documented.
fn is_as_documented(mut here: Installation, _proxy: Running, logs: &[&str]) {
    wait_for("the proxy", || std::net::TcpStream::connect(("127.0.0.1", here.proxy)).ok());
    assert_eq!(here.ask("/readyz", &[]), (200, "ready\n".to_owned()));
    let token = rates_and_unsubscribes(&here);
    each_client_has_limits_of_its_own(&here);
    shields_from_slow_requests(&here);
    here.service.kill();
    let link = format!("/r/{token}");
    let referer = format!("https://{HOST}:{}{link}", here.proxy);
    for path in [&link, "/favicon.ico"] {
        assert_eq!(here.ask(path, &["--referer", &referer]).0, 502);
    }
    let logged = |name: &&str| fs::read_to_string(here.folder.path().join(name)).expect("a log");
    let logs: String = logs.iter().map(logged).collect();
    assert!(!logs.contains(&token), "{logs}");
    assert!(logs.contains("127.0.0.1"), "something is logged: {logs}");
}

/// A customer's way through the proxy. Returns the token of a link.
fn rates_and_unsubscribes(here: &Installation) -> String {
    let (status, decision) = here.close("8841", "ada@example.net");
    assert_eq!((status, &decision["decision"]), (202, &"ask".into()), "{decision}");
    let (links, unsubscribe) = here.links();
    let (status, page) = here.ask(&links[3], &[]);
    assert_eq!(status, 200, "{page}");
    let (_, rest) = page.split_once("name=\"page\" value=\"").expect("a form");
    let field = format!("page={}", rest.split_once('"').expect("a value").0);
    let_pass(Duration::from_millis(1_100));
    let own = format!("Origin: https://{HOST}:{}", here.proxy);
    let pressed = here.ask(&links[3], &["--header", &own, "--data-urlencode", &field]);
    assert_eq!(pressed.0, 200, "{}", pressed.1);
    let (_, conversation) = here.api("/v1/conversations/8841", &[]);
    assert_eq!(conversation["surveys"][0]["standing"], "rated", "{conversation}");

    // RFC 8058: a mail program posts this, and nothing else.
    assert_eq!(here.ask(&unsubscribe, &["--data", "List-Unsubscribe=One-Click"]).0, 200);
    let (_, decision) = here.close("8842", "ada@example.net");
    assert_eq!(decision["reasons"][0]["rule"], "opted_out", "{decision}");
    links[3].trim_start_matches("/r/").to_owned()
}

/// Too many tries from one address stop only that one, whatever it claims to be.
fn each_client_has_limits_of_its_own(here: &Installation) {
    // One curl for all of them: a slow machine mustn't give the client time to recover.
    let tries = format!("/r/none[1-{MANY_TRIES}]");
    assert_eq!(here.ask(&tries, &["--output", "/dev/null"]).0, 429);
    assert_eq!(here.ask("/r/none", &["--header", "X-Forwarded-For: 192.0.2.1"]).0, 429);
    assert_eq!(here.ask("/r/none", &["--interface", "127.0.0.2"]).0, 404);
}

/// The sockets and the memory in KiB of the service.
fn cost(here: &Installation) -> (usize, u64) {
    let process = PathBuf::from(format!("/proc/{}", here.service.0.id()));
    let files = fs::read_dir(process.join("fd")).expect("its files").flatten();
    let sockets = files.filter(|file| fs::read_link(file.path()).is_ok_and(|to| path(&to).starts_with("socket:")));
    let status = fs::read_to_string(process.join("status")).expect("its state");
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    (sockets.count(), resident.trim().trim_end_matches(" kB").parse().expect("a number"))
}

/// Requests that don't end cost the service nothing. Others are served meanwhile, and the proxy ends them.
fn shields_from_slow_requests(here: &Installation) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (sockets, memory) = cost(here);
    let mut crowd = runtime.block_on(async {
        let head = format!("POST /v1/closings HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {LARGEST_BODY}\r\n\r\n");
        let almost = head + &"x".repeat(LARGEST_BODY - 10);
        let part = format!("GET /r/none HTTP/1.1\r\nHost: {HOST}\r\nUser-Agent: ");
        let mut crowd = Vec::new();
        for text in std::iter::repeat_n(&almost, SLOW).chain(std::iter::repeat_n(&part, HALF)) {
            let mut connection = connect(here).await;
            // It may be refused before all of it is taken.
            drop(connection.write_all(text.as_bytes()).await);
            drop(connection.flush().await);
            crowd.push(connection);
        }
        crowd
    });
    wait_for("the service to be rid of them", || (cost(here).0 < sockets + 10).then_some(()));
    let more = cost(here).1.saturating_sub(memory);
    assert!(more < MOST_MEMORY, "{more} KiB more");
    assert_eq!(here.close("8843", "eve@example.net").0, 202);
    runtime.block_on(async {
        for connection in &mut crowd {
            // Answered or cut: both end it.
            let ended = timeout(PATIENCE, connection.read(&mut [0; 1])).await;
            assert!(ended.is_ok(), "a slow request is still open");
        }
    });
}

async fn connect(here: &Installation) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    let own = CertificateDer::from_pem_file(&here.certificate.0).expect("a certificate");
    roots.add(own).expect("a certificate");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().expect("versions of TLS").with_root_certificates(roots);
    let tcp = TcpStream::connect(("127.0.0.1", here.proxy)).await.expect("the proxy listens");
    let name = ServerName::try_from(HOST).expect("a name");
    TlsConnector::from(Arc::new(config.with_no_client_auth())).connect(name, tcp).await.expect("TLS")
}
