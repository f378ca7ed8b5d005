//! The pages that customers see, as HTML: rating, unsubscribe, and those that only say something.
//!
//! It owns which sentence fits which state of a survey; the markup is in `templates/page/`. It must not decide what a
//! click means, nor know HTTP. Nothing here claims to be saved that is not.

use super::assets::Assets;
use crate::gateway::Opened;
use crate::survey::Time;
use crate::survey::evidence::{Mode, Outcome};
use crate::survey::rating::Score;
use crate::text::{Own, Text, ToneText, fill};
use askama::Template;
use chrono_tz::Tz;

/// What all pages share.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// The name of the brand.
    pub brand: &'a str,
    /// What is said in place of our words.
    pub own: Own<'a>,
    /// The texts, in the customer's language.
    pub text: &'a Text,
    /// The zone of the times it shows, until the script shows them in the customer's own.
    pub zone: Tz,
    /// The stylesheet and the script.
    pub assets: &'a Assets,
}

impl Frame<'_> {
    /// The operator's own thanks, if there are any that fit.
    fn thanks(&self, opened: &Opened) -> Option<String> {
        let names = [
            ("brand", Some(self.brand)),
            ("teammate", opened.about.teammate.as_deref()),
            ("subject", opened.about.subject.as_deref()),
            ("customer", opened.about.customer.as_deref()),
        ];
        self.own.say(&self.text.language, |words| &words.thanks, &[], &names)
    }
}

/// A page that only says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// No such link, whatever the cause.
    UnknownLink,
    /// A link of a test mail.
    Test,
    /// The form cannot be read.
    Malformed,
    /// The form is too long to be read.
    TooLong,
    /// Too many requests came, for this link or from this address.
    TooMany,
    /// The service cannot answer.
    Later,
}

/// The rating page. Its form posts to `action`.
#[must_use]
pub fn rate(frame: Frame, action: &str, opened: &Opened) -> String {
    let state = State::of(opened);
    let teammate = [("brand", frame.brand), ("teammate", opened.about.teammate.as_deref().unwrap_or_default())];
    let rate = &frame.text.rate;
    let about = if opened.about.teammate.is_some() { &rate.about_teammate } else { &rate.about_brand };
    // After a press the script keeps quiet: it would confirm the face of the link, not the one that was picked.
    let quiet = opened.outcome == Some(Outcome::Ok) || opened.picked.is_some();
    let same = opened.score.is_none_or(|score| score == opened.link);
    let confirms = !quiet && same && matches!(state, State::Chose | State::Standing);
    let fixed = opened.change_until.is_some_and(|until| until < opened.page.issued);
    let saved = if fixed { State::Settled } else { State::Saved };
    let lead = Lead::new(frame, opened, state, opened.outcome == Some(Outcome::Ok));
    render(&RatePage {
        frame,
        action,
        opened,
        about: fill(about, &teammate),
        notice: notice(frame.text, opened, state),
        tones: Tone::ALL.map(|tone| Prompt::new(frame, tone, lead.tone)),
        lead,
        saved: confirms.then(|| Lead::new(frame, opened, saved, true)),
        fixed,
        state,
        quiet,
    })
}

/// The unsubscribe page: a button that posts to `action`, or what it did.
#[must_use]
pub fn unsubscribe(frame: Frame, action: &str, done: bool) -> String {
    let text = &frame.text.unsubscribe;
    let (heading, sentence) = if done { (&text.done_heading, &text.done) } else { (&text.heading, &text.sentence) };
    render(&UnsubscribePage { frame, action, done, heading, sentence: fill(sentence, &[("brand", frame.brand)]) })
}

/// A page that only says something. `reference` is what an operator finds the request by, if it failed on our side.
#[must_use]
pub fn message(frame: Frame, message: Message, reference: Option<&str>) -> String {
    let text = &frame.text.message;
    let (heading, sentence) = match message {
        Message::UnknownLink => (&text.unknown_link_heading, &text.unknown_link),
        Message::Test => (&text.test_heading, &text.test),
        Message::Malformed => (&text.malformed_heading, &text.malformed),
        Message::TooLong => (&text.too_long_heading, &text.too_long),
        Message::TooMany => (&text.too_many_heading, &text.too_many),
        Message::Later => (&text.later_heading, &text.later),
    };
    let reference = reference.map(|id| fill(&text.reference, &[("reference", id)]));
    render(&MessagePage { frame, heading, sentence, reference })
}

#[derive(Template)]
#[template(path = "page/rate.html")]
struct RatePage<'a> {
    frame: Frame<'a>,
    action: &'a str,
    opened: &'a Opened,
    about: String,
    /// Why the post was not taken.
    notice: Option<String>,
    lead: Lead,
    /// The lead that the script shows once it has confirmed.
    saved: Option<Lead>,
    /// What is saved now cannot be changed any more.
    fixed: bool,
    /// What to write about, in each tone: the face that is picked decides which one is shown.
    tones: [Prompt; 3],
    state: State,
    /// The script is not to confirm by itself.
    quiet: bool,
}

#[derive(Template)]
#[template(path = "page/unsubscribe.html")]
struct UnsubscribePage<'a> {
    frame: Frame<'a>,
    action: &'a str,
    done: bool,
    heading: &'a str,
    sentence: String,
}

#[derive(Template)]
#[template(path = "page/message.html")]
struct MessagePage<'a> {
    frame: Frame<'a>,
    heading: &'a str,
    sentence: &'a str,
    reference: Option<String>,
}

/// What the page is about; it follows from standing, mode and outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A face was chosen and is not saved.
    Chose,
    /// It was saved just now.
    Saved,
    /// The link of the standing rating was opened again.
    Standing,
    /// A rating stands and can no longer change.
    Settled,
    /// Another rating stands.
    Change,
    /// A comment locked the rating.
    Final,
    /// Too late for a first rating.
    Closed,
}

impl State {
    fn of(opened: &Opened) -> Self {
        match opened.standing {
            "locked" => Self::Final,
            "rated" if opened.settled => Self::Settled,
            "rated" if opened.outcome == Some(Outcome::Ok) => Self::Saved,
            "rated" if opened.score == Some(opened.link) && opened.page.mode != Mode::Change => Self::Standing,
            "rated" => Self::Change,
            _ => match opened.page.mode {
                Mode::Closed => Self::Closed,
                Mode::Final => Self::Final,
                Mode::Seen | Mode::Touched | Mode::Pressed | Mode::Change => Self::Chose,
            },
        }
    }

    /// There is nothing left to send.
    fn is_read_only(self) -> bool {
        matches!(self, Self::Final | Self::Closed)
    }
}

/// How a face is spoken of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tone {
    Low,
    Middle,
    High,
}

impl Tone {
    const ALL: [Self; 3] = [Self::Low, Self::Middle, Self::High];

    fn of(score: Score) -> Self {
        match score.number() {
            ..=2 => Self::Low,
            3 => Self::Middle,
            _ => Self::High,
        }
    }

    fn text(self, text: &Text) -> &ToneText {
        match self {
            Self::Low => &text.low,
            Self::Middle => &text.middle,
            Self::High => &text.high,
        }
    }

    /// Its name in the markup.
    fn class(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Middle => "middle",
            Self::High => "high",
        }
    }
}

/// The words around the comment box, in one tone.
struct Prompt {
    class: &'static str,
    /// It is the one to show until a face is picked.
    first: bool,
    label: String,
    why: String,
}

impl Prompt {
    fn new(frame: Frame, tone: Tone, first: Tone) -> Self {
        let text = tone.text(frame.text);
        let brand = [("brand", frame.brand)];
        let [label, why] = [&text.comment, &text.comment_why].map(|text| fill(text, &brand));
        Self { class: tone.class(), first: tone == first, label, why }
    }
}

/// The upper part of the rating page: what is so now.
struct Lead {
    /// The face that it is about.
    score: Option<Score>,
    /// That face is saved, and nothing is asked about it.
    saved: bool,
    tone: Tone,
    heading: String,
    sentence: String,
    until: Option<Until>,
}

impl Lead {
    /// `thanks`: something was taken just now.
    fn new(frame: Frame, opened: &Opened, state: State, thanks: bool) -> Self {
        let rate = &frame.text.rate;
        let stands = opened.score.unwrap_or(opened.link);
        let score = match state {
            State::Chose => opened.picked.unwrap_or(opened.link),
            State::Closed => opened.link,
            _ => stands,
        };
        let tone = Tone::of(score);
        let toned = tone.text(frame.text);
        let (heading, sentence) = match state {
            State::Chose => (&rate.chose_heading, &rate.chose),
            State::Saved => (&toned.saved_heading, &toned.saved),
            State::Standing => (&rate.standing_heading, &rate.standing),
            State::Settled if thanks => (&toned.saved_heading, &rate.settled),
            State::Settled => (&rate.standing_heading, &rate.settled),
            State::Change if stands == opened.link => (&rate.change_heading, &rate.change_same),
            State::Change => (&rate.change_heading, &rate.change),
            State::Final if thanks => (&toned.final_heading, &toned.final_saved),
            State::Final => (&rate.final_heading, &rate.r#final),
            State::Closed => (&rate.closed_heading, &rate.closed),
        };
        let words =
            [("word", word(frame.text, score)), ("clicked", word(frame.text, opened.link)), ("brand", frame.brand)];
        let own = frame.thanks(opened).filter(|_| thanks);
        Self {
            score: (state != State::Closed).then_some(score),
            saved: !matches!(state, State::Chose | State::Change | State::Closed),
            tone,
            heading: own.unwrap_or_else(|| fill(heading, &words)),
            sentence: fill(sentence, &words),
            until: Until::of(frame, opened, state),
        }
    }
}

/// A sentence around a moment, which the script shows in the customer's own time zone.
struct Until {
    before: String,
    at: Time,
    readable: String,
    after: String,
}

impl Until {
    /// The end that matters to a state.
    fn of(frame: Frame, opened: &Opened, state: State) -> Option<Self> {
        let rate = &frame.text.rate;
        let now = opened.page.issued;
        let (sentence, at) = match state {
            // A doubted rating can be confirmed after the end, so there the end is none.
            State::Chose => (&rate.rate_until, opened.rate_until.filter(|until| now <= *until)),
            State::Saved | State::Standing | State::Change => (&rate.change_until, opened.change_until),
            State::Settled => (&rate.settled_since, opened.change_until),
            State::Final => return None,
            State::Closed => (&rate.closed_since, opened.rate_until),
        };
        let (before, after) = sentence.split_once("{time}").unwrap_or((sentence, ""));
        let readable = |at| frame.text.moment(at, frame.zone);
        at.map(|at| Self { before: before.to_owned(), at, readable: readable(at), after: after.to_owned() })
    }

    fn machine_readable(&self) -> String {
        self.at.format("%Y-%m-%dT%H:%MZ").to_string()
    }
}

/// Why the post was not taken, if it was not.
fn notice(text: &Text, opened: &Opened, state: State) -> Option<String> {
    let refusal = &text.refusal;
    let refused = opened.fault.is_some() || opened.outcome.is_some_and(|outcome| outcome != Outcome::Ok);
    if !refused {
        return None;
    }
    let has_text = !opened.comment.trim().is_empty();
    let sentence = match (state, &opened.fault, opened.outcome) {
        (State::Final, ..) if has_text => &refusal.locked_comment,
        (State::Final, ..) => &refusal.locked,
        (State::Closed, ..) => &refusal.closed,
        (_, Some(fault), _) if fault.pointer == "/comment" => &refusal.too_long,
        (_, Some(_), _) => &refusal.malformed,
        (_, _, Some(Outcome::Stale)) => &refusal.stale,
        (State::Settled, _, Some(Outcome::Closed)) => &refusal.closed_change,
        (_, _, Some(Outcome::Closed)) => &refusal.closed,
        (State::Change, ..) if opened.picked.is_none() && !has_text => &refusal.ask_change,
        _ => &refusal.ask,
    };
    let stands = opened.score.unwrap_or(opened.link);
    Some(fill(sentence, &[("word", word(text, stands))]))
}

fn word(text: &Text, score: Score) -> &str {
    &text.words[score.index()]
}

fn render(page: &impl Template) -> String {
    page.render().expect("no value in our templates fails to print, nor does a String fail to grow")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::About;
    use crate::survey::closing::Fault;
    use crate::survey::evidence::{Page, PageId};
    use crate::text::Languages;
    use chrono::DateTime;

    fn score(number: i64) -> Score {
        Score::try_from(number).expect("a score")
    }

    fn opened(link: i64, mode: Mode) -> Opened {
        let issued = DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
        Opened {
            link: score(link),
            page: Page { id: PageId::new(7), score: score(link), mode, issued, after_hold: false },
            page_token: "page-token".to_owned(),
            outcome: None,
            standing: "unrated",
            score: None,
            settled: false,
            picked: None,
            comment: String::new(),
            fault: None,
            about: About {
                teammate: Some("Grace".to_owned()),
                subject: Some("Refund".to_owned()),
                customer: Some("Ada".to_owned()),
                ..About::default()
            },
            change_until: None,
            rate_until: None,
        }
    }

    fn rated(link: i64, mode: Mode, standing: i64) -> Opened {
        Opened { standing: "rated", score: Some(score(standing)), ..opened(link, mode) }
    }

    fn refused(by: Outcome, opened: Opened) -> Opened {
        Opened { outcome: Some(by), ..opened }
    }

    fn with_frame(show: impl FnOnce(Frame) -> String) -> String {
        let assets = Assets::new("#2f6fed");
        let none = Languages::default();
        let own = Own([&none, &none]);
        show(Frame { brand: "Example", own, text: Text::english(), zone: Tz::UTC, assets: &assets })
    }

    fn html(opened: &Opened) -> String {
        with_frame(|frame| rate(frame, "/r/link-token", opened))
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
    fn a_refused_post_keeps_its_face_and_its_text() {
        let html = html(&Opened {
            picked: Some(score(2)),
            comment: "\nwas <b>rude</b>".to_owned(),
            ..refused(Outcome::Ask, opened(4, Mode::Pressed))
        });
        assert!(html.contains("value=\"2\" checked"));
        assert_eq!(count(&html, " checked"), 1);
        assert!(html.contains("You chose “bad”"));
        assert!(html.contains(">\n\nwas &#60;b&#62;rude&#60;/b&#62;</textarea>"));
        assert!(has_notice(&html) && html.contains("Please press Send once more"));
    }

    #[test]
    fn what_people_wrote_is_escaped() {
        let evil = "</textarea><script>alert('1')</script>\"";
        let html = html(&Opened {
            about: About { teammate: Some(evil.to_owned()), subject: Some(evil.to_owned()), ..About::default() },
            comment: evil.to_owned(),
            ..refused(Outcome::Ask, opened(4, Mode::Pressed))
        });
        assert_eq!(count(&html, "<script"), 1);
        assert_eq!(count(&html, "&#60;script&#62;"), 3);
        assert!(!html.contains("alert('1')") && !html.contains(evil));
    }

    #[test]
    fn a_saved_rating_is_thanked_for_and_can_change_or_get_a_comment() {
        let until = DateTime::from_timestamp(1_800_003_600, 0);
        let html = html(&Opened { change_until: until, ..refused(Outcome::Ok, rated(4, Mode::Seen, 2)) });
        assert!(
            html.contains("We are sorry about that")
                && html.contains("Your rating “bad” is saved, and someone at Example will read it.")
        );
        assert!(html.contains("<time datetime=\"2027-01-15T09:00Z\">15 January 2027, 09:00 UTC</time>."));
        assert!(html.contains("name=\"comment\"") && html.contains("makes your rating final"));
        assert!(html.contains(" data-quiet") && !html.contains("id=\"saved\""));
        assert!(!has_notice(&html));
    }

    #[test]
    fn the_script_finds_its_thanks_and_they_speak_of_the_face_it_confirms() {
        let html = html(&opened(5, Mode::Seen));
        let (_, saved) = html.split_once("<template id=\"saved\">").expect("the thanks");
        assert!(saved.contains("Your rating “amazing” is saved."));
        assert!(html.contains("id=\"trouble\"") && !html.contains(" data-quiet"));
    }

    #[test]
    fn the_words_fit_the_face() {
        for (link, sorry, comment, why) in [
            (1, true, "What went wrong?", "goes better next time"),
            (2, true, "What went wrong?", "goes better next time"),
            (3, false, "What could have been better?", "goes better next time"),
            (4, false, "What did you like?", "with joy"),
            (5, false, "What did you like?", "with joy"),
        ] {
            let asked = html(&opened(link, Mode::Pressed));
            let shown = |words: &str| count(&asked, &format!("\">{words}")) == 1;
            assert!(shown(comment), "{link}: {asked}");
            assert_eq!(count(&asked, " hidden>"), 4, "two tones of two sentences");
            assert!(asked.contains(why));
            let saved = html(&refused(Outcome::Ok, rated(link, Mode::Seen, link)));
            assert_eq!(saved.contains("We are sorry about that"), sorry, "{link}");
            assert_eq!(saved.contains("someone at Example will read it."), sorry, "{link}");
            let locked = Opened { standing: "locked", score: Some(score(link)), ..opened(link, Mode::Final) };
            assert_eq!(html(&refused(Outcome::Ok, locked)).contains("We are sorry"), sorry, "{link}");
        }
    }

    #[test]
    fn ends_are_told_where_they_matter() {
        let hours = |hours: i64| DateTime::from_timestamp(1_800_000_000 + hours * 3600, 0);
        let first = Opened { rate_until: hours(1), ..opened(4, Mode::Seen) };
        assert!(html(&first).contains("You can rate this conversation until <time"));
        let doubted = Opened { standing: "held", rate_until: hours(-1), ..opened(4, Mode::Pressed) };
        assert!(!html(&doubted).contains("<time"));
        let settled = Opened { settled: true, change_until: hours(-1), ..rated(4, Mode::Seen, 4) };
        assert!(html(&settled).contains("It could be changed until <time"));
        let late = Opened { change_until: hours(-1), ..opened(4, Mode::Seen) };
        assert!(html(&late).contains("<template id=\"saved\" data-fixed>"), "the script takes the faces away");
        let closed = Opened { rate_until: hours(-1), ..opened(4, Mode::Closed) };
        assert!(html(&closed).contains("It could be rated until <time"));
    }

    #[test]
    fn a_page_with_its_style_and_script_is_small() {
        let page = html(&Opened { comment: "x".repeat(200), ..opened(4, Mode::Seen) });
        let assets = Assets::new("#2f6fed");
        let bytes = page.len() + assets.css.len() + assets.js.len();
        assert!(bytes < 25 * 1024, "{bytes} bytes, uncompressed");
    }

    #[test]
    fn nothing_speaks_of_a_doubted_rating() {
        let html = html(&Opened { standing: "held", score: Some(score(1)), ..opened(5, Mode::Pressed) });
        assert!(!html.contains("class=\"big done\""));
        assert!(html.contains("You chose “amazing”") && !html.contains("is saved") && !html.contains("“terrible”"));
    }

    #[test]
    fn each_state_has_its_sentence() {
        let locked = |mode| Opened { standing: "locked", score: Some(score(4)), ..opened(2, mode) };
        let settled = Opened { settled: true, ..rated(2, Mode::Change, 4) };
        for (opened, sentence) in [
            (rated(4, Mode::Seen, 4), "You rated “great”"),
            (rated(2, Mode::Change, 4), "so far is “great”, and you just clicked “bad”"),
            (rated(4, Mode::Change, 4), "so far is “great”. If you want"),
            (settled.clone(), "can no longer be changed, but you can still add a comment"),
            (locked(Mode::Final), "Your rating and your comment are saved and can no longer be changed."),
            (refused(Outcome::Ok, locked(Mode::Seen)), "Your rating “great” and your comment are saved."),
            (opened(2, Mode::Closed), "too late to rate"),
            (refused(Outcome::Ask, opened(2, Mode::Pressed)), "so that we know it is you"),
            (refused(Outcome::Ask, rated(2, Mode::Change, 4)), "no face was picked"),
            (refused(Outcome::Stale, opened(2, Mode::Seen)), "out of date"),
            (refused(Outcome::Closed, opened(2, Mode::Closed)), "so this was not saved"),
            (refused(Outcome::Closed, settled), "so it stays “great”"),
            (refused(Outcome::Locked, locked(Mode::Final)), "so nothing was changed"),
        ] {
            let html = html(&opened);
            assert!(html.contains(sentence), "{sentence}");
            assert_eq!(has_notice(&html), opened.outcome.is_some_and(|outcome| outcome != Outcome::Ok));
        }
    }

    #[test]
    fn a_settled_rating_takes_a_comment_only() {
        let html = html(&Opened { settled: true, ..rated(2, Mode::Change, 4) });
        assert_eq!(count(&html, "name=\"score\""), 0);
        assert_eq!(count(&html, "<textarea"), 1);
        assert_eq!(count(&html, "<button"), 1);
    }

    #[test]
    fn a_locked_or_closed_page_is_read_only_and_loses_no_text() {
        let locked = Opened { standing: "locked", score: Some(score(4)), ..opened(2, Mode::Final) };
        for opened in [locked, opened(2, Mode::Closed)] {
            let quiet = html(&opened);
            assert!(is_read_only(&quiet) && !quiet.contains("<textarea"));
            for outcome in [Outcome::Locked, Outcome::Closed, Outcome::Stale] {
                let html = html(&Opened { comment: "my words".to_owned(), ..refused(outcome, opened.clone()) });
                assert!(is_read_only(&html) && html.contains("readonly") && html.contains("my words</textarea>"));
            }
        }
    }

    #[test]
    fn a_fault_says_what_is_wrong() {
        let long = Opened { fault: Some(Fault::new("/comment", "")), ..opened(4, Mode::Pressed) };
        assert!(html(&long).contains("longer than 5,000 characters"));
        let other = Opened { fault: Some(Fault::new("/score", "")), ..opened(4, Mode::Pressed) };
        assert!(html(&other).contains("could not read what was sent"));
    }

    #[test]
    fn unsubscribing_takes_a_button() {
        let ask = with_frame(|frame| unsubscribe(frame, "/u/token", false));
        assert_eq!(count(&ask, "<form method=\"post\" action=\"/u/token\""), 1);
        assert_eq!(count(&ask, "<button"), 1);
        assert!(ask.contains("and Example will no longer ask"));
        let done = with_frame(|frame| unsubscribe(frame, "/u/token", true));
        assert!(done.contains("You are unsubscribed") && !done.contains("<form") && !done.contains("/u/"));
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
            include_str!("../../templates/page/base.html"),
            include_str!("../../templates/page/rate.html"),
            include_str!("../../templates/page/unsubscribe.html"),
            include_str!("../../templates/page/message.html"),
        ] {
            assert!(!template.contains("<style") && !template.contains("javascript:") && !template.contains("|safe"));
            assert_eq!(count(template, "<script"), count(template, "<script src="));
            for attribute in template.split_whitespace() {
                assert!(!attribute.starts_with("style=") && !attribute.starts_with("on"), "{attribute}");
            }
        }
    }
}
