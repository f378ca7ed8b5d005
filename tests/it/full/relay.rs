//! Postfix as the relay: login over TLS, delivery, and the pipe for bounces as docs/bounces.md shows it.

use super::{certificate, closing, output, replaced};
use crate::docs;
use crate::process::{Running, free_port, request, wait_for};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// A user that every Debian has and nothing belongs to: the service runs as this one.
const NOBODY: u32 = 65534;

/// What a Postfix needs around the lines that docs/bounces.md shows: it takes mail from who logs in, and keeps that to
/// one address of one domain.
const MAIN: &str = "
compatibility_level = 3.6
maillog_file_prefixes = FOLDER
maillog_file = FOLDER/log
queue_directory = FOLDER/queue
data_directory = FOLDER/data
inet_protocols = ipv4
inet_interfaces = 127.0.0.1
myhostname = relay.example.net
mydestination =
alias_maps =
smtpd_tls_cert_file = CERTIFICATE
smtpd_tls_key_file = KEY
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_local_domain = $myhostname
cyrus_sasl_config_path = FOLDER/sasl
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_reject_unlisted_recipient = no
virtual_mailbox_domains = example.net
virtual_mailbox_base = FOLDER/boxes
virtual_mailbox_maps = inline:{ada@example.net=ada/}
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
";
const MASTER: &str = "
127.0.0.1:TLS inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
127.0.0.1:STARTTLS inet n - n - - smtpd -o smtpd_tls_security_level=encrypt
postlog unix-dgram n - n - 1 postlogd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
";
const SASL: &str =
    "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: PLAIN LOGIN\nsasldb_path: FOLDER/sasl/db\n";

/// A running Postfix, and a folder for a service that uses it.
struct Relay {
    folder: TempDir,
    tls: u16,
    starttls: u16,
    certificate: PathBuf,
}

impl Relay {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let at = folder.path().display().to_string();
        // Postfix's own users and the service's look into it.
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("set");
        for below in ["queue", "sasl", "service", "boxes", "data"] {
            fs::create_dir(folder.path().join(below)).expect("a folder");
        }
        for below in ["service", "boxes"] {
            chown(folder.path().join(below), Some(NOBODY), Some(NOBODY)).expect("this test runs as root");
        }
        output(Command::new("chown").arg("postfix").arg(folder.path().join("data")));
        fs::copy(env!("CARGO_BIN_EXE_afterword"), folder.path().join("afterword")).expect("the program");

        let (certificate, key) = certificate(folder.path());
        let (tls, starttls) = (free_port(), free_port());
        let page = docs::read("docs/bounces.md");
        let shown = docs::code(&page, "").concat();
        let (master, main) = shown.split_once("# /etc/postfix/main.cf\n").expect("two files");
        let master = replaced(master, 1, "/usr/local/bin/afterword", &format!("{at}/afterword"));
        let master = replaced(&master, 1, "/etc/afterword/afterword.toml", &format!("{at}/service/afterword.toml"));
        let master = replaced(&master, 1, "user=afterword", "user=nobody");
        let ports = MASTER.replace("STARTTLS", &starttls.to_string()).replace("TLS", &tls.to_string());
        let paths = MAIN.replace("FOLDER", &at).replace("CERTIFICATE", &certificate.display().to_string());
        let write = |file: &str, text: &str| fs::write(folder.path().join(file), text).expect("written");
        write("main.cf", &(paths.replace("KEY", &key.display().to_string()) + main));
        write("master.cf", &(ports + &master));
        write("sasl/smtpd.conf", &SASL.replace("FOLDER", &at));
        write("password", "correct horse");
        let database = folder.path().join("sasl/db");
        let mut saslpasswd = Command::new("saslpasswd2");
        saslpasswd.args(["-p", "-c", "-u", "relay.example.net", "-f"]).arg(&database).arg("user");
        output(saslpasswd.stdin(fs::File::open(folder.path().join("password")).expect("a password")));
        output(Command::new("chown").arg("postfix").arg(&database));
        output(Command::new("postfix").arg("-c").arg(folder.path()).arg("start"));
        Self { folder, tls, starttls, certificate }
    }

    fn service(&self) -> PathBuf {
        self.folder.path().join("service")
    }

    /// Runs the program as the service's user.
    fn afterword(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("setpriv");
        let nobody = NOBODY.to_string();
        command
            .args(["--reuid", &nobody, "--regid", &nobody, "--clear-groups"])
            .arg(self.folder.path().join("afterword"));
        command.args(arguments).current_dir(self.service()).env("SSL_CERT_FILE", &self.certificate);
        command
    }

    /// Configures the service with this relay and password, and a port to listen on.
    fn configure(&self, smtp: &str, password: &str) -> u16 {
        let (port, at) = (free_port(), self.service().display().to_string());
        let config = format!(
            "listen = \"127.0.0.1:{port}\"\npublic_url = \"http://127.0.0.1:{port}\"\ndatabase = \"{at}/afterword.db\"\n\
            [mail]\nfrom = \"Shop <support@shop.example>\"\nsmtp = \"{smtp}\"\nsmtp_password_file = \"{at}/secret\"\n\
            bounce_domain = \"bounces.example.com\"\n"
        );
        for (file, text) in [("afterword.toml", config.as_str()), ("secret", password)] {
            let path = self.service().join(file);
            fs::write(&path, text).expect("written");
            chown(&path, Some(NOBODY), Some(NOBODY)).expect("root");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
        }
        port
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let stopped = Command::new("postfix").arg("-c").arg(self.folder.path()).arg("stop").output();
        if !std::thread::panicking() {
            assert!(stopped.as_ref().is_ok_and(|stopped| stopped.status.success()), "{stopped:?}");
        }
    }
}

/// A survey is delivered, and one to an address that doesn't exist comes back through the pipe.
fn delivers_and_hears_of_bounces(relay: &Relay, smtp: &str) {
    relay.configure(smtp, "wrong");
    let refused = relay.afterword(&["send-test", "ada@example.net"]).output().expect("it runs");
    let said = String::from_utf8_lossy(&[refused.stdout, refused.stderr].concat()).into_owned();
    assert!(!refused.status.success() && said.contains("535"), "{smtp}: {said}");

    let port = relay.configure(smtp, "correct horse");
    let made = output(&mut relay.afterword(&["key", "new", "--scope", "admin", "--name", "tests"]));
    let bearer = format!("Bearer {}", made.lines().last().expect("a key"));
    let _service = Running(relay.afterword(&["serve"]).spawn().expect("it starts"));
    let call = |method: &str, path: &str, body: &str| -> Option<Value> {
        let (_, answer) = request(port, method, path, &[("Authorization", &bearer)], body)?;
        serde_json::from_str(&answer).ok()
    };
    wait_for("the service", || request(port, "GET", "/readyz", &[], ""));
    let close = |id: &str, email: &str| call("POST", "/v1/closings", &closing(id, email).to_string()).expect("JSON");
    assert_eq!(close("1", "ada@example.net")["decision"], "ask");
    assert_eq!(close("2", "gone@example.net")["decision"], "ask");
    let delivered = relay.folder.path().join("boxes/ada/new");
    wait_for("the mail", || fs::read_dir(&delivered).ok()?.next().map(drop));
    wait_for("the bounce", || {
        let conversation = call("GET", "/v1/conversations/2", "")?;
        conversation["surveys"][0]["mail"]["note"].as_str().map(str::to_owned)
    });
    let decision = close("3", "gone@example.net");
    assert_eq!(decision["reasons"][0]["rule"], "bounced", "{decision} {}", relay.log());
}

#[test]
#[ignore = "full: needs Postfix and root"]
fn full_postfix_takes_mail_over_tls_and_reports_bounces() {
    let relay = Relay::start();
    delivers_and_hears_of_bounces(&relay, &format!("smtps://user@localhost:{}", relay.tls));
}

#[test]
#[ignore = "full: needs Postfix and root"]
fn full_postfix_takes_mail_after_starttls_and_reports_bounces() {
    let relay = Relay::start();
    delivers_and_hears_of_bounces(&relay, &format!("smtp://user@localhost:{}", relay.starttls));
}
