//! How the mail looks, to the character: its headers, its plain text and its HTML.

use super::*;
use chrono::DateTime;
use mail_parser::MessageParser;
use uuid::Uuid;

const SURVEY: Uuid = Uuid::from_u128(0x0193_5000_0000_7000_8000_0000_0000_0001);

fn ring() -> KeyRing {
    KeyRing::new(&[vec![7; 32]]).expect("a key of the least length")
}

fn outgoing() -> Outgoing {
    Outgoing {
        survey: SURVEY,
        address: "ada@example.com".to_owned(),
        customer_name: Some("Ada".to_owned()),
        teammate: Some("Grace".to_owned()),
        subject: Some("Refund & <b>return</b>".to_owned()),
        in_reply_to: Some("<m1@desk.example.com>".to_owned()),
        policy: None,
        locale: None,
    }
}

fn config() -> Config {
    let mut config = Config { public_url: "https://rate.example.com".parse().expect("a URL"), ..Config::default() };
    config.mail.reply_to = Some("desk@example.com".to_owned().try_into().expect("an address"));
    config.mail.bounce_domain = Some("bounces.example.com".to_owned());
    config
}

fn rendered() -> RenderedMail {
    render(&Sender::new(&config(), None, &outgoing()), &outgoing(), &ring()).expect("a mail")
}

/// The text with a name in place of each token, and of the boundary between the parts.
fn redacted(text: &str) -> String {
    let scores = Score::ALL.map(|score| (Purpose::Rate(score), format!("RATE-{}", score.number())));
    let others = [(Purpose::Unsubscribe, "UNSUBSCRIBE".to_owned()), (Purpose::Bounce, "BOUNCE".to_owned())];
    let names = scores.into_iter().chain(others);
    let text = names.fold(text.to_owned(), |text, (purpose, name)| {
        text.replace(&ring().sign(&Link { purpose, survey: SURVEY }), &name)
    });
    let boundary = text.split_once("boundary=\"").and_then(|(_, rest)| rest.split_once('"')).map(|(name, _)| name);
    boundary.map_or(text.clone(), |boundary| text.replace(boundary, "BOUNDARY"))
}

#[test]
fn the_headers_of_a_mail() {
    let now = DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
    let letter = request(&Sender::new(&config(), None, &outgoing()), &outgoing(), &ring(), now).expect("a letter");
    let raw = String::from_utf8(letter.raw).expect("ASCII");
    let (headers, _) = raw.split_once("\r\n\r\n").expect("an end of the headers");
    let envelope = format!("from {} to {}", letter.from, letter.to);
    insta::assert_snapshot!(redacted(&format!("{envelope}\n\n{headers}").replace("\r\n", "\n")), @r#"
    from b+BOUNCE@bounces.example.com to ada@example.com

    Message-ID: <01935000-0000-7000-8000-000000000001@example.com>
    From: "Grace at Support" <support@example.com>
    To: Ada <ada@example.com>
    Subject: How was your conversation with Grace?
    Date: Fri, 15 Jan 2027 08:00:00 +0000
    List-Unsubscribe: <https://rate.example.com/u/UNSUBSCRIBE>
    List-Unsubscribe-Post: List-Unsubscribe=One-Click
    Auto-Submitted: auto-generated
    X-Auto-Response-Suppress: All
    Feedback-ID: survey:support:afterword
    Reply-To: desk@example.com
    In-Reply-To: <m1@desk.example.com>
    References: <m1@desk.example.com>
    MIME-Version: 1.0
    Content-Type: multipart/alternative;
     boundary="BOUNDARY"
    "#);
}

/// The header From of a mail with these settings, in this language.
fn from(settings: impl Fn(&mut Config), teammate: Option<&str>, locale: &str) -> String {
    let mut config = config();
    config.mail.from = "Example Support <support@example.com>".to_owned().try_into().expect("a mailbox");
    config.brand.name = "Example".to_owned();
    settings(&mut config);
    let teammate = teammate.map(str::to_owned);
    let mail = Outgoing { teammate, locale: Some(locale.to_owned()), ..outgoing() };
    let letter = request(&Sender::new(&config, None, &mail), &mail, &ring(), DateTime::UNIX_EPOCH).expect("a letter");
    let parsed = MessageParser::default().parse(&letter.raw).expect("a mail").into_owned();
    let from = parsed.from().and_then(mail_parser::Address::first).expect("a sender");
    assert_eq!(from.address(), Some("support@example.com"), "the address always stays");
    from.name().unwrap_or_default().to_owned()
}

#[test]
fn the_teammate_is_the_sender_if_the_name_is_known() {
    let grace = Some("Grace");
    assert_eq!(from(|_| {}, grace, "en"), "Grace at Example");
    assert_eq!(from(|_| {}, grace, "de"), "Grace von Example");
    assert_eq!(from(|_| {}, grace, "ja"), "Example Grace");
    assert_eq!(from(|_| {}, Some("Ürsula \"Ü\""), "en"), "Ürsula \"Ü\" at Example");
    for no_name in [None, Some("grace@example.com"), Some("4711"), Some("?"), Some(&*"Grace ".repeat(20))] {
        assert_eq!(from(|_| {}, no_name, "en"), "Example Support", "{no_name:?}");
    }
    let own = |text: &'static str| move |config: &mut Config| config.mail.from_name = Some(text.to_owned());
    assert_eq!(from(own("{teammate}, {brand}"), grace, "de"), "Grace, Example");
    assert_eq!(from(own("{brand} team"), None, "de"), "Example team", "it lacks nothing");
    assert_eq!(from(own(""), grace, "de"), "Example Support");
}

#[test]
fn no_name_of_a_sender_can_become_a_header_or_an_address() {
    for name in
        ["Eve\r\nBcc: eve@example.net", "=?utf-8?q?Eve?=", "Eve\" <eve>, \"x", "Eve <eve@example.net>", "E\0ve,;:"]
    {
        let from = from(|_| {}, Some(name), "en");
        let said = from.strip_suffix(" at Example").unwrap_or_else(|| panic!("{name}: {from}"));
        assert!(said.contains('E') && !said.contains(['\r', '\n', '@']), "{name}: {from}");
    }
}

#[test]
fn the_longest_names_still_fit_their_header() {
    let long = "漢".repeat(60);
    let brand = "字".repeat(200);
    assert_eq!(from(|config| config.brand.name.clone_from(&brand), Some(&long), "en"), format!("{long} at {brand}"));
}

#[test]
fn only_a_name_is_greeted() {
    let greeted = |name: Option<&str>| {
        let mail = Outgoing { customer_name: name.map(str::to_owned), ..outgoing() };
        let mail = render(&Sender::new(&config(), None, &mail), &mail, &ring()).expect("a mail");
        let greeting = mail.plain.lines().next().filter(|line| line.starts_with("Hi ")).map(str::to_owned);
        assert_eq!(mail.html.contains(">Hi "), greeting.is_some(), "{}", mail.html);
        assert!(mail.plain.contains("How was your conversation with Grace?\nAbout"), "{}", mail.plain);
        greeting
    };
    assert_eq!(greeted(Some("Ada")).as_deref(), Some("Hi Ada,"));
    assert_eq!(greeted(Some("Ada Lovelace")).as_deref(), Some("Hi Ada Lovelace,"));
    assert_eq!(greeted(Some("Ada www.evil.example")).as_deref(), Some("Hi Ada,"));
    for name in [None, Some("ada@example.com"), Some("+49 170 123"), Some("—")] {
        assert_eq!(greeted(name), None, "{name:?}");
    }
}

#[test]
fn the_line_in_the_inbox_ends_with_the_faces() {
    let preheader = |subject: Option<&str>| {
        let mail = Outgoing { subject: subject.map(str::to_owned), ..outgoing() };
        render(&Sender::new(&config(), None, &mail), &mail, &ring()).expect("a mail").preheader
    };
    let said = "Just click a face. That’s all. · 😠 🙁 😐 😀 🤩";
    assert_eq!(preheader(Some("Refund")), format!("About: “Refund” · {said}"));
    assert_eq!(preheader(None), said);
}

#[test]
fn the_plain_text_of_a_mail() {
    let mail = rendered();
    insta::assert_snapshot!(redacted(&format!("{}\n\n{}", mail.subject, mail.plain)), @"
    How was your conversation with Grace?

    Hi Ada,

    How was your conversation with Grace?
    About: “Refund & <b>return</b>”
    Just click a face. That’s all.

    😠 terrible: https://rate.example.com/r/RATE-1
    🙁 bad: https://rate.example.com/r/RATE-2
    😐 okay: https://rate.example.com/r/RATE-3
    😀 great: https://rate.example.com/r/RATE-4
    🤩 amazing: https://rate.example.com/r/RATE-5

    -- 
    Support
    You’re getting this email because your conversation with Support has ended.
    Unsubscribe from these surveys: https://rate.example.com/u/UNSUBSCRIBE
    ");
}

#[test]
fn the_html_of_a_mail() {
    // Each tilde is a piece of the space that keeps mail programs from showing more beside the subject.
    let html = rendered().html.replace("&#847;&zwnj;&nbsp;", "~");
    insta::assert_snapshot!(redacted(&html), @r#"
    <!DOCTYPE html>
    <html lang="en" dir="ltr">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="format-detection" content="telephone=no, date=no, address=no, email=no">
    <meta name="color-scheme" content="light dark">
    <meta name="supported-color-schemes" content="light dark">
    <title>How was your conversation with Grace?</title>
    <!--[if mso]><xml xmlns:o="urn:schemas-microsoft-com:office:office"><o:OfficeDocumentSettings><o:PixelsPerInch>96</o:PixelsPerInch></o:OfficeDocumentSettings></xml><![endif]-->
    <style>
    @media (min-width: 375px) {
    .face { font-size: 13px !important; }
    }
    @media (min-width: 500px) {
    .edge { padding: 32px 16px !important; }
    .card { border-radius: 12px !important; }
    .side { padding-left: 32px !important; padding-right: 32px !important; }
    .tiles { padding-left: 28px !important; padding-right: 28px !important; }
    .face { font-size: 14px !important; }
    }
    @media (prefers-color-scheme: dark) {
    .back { background-color: #14161a !important; }
    .card { background-color: #20242b !important; }
    .tile { background-color: #2d333c !important; }
    .strong { color: #f4f6f8 !important; }
    .plain { color: #d8dce3 !important; }
    .quiet { color: #adb4c0 !important; }
    .rule { border-color: #3a414c !important; }
    .logo { padding: 6px 10px !important; border-radius: 8px !important; background-color: #ffffff !important; color: #1b1f27 !important; }
    }
    </style>
    </head>
    <body class="back" style="margin:0;padding:0;background-color:#f1f3f5;-webkit-text-size-adjust:100%;text-size-adjust:100%;">
    <div role="article" aria-label="How was your conversation with Grace?" lang="en" dir="ltr">
    <div style="display:none;max-height:0;overflow:hidden;font-size:1px;line-height:1px;color:#f1f3f5;mso-hide:all;">About: “Refund &#38; &#60;b&#62;return&#60;/b&#62;” · Just click a face. That’s all. · 😠 🙁 😐 😀 🤩~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~</div>
    <table class="back" role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="background-color:#f1f3f5;">
    <tr><td class="edge" style="padding:0 0 24px 0;">
    <!--[if mso]><table role="presentation" width="560" align="center" cellpadding="0" cellspacing="0" border="0"><tr><td><![endif]-->
    <div style="max-width:560px;margin:0 auto;">
    <table class="card" role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="background-color:#ffffff;border-top:4px solid #2f6fed;">
    <tr><td class="quiet side" style="padding:24px 16px 20px 16px;font-family:'Segoe UI',-apple-system,Roboto,Helvetica,Arial,sans-serif;font-size:15px;line-height:20px;font-weight:bold;color:#5b6270;">Support</td></tr>
    <tr><td class="plain side" style="padding:0 16px 8px 16px;font-family:'Segoe UI',-apple-system,Roboto,Helvetica,Arial,sans-serif;font-size:16px;line-height:24px;color:#3a404c;word-break:break-word;">Hi Ada,</td></tr>
    <tr><td class="side" style="padding:0 16px;">
    <h1 class="strong" style="margin:0;font-family:'Segoe UI',-apple-system,Roboto,Helvetica,Arial,sans-serif;font-size:22px;line-height:28px;font-weight:bold;color:#1b1f27;text-wrap:balance;word-break:break-word;">How was your conversation with Grace?</h1>
    </td></tr>
    <tr><td class="plain side" style="padding:8px 16px 0 16px;font-family:'Segoe UI',-apple-system,Roboto,Helvetica,Arial,sans-serif;font-size:16px;line-height:24px;color:#3a404c;word-break:break-word;">About: “Refund &#38; &#60;b&#62;return&#60;/b&#62;”</td></tr>
    <tr><td class="plain side" style="padding:8px 16px 0 16px;font-family:'Segoe UI',-apple-system,Roboto,Helvetica,Arial,sans-serif;font-size:16px;line-height:24px;color:#3a404c;">Just click a face. That’s all.</td></tr>
    <tr><td class="tiles" style="padding:20px 12px 24px 12px;">
    <table role="presentation" width="100%" cellpadding="0" cellspacing="4" border="0">
    <tr>
    <td class="tile" align="center" width="20%" valign="top" style="padding:0;background-color:#f1f3f5;border-radius:8px;"><a class="strong face" href="https://rate.example.com/r/RATE-1" aria-label="terrible, 1 of 5" style="display:block;padding:8px 0 12px 0;font-family:'Segoe UI',-apple-system,Roboto,Helvetica,Arial,sans-serif;font-size:12px;line-height:18px;color:#1b1f27;text-decoration:none;word-break:keep-all;word-break:auto-phrase;"><span aria-hidden="true" style="font-family:'Segoe UI Emoji','Apple Color Emoji','Noto Color Emoji',sans-serif;font-size:40px;line-height:52px;mso-line-height-rule:exactly;">😠</span><br>terrible</a></td>
    <td class="tile" align="center" width="20%" valign="top" style="padding:0;background-color:#f1f3f5;border-radius:8px;"><a class="strong face" href="https://rate.example.com/r/RATE-2" aria-label="bad, 2 of 5" style="display:block;padding:8px 0 12px 0;font-family:'Segoe UI',-apple-system,Roboto,Helvetica,Arial,sans-serif;font-size:12px;line-height:18px;color:#1b1f27;text-decoration:none;word-break:keep-all;word-break:auto-phrase;"><span aria-hidden="true" style="font-family:'Segoe UI Emoji','Apple Color Emoji','Noto Color Emoji',sans-serif;font-size:40px;line-height:52px;mso-line-height-rule:exactly;">🙁</span><br>bad</a></td>
    <td class="tile" align="center" width="20%" valign="top" style="padding:0;background-color:#f1f3f5;border-radius:8px;"><a class="strong face" href="https://rate.example.com/r/RATE-3" aria-label="okay, 3 of 5" style="display:block;padding:8px 0 12px 0;font-family:'Segoe UI',-apple-system,Roboto,Helvetica,Arial,sans-serif;font-size:12px;line-height:18px;color:#1b1f27;text-decoration:none;word-break:keep-all;word-break:auto-phrase;"><span aria-hidden="true" style="font-family:'Segoe UI Emoji','Apple Color Emoji','Noto Color Emoji',sans-serif;font-size:40px;line-height:52px;mso-line-height-rule:exactly;">😐</span><br>okay</a></td>
    <td class="tile" align="center" width="20%" valign="top" style="padding:0;background-color:#f1f3f5;border-radius:8px;"><a class="strong face" href="https://rate.example.com/r/RATE-4" aria-label="great, 4 of 5" style="display:block;padding:8px 0 12px 0;font-family:'Segoe UI',-apple-system,Roboto,Helvetica,Arial,sans-serif;font-size:12px;line-height:18px;color:#1b1f27;text-decoration:none;word-break:keep-all;word-break:auto-phrase;"><span aria-hidden="true" style="font-family:'Segoe UI Emoji','Apple Color Emoji','Noto Color Emoji',sans-serif;font-size:40px;line-height:52px;mso-line-height-rule:exactly;">😀</span><br>great</a></td>
    <td class="tile" align="center" width="20%" valign="top" style="padding:0;background-color:#f1f3f5;border-radius:8px;"><a class="strong face" href="https://rate.example.com/r/RATE-5" aria-label="amazing, 5 of 5" style="display:block;padding:8px 0 12px 0;font-family:'Segoe UI',-apple-system,Roboto,Helvetica,Arial,sans-serif;font-size:12px;line-height:18px;color:#1b1f27;text-decoration:none;word-break:keep-all;word-break:auto-phrase;"><span aria-hidden="true" style="font-family:'Segoe UI Emoji','Apple Color Emoji','Noto Color Emoji',sans-serif;font-size:40px;line-height:52px;mso-line-height-rule:exactly;">🤩</span><br>amazing</a></td>
    </tr>
    </table>
    </td></tr>
    <tr><td class="quiet rule side" style="padding:16px 16px 12px 16px;border-top:1px solid #dfe3e8;font-family:'Segoe UI',-apple-system,Roboto,Helvetica,Arial,sans-serif;font-size:13px;line-height:20px;color:#5b6270;word-break:break-word;">You’re getting this email because your conversation with Support has ended.<br><a class="quiet" href="https://rate.example.com/u/UNSUBSCRIBE" style="display:inline-block;padding:12px 0;color:#5b6270;text-decoration:underline;">Unsubscribe from these surveys</a></td></tr>
    </table>
    </div>
    <!--[if mso]></td></tr></table><![endif]-->
    </td></tr>
    </table>
    </div>
    </body>
    </html>
    "#);
}
