//! The rating page: which words fit which state, and what it never shows.

use super::*;
use crate::survey::evidence::Summary;
use crate::survey::fields::Fault;
use crate::survey::page::{About, Evidence, Page, PageId};
use crate::survey::rating::Rating;
use crate::text::{CustomLanguages, CustomTexts};
use crate::web::assets::Assets;
use crate::web::page::{Message, message};
use chrono::DateTime;
use chrono_tz::Tz;

fn score(number: i64) -> Score {
    Score::try_from(number).expect("a score")
}

fn opened(clicked: i64, mode: Mode) -> Opened {
    let now = DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
    Opened {
        clicked: score(clicked),
        page: Page::new(PageId::new(7), score(clicked), mode, now),
        page_token: "page-token".to_owned(),
        now,
        summary: Summary { standing: Standing::Unrated, frozen: false, rate_until: None, change_until: None },
        about: About {
            teammate: Some("Grace".to_owned()),
            subject: Some("Refund".to_owned()),
            customer: Some("Ada".to_owned()),
            ..About::default()
        },
        posted: None,
    }
}

fn rating(number: i64) -> Rating {
    let rated_at = Time::UNIX_EPOCH;
    let evidence = Evidence::Pressed;
    Rating { score: score(number), evidence, rated_at, page: PageId::new(1), page_issued: rated_at, click: false }
}

fn standing(standing: Standing, opened: Opened) -> Opened {
    Opened { summary: Summary { standing, ..opened.summary.clone() }, ..opened }
}

fn rated(clicked: i64, mode: Mode, number: i64) -> Opened {
    standing(Standing::Rated(rating(number)), opened(clicked, mode))
}

fn locked(clicked: i64, mode: Mode, number: i64) -> Opened {
    standing(Standing::Locked(rating(number)), opened(clicked, mode))
}

fn held(clicked: i64, mode: Mode, number: i64) -> Opened {
    standing(Standing::Held { rating: rating(number), since: Time::UNIX_EPOCH }, opened(clicked, mode))
}

fn frozen(opened: Opened) -> Opened {
    Opened { summary: Summary { frozen: true, ..opened.summary.clone() }, ..opened }
}

fn until(rate_until: Option<Time>, change_until: Option<Time>, opened: Opened) -> Opened {
    Opened { summary: Summary { rate_until, change_until, ..opened.summary.clone() }, ..opened }
}

fn answered(by: Outcome, opened: Opened) -> Opened {
    kept(by, None, "", opened)
}

/// The answer to a post that is shown again.
fn kept(by: Outcome, picked: Option<Score>, comment: &str, opened: Opened) -> Opened {
    let refused = by != Outcome::Ok;
    Opened { posted: Some(Posted { result: Ok(by), refused, picked, comment: comment.to_owned() }), ..opened }
}

fn with_frame(show: impl FnOnce(Frame) -> String) -> String {
    let assets = Assets::new("#2f6fed");
    let none = CustomLanguages::default();
    let custom = CustomTexts { policy: &none, all: &none };
    show(Frame { brand: "Example", custom, text: Text::english(), zone: Tz::UTC, assets: &assets })
}

fn html(opened: &Opened) -> String {
    with_frame(|frame| rate(frame, "/r/link-token", opened))
}

/// What changes from page to page: all between the head and the end.
fn main(opened: &Opened) -> String {
    let page = html(opened);
    let (_, rest) = page.split_once("<main>\n").expect("a main part");
    rest.split_once("</main>").expect("its end").0.to_owned()
}

fn count(html: &str, part: &str) -> usize {
    html.matches(part).count()
}

fn has_notice(html: &str) -> bool {
    html.contains("<div id=\"notice\"><p class=\"notice\" role=\"alert\"")
}

fn is_read_only(html: &str) -> bool {
    !["<button", "type=\"radio\"", "name=\"comment\""].iter().any(|part| html.contains(part))
}

#[test]
fn without_script_seen_touched_and_pressed_look_the_same() {
    let [seen, touched, pressed] = [Mode::Seen, Mode::Touched, Mode::Pressed].map(|mode| {
        let html = html(&opened(4, mode));
        assert!(html.contains("You chose “great”") && html.contains("Press Send to save your rating."));
        let inert = html.split("<template").next().expect("the first part");
        assert!(!inert.contains("Thank you") && !inert.contains("is saved"));
        html.replace(&format!("data-mode=\"{}\"", mode.word()), "data-mode")
    });
    assert_eq!(seen, touched);
    assert_eq!(seen, pressed);
}

#[test]
fn a_form_has_five_faces_none_checked_and_one_button() {
    for mode in [Mode::Seen, Mode::Touched, Mode::Pressed, Mode::Change] {
        let html = html(&rated(4, mode, 2));
        assert_eq!(count(&html, "type=\"radio\" name=\"score\""), 5);
        assert_eq!(count(&html, " checked"), 0);
        assert_eq!(count(&html, "<button"), 1);
        assert_eq!(count(&html, "<form method=\"post\" action=\"/r/link-token\""), 1);
        assert_eq!(count(&html, "name=\"page\" value=\"page-token\""), 1);
        assert!(!html.contains("maxlength") && !html.contains("required"));
    }
}

#[test]
fn a_fresh_page_asks_and_holds_the_thanks_that_the_script_shows() {
    let end = DateTime::from_timestamp(1_800_003_600, 0);
    insta::assert_snapshot!(main(&until(end, end, opened(5, Mode::Seen))), @r#"
    <div id="notice"></div>
    <p class="about">Your conversation with Grace<br><q dir="auto">Refund</q></p>
    <div id="lead" role="status">
    <p class="big" aria-hidden="true">🤩</p>
    <h1 tabindex="-1">You chose “amazing”</h1>
    <p>Press Send to save your rating.</p>
    <p class="until">You can rate this conversation until <time datetime="2027-01-15T09:00Z">15 January 2027, 09:00 UTC</time>.</p>
    </div>
    <div id="rest">
    <form method="post" action="/r/link-token" data-mode="seen">
    <input type="hidden" name="page" value="page-token" autocomplete="off">
    <fieldset>
    <legend>Changed your mind? Pick another face and press Send.</legend>
    <div class="faces">
    <label><input class="low" type="radio" name="score" value="1" autocomplete="off"><span class="tile"><span class="face" aria-hidden="true">😠</span> terrible</span></label>
    <label><input class="low" type="radio" name="score" value="2" autocomplete="off"><span class="tile"><span class="face" aria-hidden="true">🙁</span> bad</span></label>
    <label><input class="middle" type="radio" name="score" value="3" autocomplete="off"><span class="tile"><span class="face" aria-hidden="true">😐</span> okay</span></label>
    <label><input class="high" type="radio" name="score" value="4" autocomplete="off"><span class="tile"><span class="face" aria-hidden="true">😀</span> great</span></label>
    <label class="chosen"><input class="high" type="radio" name="score" value="5" autocomplete="off"><span class="tile"><span class="face" aria-hidden="true">🤩</span> amazing</span></label>
    </div>
    </fieldset>
    <label class="above" for="comment"><span class="tone low" hidden>What went wrong?</span><span class="tone middle" hidden>What could have been better?</span><span class="tone high">What did you like?</span></label>
    <textarea id="comment" name="comment" rows="3" dir="auto" aria-describedby="hint">
    </textarea>
    <p id="hint" class="hint"><span class="tone low" hidden>Someone at Example will read this, so it goes better next time.</span> <span class="tone middle" hidden>Someone at Example will read this, so it goes better next time.</span> <span class="tone high">The team at Example would love to hear it.</span> Optional, up to 5,000 characters. Sending a comment makes your rating final.</p>
    <p id="trouble" class="notice" role="alert" data-failed="We could not be reached just now, so this may not be saved yet. Everything you entered is still here. Please press Send again in a moment." data-offline="You seem to be offline, so this may not be saved yet. Everything you entered is still here. Please press Send again when you are back online." data-too-many="There were too many attempts in a short time, so this is not saved yet. Everything you entered is still here. Please wait a minute and press Send again."></p>
    <button data-sending="Sending…">Send</button>
    </form>
    <template id="saved">
    <p class="big done" aria-hidden="true">🤩</p>
    <h1 tabindex="-1">Thank you, we are glad to hear it!</h1>
    <p>Your rating “amazing” is saved. You made our day.</p>
    <p class="until">You can change it until <time datetime="2027-01-15T09:00Z">15 January 2027, 09:00 UTC</time>.</p>
    </template>
    </div>
    "#);
}

#[test]
fn a_saved_rating_is_thanked_for_and_can_change_or_get_a_comment() {
    let end = DateTime::from_timestamp(1_800_003_600, 0);
    insta::assert_snapshot!(main(&until(None, end, answered(Outcome::Ok, rated(4, Mode::Seen, 2)))), @r#"
    <div id="notice"></div>
    <p class="about">Your conversation with Grace<br><q dir="auto">Refund</q></p>
    <div id="lead" role="status">
    <p class="big done" aria-hidden="true">🙁</p>
    <h1 tabindex="-1">We are sorry about that</h1>
    <p>Your rating “bad” is saved, and someone at Example will read it. We wish it had gone better.</p>
    <p class="until">You can change it until <time datetime="2027-01-15T09:00Z">15 January 2027, 09:00 UTC</time>.</p>
    </div>
    <div id="rest">
    <form method="post" action="/r/link-token" data-mode="seen" data-quiet>
    <input type="hidden" name="page" value="page-token" autocomplete="off">
    <fieldset>
    <legend>Changed your mind? Pick another face and press Send.</legend>
    <div class="faces">
    <label><input class="low" type="radio" name="score" value="1" autocomplete="off"><span class="tile"><span class="face" aria-hidden="true">😠</span> terrible</span></label>
    <label class="chosen"><input class="low" type="radio" name="score" value="2" autocomplete="off"><span class="tile"><span class="face" aria-hidden="true">🙁</span> bad</span></label>
    <label><input class="middle" type="radio" name="score" value="3" autocomplete="off"><span class="tile"><span class="face" aria-hidden="true">😐</span> okay</span></label>
    <label><input class="high" type="radio" name="score" value="4" autocomplete="off"><span class="tile"><span class="face" aria-hidden="true">😀</span> great</span></label>
    <label><input class="high" type="radio" name="score" value="5" autocomplete="off"><span class="tile"><span class="face" aria-hidden="true">🤩</span> amazing</span></label>
    </div>
    </fieldset>
    <label class="above" for="comment"><span class="tone low">What went wrong?</span><span class="tone middle" hidden>What could have been better?</span><span class="tone high" hidden>What did you like?</span></label>
    <textarea id="comment" name="comment" rows="3" dir="auto" aria-describedby="hint">
    </textarea>
    <p id="hint" class="hint"><span class="tone low">Someone at Example will read this, so it goes better next time.</span> <span class="tone middle" hidden>Someone at Example will read this, so it goes better next time.</span> <span class="tone high" hidden>The team at Example would love to hear it.</span> Optional, up to 5,000 characters. Sending a comment makes your rating final.</p>
    <p id="trouble" class="notice" role="alert" data-failed="We could not be reached just now, so this may not be saved yet. Everything you entered is still here. Please press Send again in a moment." data-offline="You seem to be offline, so this may not be saved yet. Everything you entered is still here. Please press Send again when you are back online." data-too-many="There were too many attempts in a short time, so this is not saved yet. Everything you entered is still here. Please wait a minute and press Send again."></p>
    <button data-sending="Sending…">Send</button>
    </form>

    </div>
    "#);
}

#[test]
fn a_refused_post_keeps_its_face_and_its_text() {
    let refused = kept(Outcome::Ask, Some(score(2)), "\nwas <b>rude</b>", opened(4, Mode::Pressed));
    insta::assert_snapshot!(main(&refused), @r#"
    <div id="notice"><p class="notice" role="alert" tabindex="-1">This is not saved yet, because some mail programs open and submit pages by themselves. Please press Send once more, so that we know it is you.</p></div>
    <p class="about">Your conversation with Grace<br><q dir="auto">Refund</q></p>
    <div id="lead" role="status">
    <p class="big" aria-hidden="true">🙁</p>
    <h1 tabindex="-1">You chose “bad”</h1>
    <p>Press Send to save your rating.</p>
    </div>
    <div id="rest">
    <form method="post" action="/r/link-token" data-mode="pressed" data-quiet>
    <input type="hidden" name="page" value="page-token" autocomplete="off">
    <fieldset>
    <legend>Changed your mind? Pick another face and press Send.</legend>
    <div class="faces">
    <label><input class="low" type="radio" name="score" value="1" autocomplete="off"><span class="tile"><span class="face" aria-hidden="true">😠</span> terrible</span></label>
    <label class="chosen"><input class="low" type="radio" name="score" value="2" checked autocomplete="off"><span class="tile"><span class="face" aria-hidden="true">🙁</span> bad</span></label>
    <label><input class="middle" type="radio" name="score" value="3" autocomplete="off"><span class="tile"><span class="face" aria-hidden="true">😐</span> okay</span></label>
    <label><input class="high" type="radio" name="score" value="4" autocomplete="off"><span class="tile"><span class="face" aria-hidden="true">😀</span> great</span></label>
    <label><input class="high" type="radio" name="score" value="5" autocomplete="off"><span class="tile"><span class="face" aria-hidden="true">🤩</span> amazing</span></label>
    </div>
    </fieldset>
    <label class="above" for="comment"><span class="tone low">What went wrong?</span><span class="tone middle" hidden>What could have been better?</span><span class="tone high" hidden>What did you like?</span></label>
    <textarea id="comment" name="comment" rows="3" dir="auto" aria-describedby="hint">

    was &#60;b&#62;rude&#60;/b&#62;</textarea>
    <p id="hint" class="hint"><span class="tone low">Someone at Example will read this, so it goes better next time.</span> <span class="tone middle" hidden>Someone at Example will read this, so it goes better next time.</span> <span class="tone high" hidden>The team at Example would love to hear it.</span> Optional, up to 5,000 characters. Sending a comment makes your rating final.</p>
    <p id="trouble" class="notice" role="alert" data-failed="We could not be reached just now, so this may not be saved yet. Everything you entered is still here. Please press Send again in a moment." data-offline="You seem to be offline, so this may not be saved yet. Everything you entered is still here. Please press Send again when you are back online." data-too-many="There were too many attempts in a short time, so this is not saved yet. Everything you entered is still here. Please wait a minute and press Send again."></p>
    <button data-sending="Sending…">Send</button>
    </form>

    </div>
    "#);
}

#[test]
fn what_people_wrote_is_escaped() {
    let evil = "</textarea><script>alert('1')</script>\"";
    let html = html(&Opened {
        about: About { teammate: Some(evil.to_owned()), subject: Some(evil.to_owned()), ..About::default() },
        ..kept(Outcome::Ask, None, evil, opened(4, Mode::Pressed))
    });
    assert_eq!(count(&html, "<script"), 1);
    assert_eq!(count(&html, "&#60;script&#62;"), 3);
    assert!(!html.contains("alert('1')") && !html.contains(evil));
}

#[test]
fn the_words_fit_the_face() {
    for (link, sorry, comment, why) in [
        (1, true, "What went wrong?", "goes better next time"),
        (2, true, "What went wrong?", "goes better next time"),
        (3, false, "What could have been better?", "goes better next time"),
        (4, false, "What did you like?", "love to hear it"),
        (5, false, "What did you like?", "love to hear it"),
    ] {
        let asked = html(&opened(link, Mode::Pressed));
        let shown = |words: &str| count(&asked, &format!("\">{words}")) == 1;
        assert!(shown(comment), "{link}: {asked}");
        assert_eq!(count(&asked, " hidden>"), 4, "two tones of two sentences");
        assert!(asked.contains(why));
        let saved = html(&answered(Outcome::Ok, rated(link, Mode::Seen, link)));
        assert_eq!(saved.contains("We are sorry about that"), sorry, "{link}");
        assert_eq!(saved.contains("someone at Example will read it."), sorry, "{link}");
        let final_page = answered(Outcome::Ok, locked(link, Mode::Final, link));
        assert_eq!(html(&final_page).contains("We are sorry"), sorry, "{link}");
    }
}

#[test]
fn ends_are_told_where_they_matter() {
    let hours = |hours: i64| DateTime::from_timestamp(1_800_000_000 + hours * 3600, 0);
    let first = until(hours(1), None, opened(4, Mode::Seen));
    assert!(html(&first).contains("You can rate this conversation until <time"));
    let doubted = until(hours(-1), None, held(4, Mode::Pressed, 4));
    assert!(!html(&doubted).contains("<time"));
    let over = frozen(until(None, hours(-1), rated(4, Mode::Seen, 4)));
    assert!(html(&over).contains("It could be changed until <time"));
    let late = until(None, hours(-1), opened(4, Mode::Seen));
    assert!(html(&late).contains("<template id=\"saved\" data-fixed>"), "the script takes the faces away");
    let closed = until(hours(-1), None, opened(4, Mode::Closed));
    assert!(html(&closed).contains("It could be rated until <time"));
    // The answer to a press carries the page that was posted, which may be a day old: its time is not now.
    let posted = Opened { now: hours(2).expect("a time"), ..until(hours(1), None, opened(4, Mode::Pressed)) };
    assert!(!html(&answered(Outcome::Ask, posted)).contains("You can rate this conversation until"));
}

#[test]
fn a_page_with_its_style_and_script_is_small() {
    let page = html(&kept(Outcome::Ask, None, &"x".repeat(200), opened(4, Mode::Seen)));
    let assets = Assets::new("#2f6fed");
    let bytes = page.len() + assets.css.len() + assets.js.len();
    assert!(bytes < 25 * 1024, "{bytes} bytes, uncompressed");
}

#[test]
fn nothing_speaks_of_a_doubted_rating() {
    let html = html(&held(5, Mode::Pressed, 1));
    assert!(!html.contains("class=\"big done\""));
    assert!(html.contains("You chose “amazing”") && !html.contains("is saved") && !html.contains("“terrible”"));
}

#[test]
fn each_state_has_its_sentence() {
    let locked = |mode| locked(2, mode, 4);
    let frozen = frozen(rated(2, Mode::Change, 4));
    let voided = standing(Standing::Voided(Box::new(Standing::Rated(rating(5)))), opened(2, Mode::Closed));
    for (opened, sentence) in [
        (rated(4, Mode::Seen, 4), "You rated “great”"),
        (rated(2, Mode::Change, 4), "so far is “great”, and you just clicked “bad”"),
        (rated(4, Mode::Change, 4), "so far is “great”. If you want"),
        (frozen.clone(), "can no longer be changed, but you can still add a comment"),
        (locked(Mode::Final), "Your rating and your comment are saved and can no longer be changed."),
        (answered(Outcome::Ok, locked(Mode::Seen)), "Your rating “great” and your comment are saved."),
        (opened(2, Mode::Closed), "too late to rate"),
        (voided, "too late to rate"),
        (answered(Outcome::Ask, opened(2, Mode::Pressed)), "so that we know it is you"),
        (answered(Outcome::Ask, rated(2, Mode::Change, 4)), "no face was picked"),
        (answered(Outcome::Stale, opened(2, Mode::Seen)), "out of date"),
        (answered(Outcome::Closed, opened(2, Mode::Closed)), "so this was not saved"),
        (answered(Outcome::Closed, frozen), "so it stays “great”"),
        (answered(Outcome::Locked, locked(Mode::Final)), "so nothing was changed"),
    ] {
        let html = html(&opened);
        assert!(html.contains(sentence), "{sentence}");
        assert_eq!(has_notice(&html), opened.posted.is_some_and(|posted| posted.refused));
    }
}

#[test]
fn a_frozen_rating_takes_a_comment_only() {
    let html = html(&frozen(rated(2, Mode::Change, 4)));
    assert_eq!(count(&html, "name=\"score\""), 0);
    assert_eq!(count(&html, "<textarea"), 1);
    assert_eq!(count(&html, "<button"), 1);
}

#[test]
fn a_locked_or_closed_page_is_read_only_and_loses_no_text() {
    for opened in [locked(2, Mode::Final, 4), opened(2, Mode::Closed)] {
        let quiet = html(&opened);
        assert!(is_read_only(&quiet) && !quiet.contains("<textarea"));
        for outcome in [Outcome::Locked, Outcome::Closed, Outcome::Stale] {
            let html = html(&kept(outcome, None, "my words", opened.clone()));
            assert!(is_read_only(&html) && html.contains("readonly") && html.contains("my words</textarea>"));
        }
    }
}

#[test]
fn a_comment_that_is_too_long_is_kept_and_explained() {
    let result = Err(Fault::parameter("comment", "5001 characters"));
    let posted = Posted { result, refused: true, picked: None, comment: "my words".to_owned() };
    let html = html(&Opened { posted: Some(posted), ..opened(4, Mode::Pressed) });
    assert!(html.contains("longer than 5,000 characters") && html.contains("my words</textarea>"));
}

#[test]
fn a_comment_that_came_twice_is_not_called_refused() {
    let posted = Posted { result: Ok(Outcome::Locked), refused: false, picked: None, comment: String::new() };
    let html = html(&Opened { posted: Some(posted), ..locked(4, Mode::Final, 4) });
    assert!(!has_notice(&html) && html.contains("Your rating “great” and your comment are saved."));
}

#[test]
fn a_message_says_what_to_do() {
    for (kind, sentence) in [
        (Message::UnknownLink, "This link does not work"),
        (Message::Malformed, "We could not read this"),
        (Message::TooLong, "too long for us"),
        (Message::TooMany, "wait a minute and try again"),
        (Message::Later, "try again in a moment"),
    ] {
        let html = with_frame(|frame| message(frame, kind, None));
        assert!(html.contains(sentence), "{sentence}");
        assert!(!html.contains("<form") && !html.contains("<script"));
    }
}

#[test]
fn titles_hold_no_token() {
    let html = html(&opened(4, Mode::Seen));
    assert!(html.contains("<title>Your rating · Example</title>"));
}

#[test]
fn templates_hold_nothing_inline() {
    for template in [
        include_str!("../../../../templates/page/base.html"),
        include_str!("../../../../templates/page/rate.html"),
        include_str!("../../../../templates/page/unsubscribe.html"),
        include_str!("../../../../templates/page/message.html"),
    ] {
        assert!(!template.contains("<style") && !template.contains("javascript:") && !template.contains("|safe"));
        assert_eq!(count(template, "<script"), count(template, "<script src="));
        for attribute in template.split_whitespace() {
            assert!(!attribute.starts_with("style=") && !attribute.starts_with("on"), "{attribute}");
        }
    }
}
