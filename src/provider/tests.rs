//! Tables of cases: who is believed, and what each provider's payloads report. The signatures were made with openssl.

use super::sns::{Envelope, Purpose, Topic};
use super::*;
use crate::helpdesk::Headers;
use proptest::prelude::*;
use serde_json::json;

const PUBLIC_KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaXS4hCtOp59lBPuS7UdzO47OVpjp4fPtj1qhsDxevUJ1jf31/tTKlddUKSwoR9gAKIkLt2xatQ9tjcKvR9/7lw==";
const SENDGRID: &str =
    "MEUCIGXeyHDKvjgjPBAxvk4AwK98i9AGAuZMjSegTel8i7PvAiEArYr+1CVw7sRh82yuUZRQN/ei17fRFeoAtv29DExrjCY=";
const MAILGUN: &str = "9c352f09f83100f40127a7e19acc63b1f6aeb5673a6cd2c1360db1f21c05a8f9";
const SNS_1: &str = "ABp++R1pD2QpjTpIMwDa0Tl1TjhmL1y9X9F4/CHngIbep2Y/5xr4rBoGs7ndk2dgjAvyg9zweQ14xdOhuLMYXhbDuIkYHlDSuQRohgMB1s0t12WQ2aaiRWBDBHQEpueW437ldVD6p58NpvW7gnRdS7F35iFjDVOKxBqH2dR8Oc2wbziwLfCc1/whGRNPqfpCqv/J4Q8/FmAziA7pSFLGtrdOw7XpvOdyBP13t4Xx3ipgITwMU8KroOMfDIw0Ol0eX2E1AZmOnFR1FXlXFid5qNyWTmHC5br/Fkm2fnPLZsQqDSObDdWVHbGoJgAsY/23g2Xu3jjexY47VcK61P2HVw==";
const SNS_2: &str = "NDRm2eh0Rng1aCgGY0TPCDeSC/IEZtoPb4vR3c5cnI+ExaUlNBArpCC34ohqsVelgC2KsYGwG+qHKjGPmGLdp+b7I8pJMzYjG/p4u7uRLNh1EA+Gh/9Wvmd26h4cLjYPkKyZ28gZfCs5t1RU79MkfchCZRnM8wfI+uA9sn/fqDVxwRgGTrs2XWFc64J3nUEYdcTwqSvzl1v7DImPMA+FUR/cQtF2ug/DLy98EebxxEDxPlvjdVr6lSWyHKCqjwQtQKnQewXqE6/ze1bRv12plFWcxujzAStC0e1YSrAeMExdmruEiyYxywoMukOdCIM6De7Aqu6WTa7FkrUXd6hAZw==";
const ARN: &str = "arn:aws:sns:eu-west-1:123456789012:bounces";
const PEM: &[u8] = include_bytes!("../../tests/data/tls/amazon.pem");

fn now() -> Time {
    "2026-11-24T14:00:00Z".parse().expect("a time")
}

#[test]
fn mailgun_is_believed_by_its_signature_for_a_day() {
    let payload = |at: &str, token: &str, signature: &str| json!({"signature": {"timestamp": at, "token": token, "signature": signature}});
    let right = payload("1795528800", "tok", MAILGUN);
    assert_eq!(mailgun::verify("s3cret", &right, now()), Ok(()));
    assert_eq!(mailgun::verify("s3cret", &right, now() + TOLERANCE), Ok(()));
    assert_eq!(mailgun::verify("s3cret", &right, now() + TOLERANCE + TimeDelta::seconds(1)), Err(Refused::Stale));
    assert_eq!(mailgun::verify("s3cret", &right, now() - TOLERANCE - TimeDelta::seconds(1)), Err(Refused::Stale));
    assert_eq!(mailgun::verify("other", &right, now()), Err(Refused::Wrong));
    for (at, token, signature, expected) in [
        ("1795528801", "tok", MAILGUN, Refused::Wrong),
        ("1795528800", "tok2", MAILGUN, Refused::Wrong),
        ("1795528800", "tok", &MAILGUN[2..], Refused::Wrong),
        ("1795528800", "tok", "zz", Refused::Wrong),
        ("1795528800", "tok", "", Refused::Missing("signature.signature")),
        ("1795528800", "", MAILGUN, Refused::Missing("signature.token")),
        ("noon", "tok", MAILGUN, Refused::Stale),
    ] {
        assert_eq!(mailgun::verify("s3cret", &payload(at, token, signature), now()), Err(expected), "{at} {token}");
    }
    assert_eq!(mailgun::verify("s3cret", &json!(7), now()), Err(Refused::Missing("signature.timestamp")));
}

#[test]
fn sendgrid_is_believed_by_its_signature_over_the_body() {
    let key: sendgrid::PublicKey = PUBLIC_KEY.parse().expect("a key");
    let headers = |signature: &str, at: &str| -> Headers {
        [("X-Twilio-Email-Event-Webhook-Signature", signature), ("X-Twilio-Email-Event-Webhook-Timestamp", at)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into_iter()
            .collect()
    };
    let body = br#"[{"event":"open"}]"#;
    assert_eq!(key.verify(&headers(SENDGRID, "1795528800"), body, now()), Ok(()));
    assert_eq!(key.verify(&headers(SENDGRID, "1795528800"), b"[]", now()), Err(Refused::Wrong));
    assert_eq!(key.verify(&headers(SENDGRID, "1795528801"), body, now()), Err(Refused::Wrong));
    assert_eq!(key.verify(&headers("AAAA", "1795528800"), body, now()), Err(Refused::Wrong));
    assert_eq!(key.verify(&headers("no base64!", "1795528800"), body, now()), Err(Refused::Wrong));
    assert_eq!(key.verify(&headers(SENDGRID, "1695528800"), body, now()), Err(Refused::Stale));
    assert!(matches!(key.verify(&Headers::default(), body, now()), Err(Refused::Missing(_))));
    for wrong in ["", "nonsense", "AAAA", &PUBLIC_KEY[4..], &PUBLIC_KEY[..120]] {
        let error = wrong.parse::<sendgrid::PublicKey>().expect_err(wrong);
        assert!(error.starts_with("expected the verification key"), "{error}");
    }
}

fn envelope(version: &str, signature: &str) -> Value {
    json!({"Type": "Notification", "MessageId": "m1", "TopicArn": ARN, "Message": "hello",
        "Timestamp": "2026-11-24T14:00:00.000Z", "SignatureVersion": version, "Signature": signature,
        "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a1b.pem"})
}

fn opened(message: &Value) -> Result<Purpose, Refused> {
    Envelope::read(message, &ARN.parse::<Topic>().expect("a topic"), now())?.verify(PEM)
}

#[test]
fn sns_is_believed_by_both_of_its_signatures() {
    for right in [envelope("1", SNS_1), envelope("2", SNS_2)] {
        assert_eq!(opened(&right), Ok(Purpose::Notification("hello".to_owned())));
        for (field, value) in
            [("Message", "hullo"), ("MessageId", "m2"), ("Timestamp", "2026-11-24T14:00:01.000Z"), ("Subject", "x")]
        {
            let mut changed = right.clone();
            changed[field] = value.into();
            assert_eq!(opened(&changed), Err(Refused::Wrong), "{field}");
        }
    }
    for (version, signature) in [("1", SNS_2), ("2", SNS_1), ("2", "AAAA")] {
        assert_eq!(opened(&envelope(version, signature)), Err(Refused::Wrong), "{version}");
    }
    let topic: Topic = ARN.parse().expect("a topic");
    let read = Envelope::read(&envelope("2", SNS_2), &topic, now()).expect("read");
    assert_eq!(read.clone().verify(b"no certificate"), Err(Refused::Wrong));
    assert_eq!(read.verify(include_bytes!("../../tests/data/tls/nobody.pem")), Err(Refused::Wrong));
    assert_eq!(Envelope::read(&envelope("2", SNS_2), &topic, now() + TimeDelta::days(2)).err(), Some(Refused::Stale));
}

#[test]
fn only_addresses_of_amazon_in_the_region_of_the_topic_are_asked() {
    let topic: Topic = ARN.parse().expect("a topic");
    for address in [
        "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem",
        "https://sns.eu-west-1.amazonaws.com:444/SimpleNotificationService-0a.pem",
        "https://user@sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0a.pem",
        "https://sns.eu-west-1.amazonaws.com.example.com/SimpleNotificationService-0a.pem",
        "https://example.com/sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem",
        "https://sns.eu-west-1.amazonaws.com@example.com/SimpleNotificationService-0a.pem",
        "https://s3.eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem",
        "https://sns.eu-west-1.amazonaws.com/other.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem?x=1",
        "https://127.0.0.1/SimpleNotificationService-0a.pem",
        "",
    ] {
        let mut message = envelope("1", SNS_1);
        message["SigningCertURL"] = address.into();
        assert!(matches!(Envelope::read(&message, &topic, now()), Err(Refused::Missing(_))), "{address}");
        message = envelope("1", SNS_1);
        message["Type"] = "SubscriptionConfirmation".into();
        message["SubscribeURL"] = address.into();
        let right = address.starts_with("https://sns.eu-west-1.amazonaws.com/");
        assert_eq!(Envelope::read(&message, &topic, now()).is_ok(), right, "{address}");
    }
    let mut other = envelope("1", SNS_1);
    other["TopicArn"] = "arn:aws:sns:eu-west-1:999999999999:bounces".into();
    assert!(matches!(Envelope::read(&other, &topic, now()), Err(Refused::Missing(_))));
    for wrong in [
        "",
        "bounces",
        "arn:aws:sqs:eu-west-1:1:a",
        "arn:aws:sns:evil.com/:1:a",
        "arn:aws:sns:eu-west-1:1:a:b",
        "arn:aws:sns::1:a",
    ] {
        assert!(wrong.parse::<Topic>().is_err(), "{wrong}");
    }
}

/// What a payload reports, in short.
fn told(kind: Kind, payload: &Value) -> String {
    let report = read(kind, payload);
    let returned = report.returned.iter().map(|one| {
        format!("{} {} [{}] {}", one.bounce, one.address.as_deref().unwrap_or("-"), one.names.join(" "), one.reason)
    });
    returned.chain(report.ignored.iter().map(|why| format!("ignored: {why}"))).collect::<Vec<_>>().join("\n")
}

#[test]
fn events_of_mailgun_are_read() {
    let event = |event: &str, severity: &str, reason: &str, code: &str, said: &str| {
        json!({"event-data": {"event": event, "severity": severity, "reason": reason, "recipient": "ada@example.com",
            "delivery-status": {"code": 550, "enhanced-code": code, "message": said},
            "envelope": {"sender": "b+x@bounces.example.com"}, "message": {"headers": {"message-id": "u@example.com"}}}})
    };
    let names = "ada@example.com [b+x@bounces.example.com u@example.com]";
    for (payload, expected) in [
        (event("failed", "permanent", "bounce", "5.1.1", "no such user"), format!("hard {names} no such user")),
        (event("failed", "permanent", "bounce", "", "no"), format!("hard {names} no")),
        (event("failed", "permanent", "bounce", "5.7.1", "policy"), format!("soft {names} policy")),
        (event("failed", "permanent", "suppress-bounce", "", ""), format!("hard {names} suppress-bounce")),
        (event("failed", "permanent", "generic", "5.1.1", "unknown"), format!("hard {names} unknown")),
        (event("failed", "permanent", "generic", "5.7.1", "550 spam"), format!("soft {names} 550 spam")),
        (event("failed", "permanent", "old", "", "too old"), format!("soft {names} too old")),
        (event("failed", "temporary", "generic", "4.2.2", "full"), format!("soft {names} full")),
        (event("complained", "", "", "", ""), format!("complaint {names} ")),
        (event("failed", "permanent", "suppress-complaint", "", ""), format!("complaint {names} suppress-complaint")),
    ] {
        assert_eq!(told(Kind::Mailgun, &payload), expected);
    }
    for word in ["opened", "clicked", "delivered", "accepted", "unsubscribed", "new"] {
        let expected = format!("ignored: {word}: neither a failure nor a complaint");
        assert_eq!(told(Kind::Mailgun, &event(word, "", "", "", "")), expected);
    }
    assert!(
        told(Kind::Mailgun, &event("failed", "permanent", "suppress-unsubscribe", "", ""))
            .starts_with("ignored: suppress-un")
    );
    assert!(told(Kind::Mailgun, &json!({"event": "bounced"})).starts_with("ignored: no event-data"));
}

#[test]
fn records_of_postmark_are_read() {
    let record = |record: &str, kind: &str| json!({"RecordType": record, "Type": kind, "Email": "ada@example.com", "Details": "said", "MessageID": "x"});
    for (kind, expected) in [
        ("HardBounce", "hard"),
        ("BadEmailAddress", "hard"),
        ("SpamComplaint", "complaint"),
        ("SoftBounce", "soft"),
        ("Transient", "soft"),
        ("Blocked", "soft"),
        ("DMARCPolicy", "soft"),
        ("SpamNotification", "soft"),
    ] {
        assert_eq!(
            told(Kind::Postmark, &record("Bounce", kind)),
            format!("{expected} ada@example.com [] said"),
            "{kind}"
        );
    }
    assert_eq!(told(Kind::Postmark, &record("SpamComplaint", "SpamComplaint")), "complaint ada@example.com [] said");
    let expected = "ignored: AutoResponder: not about whether the mail arrived";
    assert_eq!(told(Kind::Postmark, &record("Bounce", "AutoResponder")), expected);
    for word in ["Open", "Click", "Delivery", "SubscriptionChange"] {
        assert_eq!(
            told(Kind::Postmark, &record(word, "")),
            format!("ignored: {word}: neither a bounce nor a complaint")
        );
    }
    assert_eq!(told(Kind::Postmark, &json!([])), "ignored: no kind: neither a bounce nor a complaint");
}

#[test]
fn events_of_sendgrid_are_read_all_of_a_list() {
    let event = |event: &str, kind: Option<&str>, reason: &str| json!({"event": event, "type": kind, "reason": reason, "email": "ada@example.com", "smtp-id": "<u@example.com>"});
    let names = "ada@example.com [<u@example.com>]";
    for (payload, expected) in [
        (event("bounce", Some("bounce"), "550 5.1.1"), format!("hard {names} 550 5.1.1")),
        (event("bounce", None, "550 no such user"), format!("hard {names} 550 no such user")),
        (event("bounce", None, "550 spam"), format!("soft {names} 550 spam")),
        (event("bounce", Some("expired"), "too late"), format!("soft {names} too late")),
        (event("bounce", Some("blocked"), "550 5.7.1"), format!("soft {names} 550 5.7.1")),
        (event("deferred", None, ""), format!("soft {names} deferred")),
        (event("spamreport", None, ""), format!("complaint {names} spamreport")),
        (event("dropped", None, "Bounced Address"), format!("hard {names} Bounced Address")),
        (event("dropped", None, "Spam Reporting Address"), format!("complaint {names} Spam Reporting Address")),
    ] {
        assert_eq!(told(Kind::Sendgrid, &json!([payload])), expected);
    }
    let list = json!([
        event("open", None, ""),
        event("bounce", Some("bounce"), "no"),
        event("open", None, ""),
        event("click", None, ""),
        event("dropped", None, "Unsubscribed Address")
    ]);
    assert_eq!(
        told(Kind::Sendgrid, &list).lines().collect::<Vec<_>>(),
        [
            format!("hard {names} no").as_str(),
            "ignored: open: neither a bounce nor a complaint",
            "ignored: click: neither a bounce nor a complaint",
            "ignored: Unsubscribed Address: SendGrid sent no mail, for a reason that is not the address",
        ]
    );
    assert!(told(Kind::Sendgrid, &json!({})).starts_with("ignored: not a list of events"));
}

#[test]
fn notifications_and_events_of_ses_are_read() {
    let message = |name: &str, kind: &str, part: &str, detail: Value| json!({name: kind, part: detail, "mail": {"source": "b+x@bounces.example.com", "commonHeaders": {"messageId": "<u@example.com>"}}});
    let names = "ada@example.com [b+x@bounces.example.com <u@example.com>]";
    let to = json!([{"emailAddress": "ada@example.com", "diagnosticCode": "smtp; 550 5.1.1"}]);
    let bounce = |kind: &str| json!({"bounceType": kind, "bounceSubType": "General", "bouncedRecipients": to});
    for name in ["notificationType", "eventType"] {
        for (kind, expected) in [("Permanent", "hard"), ("Transient", "soft"), ("Undetermined", "soft"), ("", "soft")] {
            let told = told(Kind::Ses, &message(name, "Bounce", "bounce", bounce(kind)));
            assert_eq!(told, format!("{expected} {names} smtp; 550 5.1.1"), "{kind}");
        }
    }
    let complaint = |why: Option<&str>| {
        let detail =
            json!({"complaintFeedbackType": why, "complainedRecipients": [{"emailAddress": "ada@example.com"}]});
        message("eventType", "Complaint", "complaint", detail)
    };
    assert_eq!(told(Kind::Ses, &complaint(Some("abuse"))), format!("complaint {names} abuse"));
    assert_eq!(told(Kind::Ses, &complaint(None)), format!("complaint {names} complaint"));
    assert_eq!(told(Kind::Ses, &complaint(Some("not-spam"))), "ignored: not-spam: nobody complained");
    let delay = json!({"delayType": "MailboxFull", "delayedRecipients": [{"emailAddress": "ada@example.com"}]});
    let delayed = message("eventType", "DeliveryDelay", "deliveryDelay", delay);
    assert_eq!(told(Kind::Ses, &delayed), format!("soft {names} MailboxFull"));
    for word in ["Delivery", "Open", "Click", "Send", "AmazonSnsSubscriptionSucceeded"] {
        let told = told(Kind::Ses, &json!({"eventType": word}));
        assert_eq!(told, format!("ignored: {word}: neither a bounce nor a complaint"));
    }
}

fn anything() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        Just("event"),
        Just("event-data"),
        Just("bounce"),
        Just("Bounce"),
        Just("Type"),
        Just("mail"),
        Just("notificationType"),
        Just("bouncedRecipients"),
        Just("emailAddress"),
        Just("RecordType"),
        Just("Message"),
        Just("TopicArn"),
        Just("reason"),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        word.clone().prop_map(Value::from)
    ];
    leaf.prop_recursive(4, 32, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((word.clone(), inner), 0..5).prop_map(|pairs| Value::Object(
                pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            )),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_comes_is_read(payload in anything()) {
        for kind in Kind::ALL {
            let report = read(*kind, &payload);
            prop_assert!(report.ignored.iter().all(|why| why.chars().count() < 200 && !why.contains('\n')));
        }
        prop_assert!(opened(&payload).is_err() && mailgun::verify("s3cret", &payload, now()).is_err());
    }
}
