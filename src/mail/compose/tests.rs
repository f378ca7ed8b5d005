//! How the mail looks, to the character: its headers, its plain text and its HTML.

use super::*;
use chrono::DateTime;
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
    From: Support <support@example.com>
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

#[test]
fn the_plain_text_of_a_mail() {
    let mail = rendered();
    insta::assert_snapshot!(redacted(&format!("{}\n\n{}", mail.subject, mail.plain)), @"
    How was your conversation with Grace?

    How was your conversation with Grace?
    It was about “Refund & <b>return</b>”.
    One click on a face is enough.

    😠 terrible: https://rate.example.com/r/RATE-1
    🙁 bad: https://rate.example.com/r/RATE-2
    😐 okay: https://rate.example.com/r/RATE-3
    😀 great: https://rate.example.com/r/RATE-4
    🤩 amazing: https://rate.example.com/r/RATE-5

    -- 
    Support
    You received this email because your conversation with Support was closed.
    Unsubscribe from these emails: https://rate.example.com/u/UNSUBSCRIBE
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
    @media (prefers-color-scheme: dark) {
    .back { background-color: #14161a !important; }
    .card { background-color: #20242b !important; }
    .tile { background-color: #2d333c !important; }
    .strong { color: #f4f6f8 !important; }
    .plain { color: #d8dce3 !important; }
    .quiet { color: #adb4c0 !important; }
    .rule { border-color: #3a414c !important; }
    }
    </style>
    </head>
    <body class="back" style="margin:0;padding:0;background-color:#f1f3f5;">
    <div role="article" aria-label="How was your conversation with Grace?" lang="en" dir="ltr">
    <div style="display:none;max-height:0;overflow:hidden;font-size:1px;line-height:1px;color:#f1f3f5;mso-hide:all;">It was about “Refund &#38; &#60;b&#62;return&#60;/b&#62;”. One click on a face is enough.~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~</div>
    <table class="back" role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="background-color:#f1f3f5;">
    <tr><td style="padding:24px 8px;">
    <!--[if mso]><table role="presentation" width="560" align="center" cellpadding="0" cellspacing="0" border="0"><tr><td><![endif]-->
    <div style="max-width:560px;margin:0 auto;">
    <table class="card" role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="background-color:#ffffff;border-top:4px solid #2f6fed;">
    <tr><td class="quiet" style="padding:24px 20px 12px 20px;font-family:Helvetica,Arial,sans-serif;font-size:15px;line-height:20px;font-weight:bold;color:#5b6270;">Support</td></tr>
    <tr><td style="padding:0 20px;">
    <h1 class="strong" style="margin:0;font-family:Helvetica,Arial,sans-serif;font-size:22px;line-height:30px;font-weight:bold;color:#1b1f27;word-break:break-word;">How was your conversation with Grace?</h1>
    </td></tr>
    <tr><td class="plain" style="padding:8px 20px 0 20px;font-family:Helvetica,Arial,sans-serif;font-size:16px;line-height:24px;color:#3a404c;word-break:break-word;">It was about “Refund &#38; &#60;b&#62;return&#60;/b&#62;”.</td></tr>
    <tr><td class="plain" style="padding:8px 20px 0 20px;font-family:Helvetica,Arial,sans-serif;font-size:16px;line-height:24px;color:#3a404c;">One click on a face is enough.</td></tr>
    <tr><td style="padding:20px 8px 24px 8px;">
    <table role="presentation" width="100%" cellpadding="0" cellspacing="3" border="0">
    <tr>
    <td class="tile" align="center" width="20%" valign="top" style="padding:4px 0;background-color:#f1f3f5;border-radius:8px;"><a class="strong" href="https://rate.example.com/r/RATE-1" aria-label="terrible, 1 of 5" style="display:block;padding:6px 0;font-family:Helvetica,Arial,sans-serif;font-size:12px;line-height:18px;color:#1b1f27;text-decoration:none;"><span aria-hidden="true" style="font-family:'Segoe UI Emoji','Apple Color Emoji','Noto Color Emoji',sans-serif;font-size:32px;line-height:42px;">😠</span><br>terrible</a></td>
    <td class="tile" align="center" width="20%" valign="top" style="padding:4px 0;background-color:#f1f3f5;border-radius:8px;"><a class="strong" href="https://rate.example.com/r/RATE-2" aria-label="bad, 2 of 5" style="display:block;padding:6px 0;font-family:Helvetica,Arial,sans-serif;font-size:12px;line-height:18px;color:#1b1f27;text-decoration:none;"><span aria-hidden="true" style="font-family:'Segoe UI Emoji','Apple Color Emoji','Noto Color Emoji',sans-serif;font-size:32px;line-height:42px;">🙁</span><br>bad</a></td>
    <td class="tile" align="center" width="20%" valign="top" style="padding:4px 0;background-color:#f1f3f5;border-radius:8px;"><a class="strong" href="https://rate.example.com/r/RATE-3" aria-label="okay, 3 of 5" style="display:block;padding:6px 0;font-family:Helvetica,Arial,sans-serif;font-size:12px;line-height:18px;color:#1b1f27;text-decoration:none;"><span aria-hidden="true" style="font-family:'Segoe UI Emoji','Apple Color Emoji','Noto Color Emoji',sans-serif;font-size:32px;line-height:42px;">😐</span><br>okay</a></td>
    <td class="tile" align="center" width="20%" valign="top" style="padding:4px 0;background-color:#f1f3f5;border-radius:8px;"><a class="strong" href="https://rate.example.com/r/RATE-4" aria-label="great, 4 of 5" style="display:block;padding:6px 0;font-family:Helvetica,Arial,sans-serif;font-size:12px;line-height:18px;color:#1b1f27;text-decoration:none;"><span aria-hidden="true" style="font-family:'Segoe UI Emoji','Apple Color Emoji','Noto Color Emoji',sans-serif;font-size:32px;line-height:42px;">😀</span><br>great</a></td>
    <td class="tile" align="center" width="20%" valign="top" style="padding:4px 0;background-color:#f1f3f5;border-radius:8px;"><a class="strong" href="https://rate.example.com/r/RATE-5" aria-label="amazing, 5 of 5" style="display:block;padding:6px 0;font-family:Helvetica,Arial,sans-serif;font-size:12px;line-height:18px;color:#1b1f27;text-decoration:none;"><span aria-hidden="true" style="font-family:'Segoe UI Emoji','Apple Color Emoji','Noto Color Emoji',sans-serif;font-size:32px;line-height:42px;">🤩</span><br>amazing</a></td>
    </tr>
    </table>
    </td></tr>
    <tr><td class="quiet rule" style="padding:16px 20px 24px 20px;border-top:1px solid #dfe3e8;font-family:Helvetica,Arial,sans-serif;font-size:13px;line-height:20px;color:#5b6270;word-break:break-word;">You received this email because your conversation with Support was closed.<br><a class="quiet" href="https://rate.example.com/u/UNSUBSCRIBE" style="color:#5b6270;text-decoration:underline;">Unsubscribe from these emails</a></td></tr>
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
