//! Mail providers that report by webhooks of their own: through the router, signed as they sign.

use crate::bounces::{Sent, desk as bouncing, send};
use crate::desk::{Answer, Desk, folder, stamp};
use afterword::config::{Config, ProviderSettings};
use afterword::hook::http::{Answer as Fetched, Client, Failure, Request as Fetch};
use afterword::survey::access::Scope;
use axum::body::Body;
use axum::http::Request;
use chrono::TimeDelta;
use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};
use sha2::Sha256;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

const ARN: &str = "arn:aws:sns:eu-west-1:123456789012:bounces";
const PUBLIC_KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaXS4hCtOp59lBPuS7UdzO47OVpjp4fPtj1qhsDxevUJ1jf31/tTKlddUKSwoR9gAKIkLt2xatQ9tjcKvR9/7lw==";

/// One of each kind, by the word of its kind.
fn providers(config: &mut Config) {
    config.mail.bounce_domain = Some("bounces.example.com".into());
    for (kind, rest) in [
        ("mailgun", "secret = 's3cret'".to_owned()),
        ("postmark", String::new()),
        ("sendgrid", format!("public_key = '{PUBLIC_KEY}'")),
        ("ses", format!("topic = '{ARN}'")),
    ] {
        let settings: ProviderSettings = toml::from_str(&format!("kind = '{kind}'\n{rest}")).expect("settings");
        config.providers.insert(kind.to_owned(), settings);
    }
}

async fn post(desk: &Desk, name: &str, headers: &[(&str, String)], body: &str) -> Answer {
    let mut request = Request::post(format!("/v1/providers/{name}/bounces"));
    for (header, value) in headers {
        request = request.header(*header, value);
    }
    desk.send(request.body(Body::from(body.to_owned())).expect("a request")).await
}

/// An event of Mailgun, signed now.
fn mailgun(desk: &Desk, event: &Value) -> String {
    let at = desk.clock.now().timestamp().to_string();
    let mac = Hmac::<Sha256>::new_from_slice(b"s3cret").expect("any key").chain_update(&at).chain_update("tok");
    let signature = HEXLOWER.encode(&mac.finalize().into_bytes());
    json!({"signature": {"timestamp": at, "token": "tok", "signature": signature}, "event-data": event}).to_string()
}

/// The headers of SendGrid for a body, signed now.
fn sendgrid(desk: &Desk, body: &str) -> Vec<(&'static str, String)> {
    let key = PrivatePkcs8KeyDer::from_pem_slice(include_bytes!("../data/tls/nobody.key")).expect("a key");
    let random = SystemRandom::new();
    let key =
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key.secret_pkcs8_der(), &random).expect("P-256");
    let at = desk.clock.now().timestamp().to_string();
    let signature = key.sign(&random, format!("{at}{body}").as_bytes()).expect("signed");
    let signature = BASE64.encode(signature.as_ref());
    vec![("x-twilio-email-event-webhook-signature", signature), ("x-twilio-email-event-webhook-timestamp", at)]
}

/// A message of SNS, signed now.
fn sns(desk: &Desk, kind: &str, message: &str) -> Value {
    let mut envelope = json!({"Type": kind, "MessageId": "m1", "TopicArn": ARN, "Message": message, "Subject": "Amazon SES",
        "Timestamp": stamp(desk.clock.now()), "SignatureVersion": "2", "Token": "t",
        "SubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t",
        "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a1b.pem"});
    let names: &[&str] = match kind {
        "Notification" => &["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
        _ => &["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
    };
    let lines: Vec<&str> = names.iter().flat_map(|name| [*name, envelope[*name].as_str().expect("a text")]).collect();
    let signed = format!("{}\n", lines.join("\n"));
    let key = PrivatePkcs8KeyDer::from_pem_slice(include_bytes!("../data/tls/amazon.key")).expect("a key");
    let key = RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).expect("RSA");
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).expect("signed");
    envelope["Signature"] = BASE64.encode(&signature).into();
    envelope
}

async fn causes(desk: &Desk) -> Vec<String> {
    desk.sql("SELECT cause FROM suppression ORDER BY cause").await.concat()
}

async fn note(desk: &Desk, sent: &Sent) -> String {
    let id = sent.survey.simple();
    desk.sql(&format!("SELECT note FROM outbox WHERE hex(id) = upper('{id}')")).await[0][0].clone()
}

#[tokio::test]
async fn mailgun_reports_about_the_survey_that_it_names_and_a_repeat_changes_nothing() {
    let desk = Desk::with(providers).await;
    let sent = send(&desk, "1", "ada@example.com").await;
    send(&desk, "2", "bob@example.com").await;
    // By the sender of the envelope, by the Message-ID, and by neither.
    let sender = json!({"sender": format!("{}@bounces.example.com", sent.returns)});
    let soft = json!({"event": "failed", "severity": "temporary", "recipient": "new@example.net", "envelope": sender,
        "delivery-status": {"message": "452 full"}});
    assert_eq!(post(&desk, "mailgun", &[], &mailgun(&desk, &soft)).await.text, r#"{"taken":1,"ignored":[]}"#);
    assert_eq!((note(&desk, &sent).await.as_str(), causes(&desk).await), ("soft bounce: 452 full", vec![]));
    let hard = json!({"event": "failed", "severity": "permanent", "reason": "bounce", "recipient": "new@example.net",
        "message": {"headers": {"message-id": format!("{}@example.com", sent.survey)}},
        "delivery-status": {"message": "550 no such user ada@example.com"}});
    assert_eq!(post(&desk, "mailgun", &[], &mailgun(&desk, &hard)).await.text, r#"{"taken":1,"ignored":[]}"#);
    assert_eq!(note(&desk, &sent).await, "hard bounce: 550 no such user <address>");
    let before = desk.everything().await;
    assert_eq!(post(&desk, "mailgun", &[], &mailgun(&desk, &hard)).await.status, 200);
    assert_eq!(desk.everything().await, before);
    let unknown = json!({"event": "failed", "severity": "temporary", "recipient": "bob@example.com"});
    let said = post(&desk, "mailgun", &[], &mailgun(&desk, &unknown)).await;
    assert_eq!(said.text, r#"{"taken":0,"ignored":["a soft bounce that names no survey"]}"#);
    let complaint = json!({"event": "complained", "recipient": "bob@example.com"});
    assert_eq!(post(&desk, "mailgun", &[], &mailgun(&desk, &complaint)).await["taken"], 1);
    assert_eq!(causes(&desk).await, ["bounced", "complained"]);
}

#[tokio::test]
async fn sendgrid_reports_many_events_at_once() {
    let desk = Desk::with(providers).await;
    let sent = send(&desk, "1", "ada@example.com").await;
    let body = json!([
        {"event": "open", "email": "ada@example.com"},
        {"event": "bounce", "type": "bounce", "email": "other@example.net", "reason": "550 5.1.1",
            "smtp-id": format!("<{}@example.com>", sent.survey)},
        {"event": "spamreport", "email": "nobody@example.net"},
        {"event": "bounce", "type": "bounce", "email": "not an address"},
    ])
    .to_string();
    let answer = post(&desk, "sendgrid", &sendgrid(&desk, &body), &body).await;
    assert_eq!((answer.status, answer["taken"].clone()), (200, json!(2)));
    let ignored = ["open: neither a bounce nor a complaint", "an address that mail cannot be sent to"];
    assert_eq!(answer["ignored"], json!(ignored));
    assert_eq!((note(&desk, &sent).await.as_str(), causes(&desk).await.len()), ("hard bounce: 550 5.1.1", 2));
}

#[tokio::test]
async fn postmark_comes_with_a_key() {
    let desk = Desk::with(providers).await;
    send(&desk, "1", "ada@example.com").await;
    let body =
        json!({"RecordType": "Bounce", "Type": "HardBounce", "Email": "Ada@Example.com", "Details": "no"}).to_string();
    let (trigger, read) = (desk.key(Scope::Trigger, None, None).await, desk.key(Scope::Read, None, None).await);
    let basic =
        |key: &str| [("authorization", format!("Basic {}", BASE64.encode(format!("postmark:{key}").as_bytes())))];
    for (key, status) in [("", 401), ("nonsense", 401), (read.as_str(), 403)] {
        assert_eq!(post(&desk, "postmark", &basic(key), &body).await.status, status);
    }
    assert_eq!(causes(&desk).await, Vec::<String>::new());
    assert_eq!(post(&desk, "postmark", &basic(&trigger), &body).await["taken"], 1);
    assert_eq!(causes(&desk).await, ["bounced"]);
}

static CERTIFICATES: AtomicUsize = AtomicUsize::new(0);
static CONFIRMED: AtomicUsize = AtomicUsize::new(0);

/// Answers as Amazon does. The first certificate does not come.
fn amazon(request: &Fetch) -> Result<Fetched, Failure> {
    assert_eq!(request.url.host_str(), Some("sns.eu-west-1.amazonaws.com"));
    let body: &[u8] = if request.url.query().is_none() {
        if CERTIFICATES.fetch_add(1, SeqCst) == 0 {
            return Err(Failure::Timeout(std::time::Duration::from_secs(15)));
        }
        include_bytes!("../data/tls/amazon.pem")
    } else {
        CONFIRMED.fetch_add(1, SeqCst);
        b""
    };
    Ok(Fetched { status: 200, retry_after: None, body: Ok(body.to_vec().into()) })
}

#[tokio::test]
async fn ses_reports_over_sns_whose_certificate_is_fetched_once() {
    let desk = Desk::reaching(folder().await, Some(Client::scripted(amazon)), providers).await;
    let sent = send(&desk, "1", "ada@example.com").await;
    let confirm = sns(&desk, "SubscriptionConfirmation", "You have chosen to subscribe").to_string();
    let late = post(&desk, "ses", &[], &confirm).await;
    assert_eq!((late.status, late["code"].clone(), CONFIRMED.load(SeqCst)), (503, json!("unavailable"), 0));
    assert_eq!(post(&desk, "ses", &[], &confirm).await["ignored"], json!(["the subscription is confirmed"]));
    let bounce = json!({"notificationType": "Bounce", "mail": {"source": format!("{}@bounces.example.com", sent.returns)},
        "bounce": {"bounceType": "Permanent", "bouncedRecipients": [{"emailAddress": "ada@example.com", "diagnosticCode": "smtp; 550"}]}});
    let message = sns(&desk, "Notification", &bounce.to_string());
    for _ in 0..2 {
        assert_eq!(post(&desk, "ses", &[], &message.to_string()).await["taken"], 1);
    }
    assert_eq!(
        (note(&desk, &sent).await.as_str(), causes(&desk).await),
        ("hard bounce: smtp; 550", vec!["bounced".into()])
    );
    let told = sns(&desk, "Notification", "Successfully validated SNS topic").to_string();
    assert_eq!(post(&desk, "ses", &[], &told).await["ignored"], json!(["a message of SNS that is not one of SES"]));
    assert_eq!((CERTIFICATES.load(SeqCst), CONFIRMED.load(SeqCst)), (2, 1));
    // A forged one is refused, and is asked to confirm nothing.
    let mut forged = sns(&desk, "SubscriptionConfirmation", "x");
    forged["Token"] = "other".into();
    assert_eq!(post(&desk, "ses", &[], &forged.to_string()).await["code"], "bad_signature");
    assert_eq!((CERTIFICATES.load(SeqCst), CONFIRMED.load(SeqCst)), (2, 1));
}

#[tokio::test]
async fn what_is_not_signed_or_not_configured_changes_nothing() {
    let desk = Desk::with(providers).await;
    send(&desk, "1", "ada@example.com").await;
    let before = desk.everything().await;
    let hard = json!({"event": "failed", "severity": "permanent", "reason": "bounce", "recipient": "ada@example.com"});
    let old = mailgun(&desk, &hard);
    let list = json!([{"event": "spamreport", "email": "ada@example.com"}]).to_string();
    let mut stranger = sns(&desk, "Notification", "{}");
    stranger["SigningCertURL"] = "https://evil.example/SimpleNotificationService-0a.pem".into();
    for (name, headers, body, status, code) in [
        ("mailgun", vec![], old.replace("\"tok\"", "\"tik\""), 401, "bad_signature"),
        ("mailgun", vec![], json!({"event-data": hard}).to_string(), 401, "bad_signature"),
        ("mailgun", vec![], "{".to_owned(), 400, "not_json"),
        ("sendgrid", vec![], list.clone(), 401, "bad_signature"),
        ("sendgrid", sendgrid(&desk, "[]"), list, 401, "bad_signature"),
        ("sendgrid", vec![], "{".to_owned(), 401, "bad_signature"),
        ("ses", vec![], stranger.to_string(), 401, "bad_signature"),
        ("ses", vec![], "{}".to_owned(), 401, "bad_signature"),
        ("unknown", vec![], old.clone(), 404, "unknown_provider"),
    ] {
        let answer = post(&desk, name, &headers, &body).await;
        assert_eq!((answer.status, answer["code"].as_str()), (status, Some(code)), "{name} {body}");
    }
    desk.pass(TimeDelta::hours(26));
    assert_eq!(post(&desk, "mailgun", &[], &old).await["code"], "bad_signature");
    assert_eq!(desk.everything().await, before);
    // Without such a section nothing is taken.
    assert_eq!(post(&bouncing().await, "mailgun", &[], "{}").await.status, 404);
}
