//! The SMTP dialogue with a server that the test directs at each step: what each failure means for the mail, and
//! what becomes of the connection.

use super::sink::{self, Act, Plan, Script, Sink};
use Act::{Drop, Say, Stall};
use afterword::config::Tls;
use afterword::mail::smtp::{Deadlines, Smtp};
use afterword::mail::transport::{Connection, Letter, Transport};
use afterword::survey::outbound::Attempt;
use afterword::survey::refusal::Refusal;
use lettre::transport::smtp::extension::ClientId;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::timeout;

const LONG: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(250);
const NOBODY: sink::Pem = include_bytes!("../data/tls/nobody.pem");
const ONE_MAIL: &str = "connect EHLO EHLO MAIL RCPT DATA .";

/// At this step this happens: what it means for the mail (of a refusal the step), and words of the reason.
type Case = (&'static str, Act, &'static str, &'static str);

fn smtp(sink: &Sink, limit: Duration) -> Smtp {
    Smtp {
        host: "127.0.0.1".into(),
        port: sink.port,
        tls: Tls::IfOffered,
        ca_file: None,
        login: None,
        ehlo_name: ClientId::Domain("test.example".into()),
        deadlines: Deadlines { connect: limit, session: limit, command: limit, message: limit, quit: limit },
    }
}

fn connect(sink: &Sink, limit: Duration) -> Connection {
    Transport::Smtp(smtp(sink, limit)).connection()
}

async fn scripted(scripts: impl IntoIterator<Item = Script>) -> Sink {
    Sink::start(Plan::Scripts(scripts.into_iter().collect())).await
}

fn lines(sink: &Sink) -> Vec<String> {
    sink.seen().lines.clone()
}

fn letter(to: &str) -> Letter {
    let raw = b"Subject: Hi\r\n\r\nThanks.\r\n".to_vec();
    Letter {
        id: "1".into(),
        from: "us@example.com".parse().expect("an address"),
        to: to.parse().expect("an address"),
        raw,
    }
}

/// Carries a mail, and never waits longer than a deadline that holds.
async fn send(connection: &mut Connection) -> Attempt {
    timeout(LONG, connection.send(&letter("ada@example.com"))).await.expect("a deadline that holds")
}

fn is_unreachable(outcome: &Attempt, why: &str) -> bool {
    matches!(outcome, Attempt::Unreachable(reason) if reason.contains(why))
}

#[tokio::test]
async fn a_connection_is_kept_from_mail_to_mail_and_closed_politely() {
    let sink = scripted([]).await;
    let mut connection = connect(&sink, LONG);
    for _ in 0..2 {
        assert_eq!(send(&mut connection).await, Attempt::Accepted);
    }
    connection.close().await;
    connection.close().await;
    assert_eq!(sink.steps(), format!("{ONE_MAIL} MAIL RCPT DATA . QUIT"));
    assert_eq!(lines(&sink)[3..5], ["MAIL FROM:<us@example.com>\r\n", "RCPT TO:<ada@example.com>\r\n"]);
}

#[tokio::test]
async fn every_line_of_the_mail_arrives_as_it_was() {
    let sink = scripted([]).await;
    let raw = b"Subject: dots\r\n\r\n.\r\n..two\r\nin. the middle\r\n.\r\n".to_vec();
    let outcome = connect(&sink, LONG).send(&Letter { raw, ..letter("ada@example.com") }).await;
    assert_eq!(outcome, Attempt::Accepted);
    let wire = ". Subject: dots\r\n\r\n..\r\n...two\r\nin. the middle\r\n..\r\n.\r\n";
    assert_eq!(lines(&sink)[6], wire, "each leading dot doubled, no line added");
}

/// What an attempt means, its reason, and after `Refused` its step.
fn meant(attempt: &Attempt) -> (&'static str, &str) {
    match attempt {
        Attempt::Accepted => ("accepted", ""),
        Attempt::Temporary(why) => ("temporary", why),
        Attempt::Permanent(why) => ("permanent", why),
        Attempt::NoRecipient(why) => ("no recipient", why),
        Attempt::Refused(Refusal { step, why, .. }) => (step.word(), why),
        Attempt::Unreachable(why) => ("unreachable", why),
        Attempt::Unknown(why) => ("unknown", why),
    }
}

#[tokio::test]
async fn the_step_and_the_answer_tell_what_a_failure_means() {
    let cases: [Case; 25] = [
        ("connect", Say("554 no service"), "EHLO", "554 no service (from 127.0.0.1:"),
        ("connect", Say("421 busy"), "unreachable", "421 busy (from 127.0.0.1:"),
        ("connect", Stall, "unreachable", "not ready within 250ms (a port that expects TLS at once"),
        ("EHLO", Say("502 what"), "EHLO", "502 what"),
        ("EHLO", Stall, "unreachable", "not ready within 250ms"),
        ("MAIL", Say("550 not you"), "MAIL FROM", "550 not you"),
        ("MAIL", Say("530 5.7.0 log in first"), "MAIL FROM", "530 5.7.0 log in first"),
        ("MAIL", Say("421 closing"), "unreachable", "421 closing"),
        ("MAIL", Stall, "temporary", "no answer to MAIL FROM within 250ms"),
        ("RCPT", Say("550-5.1.1 no\r\n550 5.1.1 such\tuser"), "no recipient", "550 5.1.1 no such user"),
        ("RCPT", Say("554 5.7.1 relay access denied"), "RCPT TO", "554 5.7.1 relay access denied"),
        ("RCPT", Say("450 4.2.0 later"), "temporary", "450 4.2.0 later"),
        ("RCPT", Say("421 closing"), "temporary", "421 closing"),
        ("RCPT", Drop, "temporary", "the connection was closed"),
        ("DATA", Say("554 no"), "DATA", "554 no"),
        ("DATA", Say("250 what"), "temporary", "the server answers DATA with 250"),
        ("DATA", Stall, "temporary", "no answer to DATA within 250ms"),
        ("DATA", Drop, "temporary", "the connection was closed"),
        (".", Say("552 too big"), "the mail", "552 too big"),
        (".", Say("451 busy"), "temporary", "451 busy"),
        (".", Say("421 closing"), "temporary", "421 closing"),
        (".", Say("354 more"), "unknown", "the server answers the mail with 354"),
        (".", Say("what"), "unknown", "the server does not speak SMTP"),
        (".", Stall, "unknown", "no answer to the mail within 250ms"),
        (".", Drop, "unknown", "the connection was closed"),
    ];
    let one_by_one = cases.map(|case| (vec![], case));
    // lettre asks for the extensions first, and does not tell us of this one.
    let offer = [("EHLO", Say("250 fine")), ("EHLO", Say("250-sink\r\n250 PIPELINING"))];
    let at_once =
        cases.into_iter().filter(|(step, ..)| !["connect", "EHLO"].contains(step)).map(|case| (offer.to_vec(), case));
    for (mut script, (step, act, meaning, reason)) in one_by_one.into_iter().chain(at_once) {
        let pipelines = !script.is_empty();
        script.push((step, act));
        let sink = scripted([script]).await;
        let mut connection = connect(&sink, if matches!(act, Stall) { SHORT } else { LONG });
        let outcome = send(&mut connection).await;
        let (what, why) = meant(&outcome);
        assert_eq!(what, meaning, "{step} {act:?}: {outcome:?}");
        assert!(why.contains(reason), "{step} {act:?}: {why}");
        assert_eq!(send(&mut connection).await, Attempt::Accepted, "the mail after {step} {act:?}");
        connection.close().await;
        let steps = sink.steps();
        let judged = matches!(act, Say(answer) if answer.starts_with(['4', '5']) && !answer.starts_with("421"));
        // Where commands go out together, a sink that refuses one takes the others, and waits for a mail.
        let goes_on = judged && !["connect", "EHLO"].contains(&step) && (!pipelines || step == "DATA" || step == ".");
        let (connections, end) =
            if goes_on { (1, "RSET MAIL RCPT DATA . QUIT") } else { (2, "EHLO EHLO MAIL RCPT DATA . QUIT") };
        assert!(steps.ends_with(end) && steps.matches("connect").count() == connections, "{step} {act:?}: {steps}");
    }
}

#[tokio::test]
async fn a_connection_that_fails_is_tried_once_more_at_once() {
    for first in [Drop, Say("SSH-2.0-x")] {
        let sink = scripted([vec![("connect", first)]]).await;
        assert_eq!(send(&mut connect(&sink, LONG)).await, Attempt::Accepted, "{first:?}");
        let sink = scripted([vec![("connect", first)], vec![("connect", first)]]).await;
        let outcome = send(&mut connect(&sink, LONG)).await;
        assert!(
            is_unreachable(&outcome, "the connection was closed, or the server does not speak SMTP"),
            "{outcome:?}"
        );
        assert_eq!(sink.seen().connections, 2);
    }
}

#[tokio::test]
async fn a_refused_recipient_of_commands_that_went_out_together_ends_politely() {
    let refuses = [("RCPT", Say("550 5.1.1 no such user")), ("DATA", Say("554 no valid recipients"))];
    let mut script = vec![("EHLO", Say("250 fine")), ("EHLO", Say("250-sink\r\n250 PIPELINING"))];
    for _ in 0..3 {
        script.extend(refuses);
    }
    let sink = scripted([script]).await;
    let mut connection = connect(&sink, LONG);
    for _ in 0..3 {
        let outcome = send(&mut connection).await;
        assert_eq!(meant(&outcome), ("no recipient", "550 5.1.1 no such user"));
    }
    connection.close().await;
    assert_eq!(sink.steps(), "connect EHLO EHLO MAIL RCPT DATA RSET MAIL RCPT DATA RSET MAIL RCPT DATA RSET QUIT");
}

#[tokio::test]
async fn an_answer_that_is_no_utf_8_is_an_answer() {
    for tls in [sink::Tls::Never, sink::Tls::Offered(NOBODY)] {
        let sink =
            Sink::with(Plan::Scripts(vec![vec![("RCPT", Act::Bytes(b"550 Empf\xe4nger unbekannt"))]]), tls).await;
        let mut connection = connect(&sink, LONG);
        let outcome = send(&mut connection).await;
        assert_eq!(meant(&outcome), ("no recipient", "550 Empf\u{fffd}nger unbekannt"));
        assert_eq!(send(&mut connection).await, Attempt::Accepted);
        assert_eq!(sink.seen().connections, 1);
    }
}

#[tokio::test]
async fn a_kept_connection_that_died_is_replaced_at_once() {
    for death in [Drop, Stall, Say("421 idle for too long")] {
        let sink = scripted([vec![("MAIL", Say("250 fine")), ("MAIL", death)]]).await;
        let mut connection = connect(&sink, if matches!(death, Stall) { SHORT } else { LONG });
        for _ in 0..2 {
            assert_eq!(send(&mut connection).await, Attempt::Accepted, "{death:?}");
        }
        assert_eq!(sink.steps().matches("connect").count(), 2, "{death:?}");
    }
}

#[tokio::test]
async fn a_mail_that_was_given_up_midway_does_not_spoil_the_next() {
    let sink = scripted([vec![(".", Stall)]]).await;
    let mut connection = connect(&sink, LONG);
    assert!(timeout(SHORT, send(&mut connection)).await.is_err(), "dropped by the caller");
    assert_eq!(send(&mut connection).await, Attempt::Accepted);
    assert_eq!(sink.steps(), format!("{ONE_MAIL} {ONE_MAIL}"));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable() {
    let port = TcpListener::bind("127.0.0.1:0").await.expect("a free port").local_addr().expect("bound").port();
    let sink = scripted([]).await;
    let gone = Smtp { port, ..smtp(&sink, LONG) };
    let outcome = send(&mut Transport::Smtp(gone).connection()).await;
    assert!(is_unreachable(&outcome, &format!("127.0.0.1:{port}: Connection refused")), "{outcome:?}");
}

#[tokio::test]
async fn nothing_is_sent_without_the_encryption_asked_for() {
    for (tls, why) in [(Tls::StartTls, "does not offer STARTTLS"), (Tls::Implicit, "the server does not speak TLS")] {
        let sink = scripted([]).await;
        let login = Some(("ada".to_owned(), "secret".to_owned()).into());
        let outcome = send(&mut Transport::Smtp(Smtp { tls, login, ..smtp(&sink, LONG) }).connection()).await;
        assert!(is_unreachable(&outcome, why), "{outcome:?}");
        assert!(!sink.steps().contains("AUTH") && !sink.steps().contains("MAIL"), "{}", sink.steps());
    }
}

#[tokio::test]
async fn login_by_plain_or_login_and_what_its_failure_means() {
    let plain = ("EHLO", Say("250-sink\r\n250 AUTH PLAIN LOGIN"));
    let by_login = ("EHLO", Say("250-sink\r\n250 AUTH LOGIN"));
    let asks = [("AUTH", Say("334 VXNlcm5hbWU6")), ("YWRh", Say("334 UGFzc3dvcmQ6")), ("c2VjcmV0", Say("235 in"))];
    for (script, told, heard) in [
        (vec![plain], None, "AUTH PLAIN AGFkYQBzZWNyZXQ="),
        (vec![by_login, asks[0], asks[1], asks[2]], None, "c2VjcmV0"),
        (vec![plain, ("AUTH", Say("535 5.7.8 wrong"))], Some("535 5.7.8 wrong (from 127.0.0.1:"), "QUIT"),
        (vec![], Some("does not offer login"), "EHLO test.example"),
    ] {
        let sink = scripted([script]).await;
        let smtp = Smtp { login: Some(("ada".to_owned(), "secret".to_owned()).into()), ..smtp(&sink, LONG) };
        assert!(!format!("{smtp:?}").contains("secret"));
        let outcome = send(&mut Transport::Smtp(smtp).connection()).await;
        match told {
            None => assert_eq!(outcome, Attempt::Accepted),
            Some(why) => assert!(meant(&outcome).1.contains(why), "{outcome:?}"),
        }
        assert!(lines(&sink).iter().any(|line| line.trim_end() == heard), "{:?}", lines(&sink));
    }
}

#[tokio::test]
async fn an_address_beyond_ascii_needs_a_server_that_takes_it() {
    let offers = vec![("EHLO", Say("250-sink\r\n250-8BITMIME\r\n250 SMTPUTF8"))];
    let sink = scripted([vec![], offers]).await;
    let mut connection = connect(&sink, LONG);
    let letter = letter("grüße@example.com");
    let refused = connection.send(&letter).await;
    assert!(matches!(&refused, Attempt::Permanent(reason) if reason.contains("SMTPUTF8")), "{refused:?}");
    connection.close().await;
    assert_eq!(connection.send(&letter).await, Attempt::Accepted);
    assert!(lines(&sink).contains(&"MAIL FROM:<us@example.com> SMTPUTF8 BODY=8BITMIME\r\n".to_owned()));
}

#[tokio::test]
async fn a_talkative_server_is_cut_short() {
    let long = format!("550 unknown {}", "é".repeat(400)).leak();
    let sink = scripted([vec![("RCPT", Say(long))]]).await;
    let outcome = send(&mut connect(&sink, LONG)).await;
    assert!(matches!(&outcome, Attempt::NoRecipient(reason) if reason.chars().count() == 300), "{outcome:?}");
}

#[tokio::test]
async fn a_server_that_does_not_stop_talking_is_left() {
    let flood = "a".repeat(3 << 20).leak();
    for (step, meaning) in
        [("connect", Attempt::Unreachable as fn(_) -> _), ("RCPT", Attempt::Temporary), (".", Attempt::Unknown)]
    {
        let sink = scripted(vec![vec![(step, Say(flood))]; 2]).await;
        let outcome = send(&mut connect(&sink, LONG)).await;
        let why = format!("127.0.0.1:{}: the server does not stop sending", sink.port);
        assert_eq!(outcome, meaning(why), "{step}");
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_named_and_nothing_is_sent() {
    for (server, tls) in [(sink::Tls::Always(NOBODY), Tls::Implicit), (sink::Tls::Offered(NOBODY), Tls::StartTls)] {
        let sink = Sink::with(Plan::Scripts(vec![]), server).await;
        let login = Some(("ada".to_owned(), "secret".to_owned()).into());
        let outcome = send(&mut Transport::Smtp(Smtp { tls, login, ..smtp(&sink, LONG) }).connection()).await;
        let why = "the certificate is not signed by an authority that this machine trusts";
        assert!(is_unreachable(&outcome, why), "{outcome:?}");
        assert!(!sink.steps().contains("AUTH") && !sink.steps().contains("MAIL"), "{}", sink.steps());
    }
}

#[tokio::test]
async fn a_private_authority_is_trusted_if_a_file_names_it() {
    let authority = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tls/authority.pem");
    for (ca_file, trusted) in [(Some(authority.into()), true), (None, false)] {
        let sink = Sink::with(Plan::Scripts(vec![]), sink::Tls::Always(include_bytes!("../data/tls/sound.pem"))).await;
        let smtp = Smtp { tls: Tls::Implicit, ca_file, ..smtp(&sink, LONG) };
        let outcome = send(&mut Transport::Smtp(smtp).connection()).await;
        let why =
            "the certificate is not signed by an authority that this machine trusts (mail.smtp_ca_file adds others)";
        assert!(if trusted { outcome == Attempt::Accepted } else { is_unreachable(&outcome, why) }, "{outcome:?}");
    }
}

#[tokio::test]
async fn this_machine_is_encrypted_to_if_it_offers_that_before_the_login() {
    let login = Some(("ada".to_owned(), "secret".to_owned()).into());
    let offers = vec![("EHLO", Say("250 STARTTLS")), ("EHLO", Say("250-sink\r\n250 AUTH PLAIN"))];
    let sink = Sink::with(Plan::Scripts(vec![offers]), sink::Tls::Offered(NOBODY)).await;
    let smtp = Smtp { login, ..smtp(&sink, LONG) };
    assert_eq!(send(&mut Transport::Smtp(smtp).connection()).await, Attempt::Accepted);
    assert_eq!(sink.steps(), "connect EHLO STARTTLS EHLO AUTH EHLO MAIL RCPT DATA .");
}

#[tokio::test]
async fn what_was_slipped_in_before_the_encryption_is_no_answer() {
    let slipped = vec![("STARTTLS", Say("220 go on\r\n554 slipped in"))];
    let sink = Sink::with(Plan::Scripts(vec![slipped]), sink::Tls::Offered(NOBODY)).await;
    assert_eq!(send(&mut connect(&sink, LONG)).await, Attempt::Accepted);
    assert_eq!(sink.steps(), "connect EHLO STARTTLS EHLO EHLO MAIL RCPT DATA .");
}

#[tokio::test]
async fn starttls_that_is_refused_or_spoken_to_a_tls_port_is_told_apart() {
    let refuses = vec![("STARTTLS", Say("454 4.7.0 not now"))];
    for (server, tls, why) in [
        (sink::Tls::Offered(NOBODY), Tls::StartTls, "454 4.7.0 not now"),
        (sink::Tls::Offered(NOBODY), Tls::Implicit, "smtps:// is for ports such as 465"),
        (sink::Tls::Always(NOBODY), Tls::StartTls, "a port that expects TLS at once, such as 465, needs smtps://"),
    ] {
        let sink = Sink::with(Plan::Scripts(vec![refuses.clone()]), server).await;
        let outcome =
            send(&mut Transport::Smtp(Smtp { tls, ..smtp(&sink, Duration::from_secs(1)) }).connection()).await;
        assert!(is_unreachable(&outcome, why), "{outcome:?}");
        assert!(!sink.steps().contains("MAIL"), "{}", sink.steps());
    }
}

#[tokio::test]
async fn a_server_that_answers_byte_by_byte_is_waited_for() {
    let steps = ["connect", "EHLO", "MAIL", "RCPT", "DATA", "."];
    let sink = scripted([steps.map(|step| (step, Act::Dribble)).to_vec()]).await;
    assert_eq!(send(&mut connect(&sink, LONG)).await, Attempt::Accepted);
    assert_eq!(sink.steps(), ONE_MAIL);
}

#[tokio::test]
async fn a_connection_cut_within_the_mail_leaves_its_outcome_open() {
    let sink = scripted([vec![(".", Act::Cut)]]).await;
    let outcome = send(&mut connect(&sink, LONG)).await;
    assert!(matches!(outcome, Attempt::Unknown(_)), "{outcome:?}");
    assert!(sink.seen().taken.is_empty());
}
