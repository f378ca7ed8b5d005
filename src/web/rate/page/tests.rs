//! The rating page: which words fit which state, and what it never says or shows, over all states, modes and outcomes.

use super::*;
use crate::gateway::Posted;
use crate::survey::Time;
use crate::survey::answers::Answers;
use crate::survey::evidence::Summary;
use crate::survey::page::{About, Evidence, Page, PageId};
use crate::survey::rating::Rating;
use crate::text::{CustomLanguages, CustomTexts, Text};
use crate::web::assets::Assets;
use crate::web::page::{Message, message};
use chrono::DateTime;
use chrono_tz::Tz;
use std::sync::LazyLock;

static ASSETS: LazyLock<Assets> = LazyLock::new(|| Assets::new("#2f6fed", None));

fn score(number: i64) -> Score {
    Score::try_from(number).expect("a score")
}

fn hours(hours: i64) -> Option<Time> {
    DateTime::from_timestamp(1_800_000_000 + hours * 3600, 0)
}

fn opened(clicked: i64, mode: Mode) -> Opened {
    let now = hours(0).expect("a time");
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
        answers: Answers::default(),
        posted: None,
    }
}

fn rating(number: i64) -> Rating {
    let (rated_at, evidence) = (Time::UNIX_EPOCH, Evidence::Pressed);
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

fn once_more(opened: Opened) -> Opened {
    Opened { page: Page { once_more: true, ..opened.page.clone() }, ..opened }
}

fn answered(by: Outcome, opened: Opened) -> Opened {
    kept(Ok(by), None, "", opened)
}

/// The answer to a post that is shown again.
fn kept(result: Result<Outcome, TooLong>, picked: Option<Score>, comment: &str, opened: Opened) -> Opened {
    let refused = result != Ok(Outcome::Ok);
    Opened { posted: Some(Posted { result, refused, picked, comment: comment.to_owned() }), ..opened }
}

fn with_frame(text: &'static Text, contact: Option<&str>, show: impl FnOnce(Frame) -> String) -> String {
    let none = CustomLanguages::default();
    let custom = CustomTexts { policy: &none, all: &none };
    show(Frame { brand: "Example", custom, text, zone: Tz::UTC, assets: &ASSETS, contact })
}

fn html(opened: &Opened) -> String {
    with_frame(Text::english(), Some("mailto:help@example.com"), |frame| {
        rate(frame, "/r/link-token", opened, &Offered::default())
    })
}

/// What changes from page to page: all between the head and the end.
fn main(opened: &Opened) -> String {
    let page = html(opened);
    let (_, rest) = page.split_once("<main>\n").expect("a main part");
    rest.split_once("</main>").expect("its end").0.to_owned()
}

/// What is there before a script shows more.
fn at_first(html: &str) -> &str {
    html.split("<template").next().expect("the first part")
}

/// The texts that a browser without script shows: no tags, nothing hidden.
fn visible(html: &str) -> String {
    let mut shown = String::new();
    let mut hidden = None;
    for part in at_first(html).split('<').skip(1) {
        let (tag, text) = part.split_once('>').expect("the end of a tag");
        let name = tag.split([' ', '\n']).next().expect("a name").to_owned();
        match &hidden {
            None if tag.ends_with(" hidden") => hidden = Some(name),
            None => shown.push_str(text),
            Some(open) if name == format!("/{open}") => {
                hidden = None;
                shown.push_str(text);
            }
            Some(_) => {}
        }
    }
    shown
}

fn count(html: &str, part: &str) -> usize {
    html.matches(part).count()
}

/// Every page that can be made of these parts, also those that the rules never make.
fn all_pages() -> impl Iterator<Item = Opened> {
    let voided = || Standing::Voided(Box::new(Standing::Rated(rating(4))));
    let hold = |number| Standing::Held { rating: rating(number), since: Time::UNIX_EPOCH };
    let standings = [
        Standing::Unrated,
        Standing::Rated(rating(4)),
        Standing::Rated(rating(2)),
        hold(4),
        hold(2),
        Standing::Locked(rating(4)),
        voided(),
    ];
    let windows = [(None, None), (hours(1), hours(1)), (hours(-1), hours(-1)), (hours(-1), None)];
    let results = Outcome::ALL.iter().map(|outcome| Ok(*outcome)).chain([Err(TooLong { characters: 5_001 })]);
    let mut posts = vec![None];
    for result in results {
        for picked in [None, Some(score(2)), Some(score(4))] {
            for comment in ["", "my words"] {
                let refused = result != Ok(Outcome::Ok);
                let comment = if refused { comment.to_owned() } else { String::new() };
                posts.push(Some(Posted { result, refused, picked: picked.filter(|_| refused), comment }));
            }
        }
    }
    let pages = standings.into_iter().flat_map(|standing| Mode::ALL.iter().map(move |mode| (standing.clone(), *mode)));
    let pages = pages.flat_map(move |page| windows.map(|windows| (page.clone(), windows)));
    let pages = pages.flat_map(move |page| posts.clone().into_iter().map(move |posted| (page.clone(), posted)));
    pages.flat_map(|(((standing, mode), (rate_until, change_until)), posted)| {
        [false, true].map(|once_more| {
            let first = opened(4, mode);
            let frozen = standing.rated().is_some() && change_until.is_some_and(|until| until < first.now);
            let page = Page { once_more, ..first.page.clone() };
            let summary = Summary { standing: standing.clone(), frozen, rate_until, change_until };
            Opened { page, summary, posted: posted.clone(), ..first }
        })
    })
}

#[test]
fn no_page_says_what_is_false() {
    let saved =
        ["rating is saved", "rating is safe", "rating is final", "comment are saved", "You rated", "yours stays"];
    let unsaved =
        ["saves it", "isn’t saved", "wasn’t saved", "counted your rating", "neither counts", "One more press"];
    let mut pages = 0;
    for opened in all_pages() {
        let html = html(&opened);
        let text = visible(&html);
        let says = |all: &[&'static str]| all.iter().find(|words| text.contains(**words)).copied();
        let counts = matches!(opened.summary.standing, Standing::Rated(_) | Standing::Locked(_));
        assert!(counts || says(&saved).is_none(), "{:?} of {opened:#?}\n{text}", says(&saved));
        // A second press may be needed for another face than the one that is saved: both are named then.
        let named = text.contains("and just clicked");
        assert!(!counts || named || says(&unsaved).is_none(), "{:?} of {opened:#?}\n{text}", says(&unsaved));
        assert_eq!(html.contains("class=\"big done\"") && !at_first(&html).contains("class=\"big done\""), {
            // The tick of a rating that the script is about to save waits in the template.
            html.contains("<template id=\"saved\"")
        });
        assert_eq!(at_first(&html).contains("class=\"big done\""), counts && !named, "{opened:#?}");
        pages += 1;
    }
    assert!(pages > 10_000, "{pages}");
}

#[test]
fn every_page_has_its_parts_in_order() {
    for opened in all_pages() {
        let html = html(&opened);
        let first = at_first(&html);
        assert_eq!(count(first, "<h1"), 1, "{first}");
        assert!(count(first, "class=\"told notice\"") <= 1 && count(first, "class=\"told") == 1, "{first}");
        let (button, face) = (first.find("<button"), first.find("type=\"radio\""));
        let needs_press = !matches!(opened.summary.standing, Standing::Rated(_)) || first.contains("Which one");
        if needs_press && face.is_some() {
            assert!(button < face && first.find("<h1") < button, "{first}");
        }
        assert!([0, 5].contains(&count(first, "type=\"radio\"")));
        let buttons = count(first, "name=\"score\" value") - count(first, "type=\"radio\"");
        assert!(buttons == 0 || buttons == 2 && face.is_none(), "{first}");
        if buttons == 2 {
            let stands = opened.summary.standing.score().expect("an earlier rating");
            let (_, keep) = first.split_once("name=\"score\" value=\"").expect("a button");
            assert!(keep.starts_with(&stands.number().to_string()), "keeping comes first: {first}");
        }
        if let Some(posted) = opened.posted.filter(|posted| !posted.comment.is_empty()) {
            assert!(first.contains(&format!("{}</textarea>", posted.comment)), "no text is lost: {first}");
        }
        assert!(!html.contains("maxlength") && !html.contains("required"));
    }
}

#[test]
fn without_script_seen_touched_and_pressed_look_the_same() {
    let [seen, touched, pressed] = [Mode::Seen, Mode::Touched, Mode::Pressed].map(|mode| {
        let html = html(&opened(4, mode));
        let text = visible(&html).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("You chose “great”") && text.contains("Save “great”") && !text.contains("Thank you"));
        text
    });
    assert_eq!(seen, touched);
    assert_eq!(seen, pressed);
}

#[test]
fn only_a_page_that_is_about_to_save_can_say_so() {
    for mode in Mode::ALL {
        let saving = html(&opened(4, *mode)).contains("<p id=\"saving\" hidden>Saving your rating…</p>");
        assert_eq!(saving, *mode == Mode::Seen, "{mode:?}");
    }
    for saved in [rated(4, Mode::Seen, 4), kept(Ok(Outcome::Ask), Some(score(2)), "", opened(4, Mode::Seen))] {
        assert!(!html(&saved).contains("id=\"saving\"") && !html(&saved).contains("<template"));
    }
}

#[test]
fn a_fresh_page_has_its_button_first_and_holds_the_thanks_that_the_script_shows() {
    insta::assert_snapshot!(main(&until(hours(1), hours(1), opened(5, Mode::Seen))), @r#"
    <form method="post" action="/r/link-token" autocomplete="off" data-mode="seen" data-moment="One moment…" data-sending="Sending…">
    <input type="hidden" name="page" value="page-token">
    <div id="lead" role="status">
    <div class="head"><p class="big" aria-hidden="true"><span class="s1" hidden>😠</span><span class="s2" hidden>🙁</span><span class="s3" hidden>😐</span><span class="s4" hidden>😀</span><span class="s5">🤩</span></p><h1 tabindex="-1"><span class="s1" hidden>You chose “terrible”</span><span class="s2" hidden>You chose “bad”</span><span class="s3" hidden>You chose “okay”</span><span class="s4" hidden>You chose “great”</span><span class="s5">You chose “amazing”</span></h1></div>
    <p id="saving" hidden>Saving your rating…</p>
    </div>
    <div id="act">
    <button class="save"><span class="s1" hidden>Save “terrible”</span><span class="s2" hidden>Save “bad”</span><span class="s3" hidden>Save “okay”</span><span class="s4" hidden>Save “great”</span><span class="s5">Save “amazing”</span></button>
    <p class="told">One more tap saves it.</p>
    <p class="until">You can rate this conversation until <time datetime="2027-01-15T09:00Z">15 January 2027, 09:00 UTC</time>.</p>
    <fieldset>
    <legend>Not what you meant? Pick another face.</legend>
    <div class="faces">
    <label><input class="s1 low" type="radio" name="score" value="1"><span class="tile"><span class="face" aria-hidden="true">😠</span> terrible</span></label>
    <label><input class="s2 low" type="radio" name="score" value="2"><span class="tile"><span class="face" aria-hidden="true">🙁</span> bad</span></label>
    <label><input class="s3 middle" type="radio" name="score" value="3"><span class="tile"><span class="face" aria-hidden="true">😐</span> okay</span></label>
    <label><input class="s4 high" type="radio" name="score" value="4"><span class="tile"><span class="face" aria-hidden="true">😀</span> great</span></label>
    <label class="chosen"><input class="s5 high" type="radio" name="score" value="5"><span class="tile"><span class="face" aria-hidden="true">🤩</span> amazing</span></label>
    </div>
    </fieldset>
    </div>
    <p id="trouble" class="notice" role="alert" data-failed="We couldn’t be reached just now, so this may not be saved yet. Everything you entered is still here. Please try again in a moment." data-offline="You seem to be offline, so this may not be saved yet. Everything you entered is still here. Please try again when you’re back online." data-too-many="That was a lot of tries in a short time, so this isn’t saved yet. Everything you entered is still here. Please wait a minute and try again."></p>
    <div id="write">
    <label class="above" for="comment"><span class="tone low" hidden>What happened?</span><span class="tone middle" hidden>What would have made it great?</span><span class="tone high">What went well?</span></label>
    <textarea id="comment" name="comment" rows="3" dir="auto" aria-describedby="hint">
    </textarea>
    <p id="count" class="hint" role="status" data-text="{count} of {limit} characters" data-limit="5000" hidden></p>
    <p id="hint" class="hint"><span class="tone low" hidden>Tell us as much or as little as you like. Optional. Once you send a comment, your rating can’t be changed.</span><span class="tone middle" hidden>Small things count too. Optional. Once you send a comment, your rating can’t be changed.</span><span class="tone high">We’d love to hear about it. Optional. Once you send a comment, your rating can’t be changed.</span></p>
    <button class="plain">Send comment</button>
    </div>
    <div id="another">
    </div>
    <p class="about">Your conversation with Grace<br>“<bdi>Refund</bdi>”</p>
    </form>
    <template id="saved" data-unsent="Your rating is saved. Your comment isn’t yet: press “Send comment”.">
    <div data-to="lead">
    <div class="head"><p class="big done" aria-hidden="true">🤩</p><h1 tabindex="-1">Thank you, that’s great to hear!</h1></div>
    <p class="told">Your rating is saved. You made our day.</p>
    <p class="until">You can change it until <time datetime="2027-01-15T09:00Z">15 January 2027, 09:00 UTC</time>.</p>
    </div>
    <div data-to="act"></div>
    <div data-to="another">
    <details class="another">
    <summary>Not what you meant? Pick another face.</summary>
    <fieldset>
    <legend class="unseen">Not what you meant? Pick another face.</legend>
    <div class="faces">
    <label><input class="s1 low" type="radio" name="score" value="1"><span class="tile"><span class="face" aria-hidden="true">😠</span> terrible</span></label>
    <label><input class="s2 low" type="radio" name="score" value="2"><span class="tile"><span class="face" aria-hidden="true">🙁</span> bad</span></label>
    <label><input class="s3 middle" type="radio" name="score" value="3"><span class="tile"><span class="face" aria-hidden="true">😐</span> okay</span></label>
    <label><input class="s4 high" type="radio" name="score" value="4"><span class="tile"><span class="face" aria-hidden="true">😀</span> great</span></label>
    <label class="chosen"><input class="s5 high" type="radio" name="score" value="5"><span class="tile"><span class="face" aria-hidden="true">🤩</span> amazing <span class="unseen">(your rating)</span></span></label>
    </div>
    </fieldset>
    <button class="plain save"><span class="s1" hidden>Save “terrible”</span><span class="s2" hidden>Save “bad”</span><span class="s3" hidden>Save “okay”</span><span class="s4" hidden>Save “great”</span><span class="s5">Save “amazing”</span></button>
    </details>
    </div>
    </template>
    "#);
}

#[test]
fn a_saved_rating_is_thanked_for_and_can_change_or_get_a_comment() {
    insta::assert_snapshot!(main(&until(None, hours(1), answered(Outcome::Ok, rated(4, Mode::Seen, 2)))), @r#"
    <form method="post" action="/r/link-token" autocomplete="off" data-mode="seen" data-quiet data-moment="One moment…" data-sending="Sending…">
    <input type="hidden" name="page" value="page-token">
    <div id="lead" role="status">
    <div class="head"><p class="big done" aria-hidden="true">🙁</p><h1 tabindex="-1">We’re sorry to hear that</h1></div>
    <p class="told">Your rating is saved. We wish it had gone better.</p>
    <p class="until">You can change it until <time datetime="2027-01-15T09:00Z">15 January 2027, 09:00 UTC</time>.</p>
    </div>
    <div id="act">
    </div>
    <p id="trouble" class="notice" role="alert" data-failed="We couldn’t be reached just now, so this may not be saved yet. Everything you entered is still here. Please try again in a moment." data-offline="You seem to be offline, so this may not be saved yet. Everything you entered is still here. Please try again when you’re back online." data-too-many="That was a lot of tries in a short time, so this isn’t saved yet. Everything you entered is still here. Please wait a minute and try again."></p>
    <div id="write">
    <label class="above" for="comment"><span class="tone low">What happened?</span><span class="tone middle" hidden>What would have made it great?</span><span class="tone high" hidden>What went well?</span></label>
    <textarea id="comment" name="comment" rows="3" dir="auto" aria-describedby="hint">
    </textarea>
    <p id="count" class="hint" role="status" data-text="{count} of {limit} characters" data-limit="5000" hidden></p>
    <p id="hint" class="hint"><span class="tone low">Tell us as much or as little as you like. Optional. Once you send a comment, your rating can’t be changed.</span><span class="tone middle" hidden>Small things count too. Optional. Once you send a comment, your rating can’t be changed.</span><span class="tone high" hidden>We’d love to hear about it. Optional. Once you send a comment, your rating can’t be changed.</span></p>
    <button class="plain">Send comment</button>
    </div>
    <div id="another">
    <details class="another">
    <summary>Not what you meant? Pick another face.</summary>
    <fieldset>
    <legend class="unseen">Not what you meant? Pick another face.</legend>
    <div class="faces">
    <label><input class="s1 low" type="radio" name="score" value="1"><span class="tile"><span class="face" aria-hidden="true">😠</span> terrible</span></label>
    <label class="chosen"><input class="s2 low" type="radio" name="score" value="2" checked><span class="tile"><span class="face" aria-hidden="true">🙁</span> bad <span class="unseen">(your rating)</span></span></label>
    <label><input class="s3 middle" type="radio" name="score" value="3"><span class="tile"><span class="face" aria-hidden="true">😐</span> okay</span></label>
    <label><input class="s4 high" type="radio" name="score" value="4"><span class="tile"><span class="face" aria-hidden="true">😀</span> great</span></label>
    <label><input class="s5 high" type="radio" name="score" value="5"><span class="tile"><span class="face" aria-hidden="true">🤩</span> amazing</span></label>
    </div>
    </fieldset>
    <button class="plain save"><span class="s1" hidden>Save “terrible”</span><span class="s2">Save “bad”</span><span class="s3" hidden>Save “okay”</span><span class="s4" hidden>Save “great”</span><span class="s5" hidden>Save “amazing”</span></button>
    </details>
    </div>
    <p class="help">Still need help? <a href="mailto:help@example.com?subject=Re%3A%20Refund">Reply to our email</a></p>
    <p class="about">Your conversation with Grace<br>“<bdi>Refund</bdi>”</p>
    </form>
    "#);
}

#[test]
fn saved_answers_are_told_and_those_of_a_refused_post_are_not() {
    let tick = || Answers([("solved".to_owned(), "no".to_owned())].into());
    let ticked = |opened: Opened| Opened { answers: tick(), ..opened };
    let sentence = "Your answers are saved too.";
    for told in [
        answered(Outcome::Ok, rated(2, Mode::Pressed, 2)),
        rated(2, Mode::Seen, 2),
        frozen(rated(2, Mode::Pressed, 2)),
        kept(Ok(Outcome::Ok), None, "Two weeks.", locked(2, Mode::Final, 2)),
    ] {
        assert!(!visible(&html(&told)).contains(sentence), "nothing is ticked: {told:?}");
        let page = ticked(told);
        assert!(visible(&html(&page)).contains(sentence), "{page:?}");
    }
    let refused = answered(Outcome::Ask, rated(2, Mode::Pressed, 2));
    assert!(!html(&ticked(refused)).contains(sentence), "not saved");
    let doubted = held(2, Mode::Pressed, 2);
    assert!(!visible(&html(&ticked(doubted))).contains(sentence), "the rating doesn't count");
}

#[test]
fn a_press_without_a_comment_does_not_take_back_another_face() {
    // She picked another face than that of the link, and it is saved: the page's own face must not be sent again.
    let html = html(&answered(Outcome::Ok, rated(4, Mode::Pressed, 2)));
    assert!(html.contains("value=\"2\" checked") && !html.contains("<details class=\"another\" open"), "{html}");
}

#[test]
fn two_faces_make_a_question_with_two_buttons() {
    insta::assert_snapshot!(main(&rated(2, Mode::Change, 4)), @r#"
    <form method="post" action="/r/link-token" autocomplete="off" data-mode="change" data-moment="One moment…" data-sending="Sending…">
    <input type="hidden" name="page" value="page-token">
    <div id="lead" role="status">
    <div class="head"><h1 tabindex="-1">Which one counts?</h1></div>
    </div>
    <div id="act">
    <button class="plain" name="score" value="4">Keep <span class="face" aria-hidden="true">😀</span> great</button>
    <button class="plain" name="score" value="2">Change to <span class="face" aria-hidden="true">🙁</span> bad</button>
    <p class="told">You rated “great” earlier and just clicked “bad”.</p>
    </div>
    <p id="trouble" class="notice" role="alert" data-failed="We couldn’t be reached just now, so this may not be saved yet. Everything you entered is still here. Please try again in a moment." data-offline="You seem to be offline, so this may not be saved yet. Everything you entered is still here. Please try again when you’re back online." data-too-many="That was a lot of tries in a short time, so this isn’t saved yet. Everything you entered is still here. Please wait a minute and try again."></p>
    <div id="another">
    </div>
    <p class="about">Your conversation with Grace<br>“<bdi>Refund</bdi>”</p>
    </form>
    "#);
    let doubted = visible(&html(&held(2, Mode::Pressed, 4)));
    assert!(doubted.contains("Two faces were clicked, “great” and “bad”, so neither counts yet."), "{doubted}");
}

#[test]
fn a_rating_that_fell_into_doubt_is_not_passed_over() {
    let doubted = visible(&html(&held(4, Mode::Pressed, 4)));
    assert!(doubted.contains("we haven’t counted your rating yet. One more tap saves it."), "{doubted}");
    // The time for another rating is over, so the doubted one is the only one that a press can save.
    let late = html(&until(hours(-1), None, held(2, Mode::Pressed, 4)));
    assert!(visible(&late).contains("Save “great”") && !visible(&late).contains("Which one"), "{late}");
    assert!(late.contains("value=\"4\" checked"), "the press sends it: {late}");
}

#[test]
fn a_refused_press_says_that_one_more_saves() {
    let pressed = html(&once_more(answered(Outcome::Ask, opened(4, Mode::Pressed))));
    assert!(visible(&pressed).contains("One more press, please.") && pressed.contains(" data-once-more"));
    let which = html(&once_more(kept(Ok(Outcome::Ask), Some(score(2)), "", rated(4, Mode::Change, 4))));
    assert!(visible(&which).contains("Which one counts?") && visible(&which).contains("One more press, please."));
}

#[test]
fn a_refused_post_keeps_its_face_and_its_text() {
    let refused = html(&kept(Ok(Outcome::Ask), Some(score(2)), "\nwas <b>rude</b>", opened(4, Mode::Pressed)));
    assert!(refused.contains("value=\"2\" checked") && visible(&refused).contains("Save “bad”"), "{refused}");
    assert!(
        refused.contains(">\n\nwas &#60;b&#62;rude&#60;/b&#62;</textarea>"),
        "a leading line break stays: {refused}"
    );
}

#[test]
fn what_people_wrote_is_escaped() {
    let evil = "</textarea><script>alert('1')</script>\"";
    let html = html(&Opened {
        about: About { teammate: Some(evil.to_owned()), subject: Some(evil.to_owned()), ..About::default() },
        ..kept(Ok(Outcome::Ask), None, evil, opened(1, Mode::Pressed))
    });
    assert_eq!(count(&html, "<script"), 1);
    assert_eq!(count(&html, "&#60;script&#62;"), 3);
    assert!(html.contains("?subject=Re%3A%20%3C%2Ftextarea%3E"), "{html}");
    assert!(!html.contains("alert('1')") && !html.contains(evil));
}

#[test]
fn the_words_fit_the_face() {
    for (link, sorry, comment) in [
        (1, true, "What happened?"),
        (2, true, "What happened?"),
        (3, false, "What would have made it great?"),
        (4, false, "What went well?"),
        (5, false, "What went well?"),
    ] {
        let asked = visible(&html(&opened(link, Mode::Pressed)));
        assert_eq!(count(&asked, comment), 1, "{link}: {asked}");
        let saved = visible(&html(&answered(Outcome::Ok, rated(link, Mode::Seen, link))));
        assert_eq!(saved.contains("We’re sorry to hear that"), sorry, "{link}");
        let final_page = visible(&html(&answered(Outcome::Ok, locked(link, Mode::Final, link))));
        assert_eq!(final_page.contains("We’re sorry it didn’t go well."), sorry, "{link}");
    }
}

#[test]
fn ends_are_told_where_they_matter() {
    let shown = |opened: &Opened, words: &str| visible(&html(opened)).contains(words);
    assert!(shown(&until(hours(1), None, opened(4, Mode::Seen)), "You can rate this conversation until 15 January"));
    let doubted = until(hours(-1), None, held(4, Mode::Pressed, 4));
    assert!(!html(&doubted).contains("<time"));
    let over = frozen(until(None, hours(-1), rated(4, Mode::Seen, 4)));
    assert!(shown(&over, "It could be changed until"));
    let late = html(&until(None, hours(-1), opened(4, Mode::Seen)));
    let (_, thanks) = late.split_once("<template id=\"saved\" data-fixed").expect("the thanks");
    assert!(!thanks.contains("<details") && thanks.contains("Your rating is final now."), "{thanks}");
    assert!(shown(&until(hours(-1), None, opened(4, Mode::Closed)), "Ratings were open until"));
    // The answer to a press carries the page that was posted, which may be a day old: its time is not now.
    let posted = Opened { now: hours(2).expect("a time"), ..until(hours(1), None, opened(4, Mode::Pressed)) };
    assert!(!shown(&answered(Outcome::Ask, posted), "You can rate this conversation until"));
}

#[test]
fn a_page_with_its_style_and_script_is_small() {
    for text in Text::languages().filter_map(Text::in_language) {
        let opened = until(hours(1), hours(1), opened(4, Mode::Seen));
        let page = with_frame(text, Some("mailto:help@example.com"), |frame| {
            rate(frame, "/r/link-token", &opened, &Offered::default())
        });
        let bytes = page.len() + ASSETS.css.content.len() + ASSETS.js.content.len();
        assert!(bytes < 25_000, "{}: {bytes} bytes, uncompressed", text.language);
        assert!(ASSETS.js.content.len() < 8_000, "{} bytes of script", ASSETS.js.content.len());
    }
}

#[test]
fn each_refusal_has_its_sentence() {
    let frozen = frozen(rated(4, Mode::Change, 4));
    let voided = standing(Standing::Voided(Box::new(Standing::Rated(rating(5)))), opened(2, Mode::Closed));
    let late = |opened| until(hours(-1), None, opened);
    for (opened, sentence) in [
        (answered(Outcome::Stale, opened(2, Mode::Seen)), "open for a long time"),
        (answered(Outcome::Closed, late(opened(2, Mode::Closed))), "so this wasn’t saved"),
        (answered(Outcome::Closed, frozen.clone()), "so yours stays “great”"),
        (answered(Outcome::Locked, locked(2, Mode::Final, 4)), "so your rating can’t be changed"),
        (kept(Ok(Outcome::Locked), None, "more", locked(2, Mode::Final, 4)), "so this one wasn’t added"),
        (
            kept(Ok(Outcome::Ask), None, "more", rated(4, Mode::Seen, 4)),
            "Your comment isn’t yet: press “Send comment”.",
        ),
        (voided, "This survey is no longer open"),
        (opened(2, Mode::Closed), "This survey is no longer open"),
        (late(opened(2, Mode::Closed)), "This survey has closed"),
    ] {
        let text = visible(&html(&opened));
        assert!(text.contains(sentence), "{sentence}: {text}");
    }
}

#[test]
fn a_comment_that_is_too_long_is_kept_and_says_what_is_safe() {
    let long = |opened| visible(&html(&kept(Err(TooLong { characters: 5_001 }), None, "my words", opened)));
    let told = "Your comment is too long (5,001 of 5,000 characters), so it isn’t sent yet.";
    assert!(long(rated(4, Mode::Seen, 4)).contains(&format!("{told} Your rating is safe.")));
    let unrated = long(opened(4, Mode::Pressed));
    assert!(unrated.contains(told) && !unrated.contains("safe") && unrated.contains("Save “great”"), "{unrated}");
}

#[test]
fn a_frozen_rating_takes_a_comment_only() {
    let html = html(&frozen(rated(2, Mode::Change, 4)));
    assert_eq!((count(&html, "name=\"score\""), count(&html, "<textarea"), count(&html, "<button")), (0, 1, 1));
}

#[test]
fn a_locked_or_closed_page_is_read_only_and_loses_no_text() {
    let read_only =
        |html: &str| !["<button", "type=\"radio\"", "name=\"comment\""].iter().any(|part| html.contains(part));
    for opened in [locked(2, Mode::Final, 4), opened(2, Mode::Closed), until(hours(-1), None, opened(2, Mode::Closed))]
    {
        let quiet = html(&opened);
        assert!(read_only(&quiet) && !quiet.contains("<textarea"));
        for outcome in [Outcome::Locked, Outcome::Closed, Outcome::Stale] {
            let html = html(&kept(Ok(outcome), None, "my words", opened.clone()));
            assert!(read_only(&html) && html.contains("readonly") && html.contains("my words</textarea>"));
        }
    }
}

#[test]
fn a_comment_that_came_twice_is_not_called_refused() {
    let posted = Posted { result: Ok(Outcome::Locked), refused: false, picked: None, comment: String::new() };
    let html = html(&Opened { posted: Some(posted), ..locked(4, Mode::Final, 4) });
    assert!(!html.contains("told notice") && visible(&html).contains("Your rating and your comment are saved."));
}

#[test]
fn the_unhappy_and_the_late_find_a_person() {
    let asked = |contact, opened: &Opened| {
        with_frame(Text::english(), contact, |frame| rate(frame, "/r/link-token", opened, &Offered::default()))
    };
    let (mail, url) = (Some("mailto:help@example.com"), Some("https://example.com/help?from=survey"));
    for (opened, offered) in [
        (opened(1, Mode::Seen), true),
        (answered(Outcome::Ok, rated(2, Mode::Seen, 2)), true),
        (rated(3, Mode::Seen, 3), false),
        (opened(5, Mode::Seen), false),
        (opened(5, Mode::Closed), true),
        (locked(5, Mode::Final, 5), true),
    ] {
        let by_mail = asked(mail, &opened);
        assert_eq!(by_mail.contains("\"mailto:help@example.com?subject=Re%3A%20Refund\">Reply to our email"), offered);
        assert_eq!(asked(url, &opened).contains("\"https://example.com/help?from=survey\">Contact us</a>"), offered);
        assert!(!asked(None, &opened).contains("Still need help?"));
    }
    let about = About::default();
    let nameless = asked(mail, &Opened { about, ..opened(1, Mode::Seen) });
    assert!(nameless.contains("?subject=My%20conversation%20with%20Example\""), "{nameless}");
}

#[test]
fn the_logo_stands_for_the_name() {
    let none = CustomLanguages::default();
    let custom = CustomTexts { policy: &none, all: &none };
    let assets = Assets::new("#2f6fed", Some(("image/png", b"png".to_vec())));
    let (zone, contact) = (Tz::UTC, None);
    let frame = Frame { brand: "Example", custom, text: Text::english(), zone, assets: &assets, contact };
    let html = message(frame, Message::Later, None);
    let path = &assets.logo.as_ref().expect("a logo").path;
    assert!(html.contains(&format!("<header><img src=\"{path}\" alt=\"Example\"></header>")), "{html}");
}

#[test]
fn a_message_says_what_to_do() {
    for (kind, sentence) in [
        (Message::UnknownLink, "This link doesn’t work"),
        (Message::Malformed, "We couldn’t read that"),
        (Message::TooLong, "Your comment is too long"),
        (Message::TooMany, "wait a minute and try again"),
        (Message::Later, "try again in a moment"),
    ] {
        let html = with_frame(Text::english(), None, |frame| message(frame, kind, None));
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
        include_str!("../../../../templates/page/after.html"),
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
