//! Every text of every language in its place: the mail and the pages, as a customer reads them.
//!
//! The snapshot is `tests/data/texts.snap`. `INSTA_UPDATE=always cargo test --lib every_text_in_its_place` writes it anew;
//! its diff is to be read as a customer would.

use super::page::{Frame, Message, message};
use super::rate::page::rate;
use super::unsubscribe::{self, Shown};
use crate::config::Config;
use crate::gateway::{Opened, Posted, TooLong};
use crate::mail::compose;
use crate::survey::Time;
use crate::survey::answers::{Answers, Choice, Offered, Question, REASONS, Words};
use crate::survey::evidence::Summary;
use crate::survey::link::KeyRing;
use crate::survey::outbound::Outgoing;
use crate::survey::page::{About, Evidence, Mode, Outcome, Page, PageId};
use crate::survey::rating::{Rating, Score, Standing};
use crate::text::{CustomLanguages, CustomTexts, Text};
use crate::web::assets::Assets;
use chrono::{DateTime, TimeDelta};
use chrono_tz::Tz;
use percent_encoding::percent_decode_str;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use uuid::Uuid;

/// Attributes that a customer sees or hears, at once or by the script.
const SHOWN: [&str; 9] = [
    "aria-label",
    "href",
    "data-moment",
    "data-sending",
    "data-failed",
    "data-offline",
    "data-too-many",
    "data-text",
    "data-unsent",
];
/// Elements that begin a line.
const LINES: [&str; 12] =
    ["p", "h1", "div", "label", "legend", "summary", "button", "td", "tr", "textarea", "template", "br"];

/// Keys that are no texts.
const NO_TEXTS: [&str; 7] = ["language", "direction", "quotes", "joiner", "thousands", "time", "months"];

fn now() -> Time {
    DateTime::from_timestamp(1_800_000_000, 0).expect("a time")
}

fn score(number: i64) -> Score {
    Score::try_from(number).expect("a score")
}

fn rating(number: i64) -> Rating {
    let page = PageId::new(1);
    let evidence = Evidence::Pressed;
    Rating { score: score(number), evidence, rated_at: now(), page, page_issued: now(), click: false }
}

/// A page on the link of a score, before its windows end.
fn opened(clicked: i64, mode: Mode, standing: Standing) -> Opened {
    let text = |text: &str| Some(text.to_owned());
    let ends = Some(now() + TimeDelta::days(3));
    Opened {
        clicked: score(clicked),
        page: Page::new(PageId::new(7), score(clicked), mode, now()),
        page_token: "token".to_owned(),
        now: now(),
        summary: Summary { standing, frozen: false, rate_until: ends, change_until: ends },
        about: About { teammate: text("Grace"), subject: text("Refund"), customer: text("Ada"), ..About::default() },
        posted: None,
        answers: Answers::default(),
    }
}

fn unrated(clicked: i64, mode: Mode) -> Opened {
    opened(clicked, mode, Standing::Unrated)
}

fn rated(clicked: i64, mode: Mode, number: i64) -> Opened {
    opened(clicked, mode, Standing::Rated(rating(number)))
}

fn held(clicked: i64, number: i64) -> Opened {
    opened(clicked, Mode::Pressed, Standing::Held { rating: rating(number), since: now() })
}

fn locked(number: i64) -> Opened {
    opened(number, Mode::Final, Standing::Locked(rating(number)))
}

fn posted(result: Result<Outcome, TooLong>, comment: &str, opened: Opened) -> Opened {
    let refused = result != Ok(Outcome::Ok);
    Opened { posted: Some(Posted { result, refused, picked: None, comment: comment.to_owned() }), ..opened }
}

fn taken(opened: Opened) -> Opened {
    posted(Ok(Outcome::Ok), "", opened)
}

fn refused(by: Outcome, opened: Opened) -> Opened {
    posted(Ok(by), "", opened)
}

fn too_long(opened: Opened) -> Opened {
    posted(Err(TooLong { characters: 5001 }), "…", opened)
}

fn once_more(opened: Opened) -> Opened {
    let page = Page { once_more: true, ..opened.page.clone() };
    refused(Outcome::Ask, Opened { page, ..opened })
}

fn late(opened: Opened) -> Opened {
    let ended = Some(now() - TimeDelta::days(3));
    let frozen = matches!(opened.summary.standing, Standing::Rated(_));
    Opened { summary: Summary { frozen, rate_until: ended, change_until: ended, ..opened.summary }, ..opened }
}

/// The states of the rating page. Those marked `true` are shown whole, the others only down to their first sentence.
fn states() -> Vec<(&'static str, bool, Opened)> {
    let nameless = |opened: Opened| Opened { about: About::default(), ..opened };
    vec![
        ("confirms by itself", true, unrated(4, Mode::Seen)),
        ("once more", false, once_more(unrated(4, Mode::Pressed))),
        ("open for too long", false, refused(Outcome::Stale, unrated(4, Mode::Pressed))),
        ("comment too long, nothing saved", false, too_long(unrated(4, Mode::Pressed))),
        ("in doubt", false, held(4, 4)),
        ("two faces", true, rated(2, Mode::Change, 4)),
        ("two faces, in doubt", false, held(2, 4)),
        ("two faces, in doubt, once more", false, once_more(held(2, 4))),
        ("saved, low", true, taken(rated(1, Mode::Pressed, 1))),
        ("saved, middle", true, taken(rated(3, Mode::Pressed, 3))),
        ("saved, high", true, taken(rated(5, Mode::Pressed, 5))),
        ("opened again", false, rated(4, Mode::Seen, 4)),
        ("comment not saved", false, posted(Ok(Outcome::Ask), "…", rated(4, Mode::Seen, 4))),
        ("comment too long, rating saved", false, too_long(rated(4, Mode::Seen, 4))),
        ("cannot change", true, late(rated(4, Mode::Seen, 4))),
        ("too late to change", false, refused(Outcome::Closed, late(rated(4, Mode::Seen, 4)))),
        ("commented, low", true, taken(locked(1))),
        ("commented, middle", false, taken(locked(3))),
        ("commented, high", false, taken(locked(5))),
        ("commented earlier", false, locked(4)),
        ("commented earlier, pressed again", false, refused(Outcome::Locked, locked(4))),
        ("commented earlier, another comment", true, posted(Ok(Outcome::Locked), "…", locked(4))),
        ("closed", true, nameless(late(unrated(4, Mode::Closed)))),
        ("closed, pressed", false, refused(Outcome::Closed, late(unrated(4, Mode::Closed)))),
        ("taken out", false, unrated(4, Mode::Closed)),
    ]
}

/// The text of HTML as a customer reads it, line by line. Buttons are in brackets; what stands in an attribute has its
/// name in front.
fn readable(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        let words = before.replace('\n', " ");
        text.push_str(if text.ends_with(['\n', ' ']) { words.trim_start() } else { &words });
        let (tag, after) = after.split_once('>').expect("the end of a tag");
        let name = tag.trim_start_matches('/').split([' ', '\n']).next().unwrap_or_default();
        rest = after;
        if name == "span" && tag.ends_with(" hidden") {
            rest = after.split_once("</span>").expect("its end").1;
        }
        if tag == "/button" {
            text.push(']');
        }
        if LINES.contains(&name) && !text.ends_with('\n') {
            text.push('\n');
        }
        for name in SHOWN {
            let value = tag.split_once(&format!(" {name}=\"")).and_then(|(_, value)| value.split_once('"'));
            match value {
                Some((url, _)) if name == "href" && !url.starts_with("mailto:") => {}
                Some((value, _)) => {
                    let value = percent_decode_str(value).decode_utf8_lossy();
                    writeln!(text, "{}({name}: {value})", if text.ends_with(['\n', ' ']) { "" } else { "\n" })
                        .expect("a string");
                }
                None => {}
            }
        }
        if name == "button" && !tag.starts_with('/') {
            text.push('[');
        }
    }
    let text = text.replace("&#847;&zwnj;&nbsp;", "");
    let plain = [("&#38;", "&"), ("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">"), ("&amp;", "&")];
    let text = plain.iter().fold(text, |text, (entity, sign)| text.replace(entity, sign));
    let lines: Vec<_> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    lines.join("\n")
}

/// The title and the main part of a page.
fn page(html: &str) -> String {
    let (_, title) = html.split_once("<title>").expect("a title");
    let (title, rest) = title.split_once("</title>").expect("its end");
    let (main, _) = rest.split_once("<main>").expect("a main part").1.split_once("</main>").expect("its end");
    format!("{}\n{}", readable(&format!("{title}<br>")), readable(main))
}

/// The heading, and all that is told below it.
fn lead(html: &str) -> String {
    let (html, _) = html.split_once("<template").unwrap_or((html, ""));
    let part = |begin: &str, end: &str| {
        let parts = html.split(begin).skip(1).filter_map(|part| part.split_once(end));
        parts.map(|(part, _)| readable(&format!("<p{part}<br>"))).collect::<Vec<_>>()
    };
    [part("<h1", "</h1>"), part("<p class=\"told", "</p>"), part("<p class=\"until", "</p>")].concat().join("\n")
}

/// A reason and a question for every score, in words of an operator.
fn offered(text: &Text) -> Offered<'_> {
    let scores: BTreeSet<Score> = Score::ALL.into();
    let words = |words| Words { text: words, language: &text.language };
    let choice = |key, says| Choice { key, words: words(says), scores: scores.clone() };
    let question = Question {
        key: "solved",
        words: words("QUESTION"),
        scores: scores.clone(),
        choices: vec![choice("yes", "ANSWER")],
    };
    Offered { reasons: vec![choice("slow", "REASON")], question: Some(question), ..Offered::default() }
}

/// The boxes to tick, and their button.
fn to_tick(html: &str) -> String {
    let (_, rest) = html.split_once("name=\"reason\" value=\"\">").expect("boxes");
    let (boxes, _) = rest.split_once("</button>").expect("a button below them");
    readable(&format!("<p>{boxes}</button>"))
}

fn mail(text: &Text) -> String {
    let mut config = Config::default();
    config.brand.name = "Lumen".to_owned();
    config.brand.locale = text.language.clone();
    let outgoing = |name: &str, subject: &str| Outgoing {
        survey: Uuid::from_u128(1),
        address: "ada@example.com".to_owned(),
        customer_name: (!name.is_empty()).then(|| "Ada".to_owned()),
        teammate: (!name.is_empty()).then(|| name.to_owned()),
        subject: (!subject.is_empty()).then(|| subject.to_owned()),
        in_reply_to: None,
        policy: None,
        locale: None,
    };
    let ring = KeyRing::new(&[vec![7; 32]]).expect("a key of the least length");
    let render =
        |mail: &Outgoing| compose::render(&compose::Sender::new(&config, None, mail), mail, &ring).expect("a mail");
    let shown = |mail: compose::RenderedMail| {
        let words = mail.plain.split_inclusive(char::is_whitespace);
        let link = |word: &str| word.starts_with("http");
        let plain: String = words.map(|word| if link(word) { "LINK\n" } else { word }).collect();
        let lines: Vec<_> = plain.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
        let body = mail.html.split_once("<body").expect("a body").1;
        let from = mail.from_name.unwrap_or_default();
        format!("{from}\n{}\n--\n{}\n--\n{}", mail.subject, lines.join("\n"), readable(&format!("<body{body}")))
    };
    let nameless = render(&outgoing("", ""));
    let nameless = [nameless.subject.as_str(), nameless.plain.lines().take(3).collect::<Vec<_>>().join("\n").as_str()]
        .join("\n--\n");
    format!("== mail\n{}\n== mail, nothing known\n{nameless}\n", shown(render(&outgoing("Grace", "Refund"))))
}

/// The parts of each text that are shown as they stand in the file, by key: those around its names in braces.
fn parts(language: &str) -> Vec<(String, String)> {
    let file = format!("{}/templates/text/{language}.toml", env!("CARGO_MANIFEST_DIR"));
    let table: toml::Table = std::fs::read_to_string(&file).expect(&file).parse().expect(&file);
    let mut texts = Vec::new();
    for (section, value) in table.into_iter().filter(|(key, _)| !NO_TEXTS.contains(&key.as_str())) {
        match value {
            toml::Value::Table(table) => {
                texts.extend(table.into_iter().map(|(key, value)| (format!("{section}.{key}"), value)));
            }
            toml::Value::Array(list) => texts.extend(list.into_iter().map(|value| (section.clone(), value))),
            other => panic!("{section}: {other}"),
        }
    }
    let split = |(key, value): (String, toml::Value)| {
        let text = value.as_str().expect("a text").to_owned();
        let parts = text.split('{').map(|part| part.split_once('}').map_or(part, |(_, after)| after).trim().to_owned());
        parts.filter(|part| !part.is_empty()).map(|part| (key.clone(), part)).collect::<Vec<_>>()
    };
    texts.into_iter().flat_map(split).collect()
}

fn shown(text: &Text) -> String {
    let (assets, none) = (Assets::new("#2f6fed", None), CustomLanguages::default());
    let custom = CustomTexts { policy: &none, all: &none };
    let contact = Some("mailto:desk@example.com");
    let frame = Frame { brand: "Lumen", custom, text, zone: Tz::UTC, assets: &assets, contact };
    let mut all = mail(text);
    for (at, (name, whole, opened)) in states().into_iter().enumerate() {
        let html = rate(frame, "/r/link", &opened, &Offered::default());
        let shown = if whole { page(&html) } else { lead(&html) };
        // The script shows the same on all pages.
        let lines: Vec<_> = shown.lines().filter(|line| at == 0 || !line.trim_start().starts_with("(data-")).collect();
        writeln!(all, "== {name}\n{}", lines.join("\n")).expect("a string");
    }
    let by_page = Frame { contact: Some("https://example.com"), ..frame };
    let help = page(&rate(by_page, "/r/link", &locked(4), &Offered::default()));
    let help = help.lines().filter(|line| !line.trim_start().starts_with("(data-")).collect::<Vec<_>>().join("\n");
    writeln!(all, "== commented, help on a page\n{help}").expect("a string");
    let offered = offered(text);
    for number in [1, 3, 5] {
        let ticked = Answers([(REASONS.to_owned(), "slow".to_owned())].into());
        let opened = Opened { answers: ticked, ..taken(rated(number, Mode::Pressed, number)) };
        let html = rate(frame, "/r/link", &opened, &offered);
        let shown = [lead(&html), to_tick(&html)].join("\n");
        writeln!(all, "== saved, score {number}, with reasons and a question\n{shown}").expect("a string");
    }
    for (name, shown) in [("stop", Shown::Question), ("stopped", Shown::Left), ("undone", Shown::Back)] {
        let undo = (shown == Shown::Left).then_some("token");
        let html = unsubscribe::page(frame, "/u/link", undo, shown);
        writeln!(all, "== unsubscribe, {name}\n{}", page(&html)).expect("a string");
    }
    let messages = [
        Message::Home,
        Message::UnknownLink,
        Message::Test,
        Message::Malformed,
        Message::TooLong,
        Message::TooMany,
        Message::Later,
    ];
    for kind in messages {
        let reference = (kind == Message::Later).then_some("a1b2");
        writeln!(all, "== {kind:?}\n{}", page(&message(frame, kind, reference))).expect("a string");
    }
    all
}

#[test]
fn every_text_in_its_place() {
    let mut all = String::new();
    for language in Text::languages() {
        let text = Text::in_language(language).expect("a built-in language");
        let shown = shown(text);
        for line in shown.lines() {
            assert!(!line.contains(['{', '}']) || line.starts_with("(data-text: "), "{language}: {line}");
            let words: Vec<_> = line.split_whitespace().map(str::to_lowercase).collect();
            assert!(
                words.windows(2).all(|pair| pair[0] != pair[1] || pair[0] == "così"),
                "{language}: a doubled word in {line}"
            );
        }
        for (key, part) in parts(language) {
            assert!(shown.contains(&part), "{language}: {key} is not shown: {part}");
        }
        writeln!(all, "=== {language}\n{shown}").expect("a string");
    }
    insta::with_settings!({
        snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data"),
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, { insta::assert_snapshot!("texts", all) });
}
