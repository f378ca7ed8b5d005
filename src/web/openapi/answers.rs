//! The schemas of what the API answers.
//!
//! `render` makes these answers; a test compares them field by field. It must not know which call answers what.

use super::schema::{
    Schema, any, by_name, count, flag, list, may, must, object, of, one_of, share, text, time, uuid, within, word,
    words_of,
};
use crate::survey::closing::{ClosingState, Fact, StartedBy};
use crate::survey::decisions::DecisionsBy;
use crate::survey::eligibility::Rule;
use crate::survey::evidence::ChangeKind;
use crate::survey::follow_up::{Deed, MOST_STEPS, State};
use crate::survey::opening::Opening;
use crate::survey::outbound::StateWord;
use crate::survey::page::Evidence;
use crate::survey::rating::StandingWord;
use crate::survey::suppression::Cause;
use crate::survey::trail::{Fate, KEPT};
use crate::web::code::Code;

/// All of them, by name.
pub(super) fn all() -> Vec<(&'static str, Schema)> {
    [of_closings(), of_conversations(), of_ratings(), of_reports(), of_customers(), of_service()].concat()
}

fn of_closings() -> Vec<(&'static str, Schema)> {
    let missing = "Facts that are missing: the rules that need them passed unseen.";
    let rule = format!("The rule that failed, such as `{}`. Later versions may have more.", Rule::TooShort);
    vec![
        ("Decision", one_of([of("Asked"), of("Skipped")])),
        (
            "Asked",
            object([
                must("decision", word("ask")),
                must("survey_id", uuid()),
                must("send_at", time().about("When its mail is due.")),
                may("unknown", list(words_of!(Fact)).about(missing)),
            ]),
        ),
        ("Skipped", object([must("decision", word("skip")), must("reasons", list(of("Reason")))])),
        (
            "Reason",
            object([
                must("rule", text().about(&rule)),
                must("value", any().about("What was measured.")),
                must("limit", any().about("What was allowed.")),
                must("message", text().about("Both in a sentence.")),
            ]),
        ),
        (
            "Waits",
            object([
                must("decision", word("waits")),
                must("why", text().about("What it waits for. `GET /v1/conversations/{id}` tells what was decided.")),
            ]),
        ),
        ("Cancelled", object([must("cancelled", count().about("How many waiting surveys were cancelled."))])),
        ("Ignored", object([must("ignored", text().about("Why the report changes nothing."))])),
    ]
}

fn person() -> Schema {
    of("Person").or_null()
}

fn score() -> Schema {
    within(1, 5).about("1 (terrible) to 5 (amazing).")
}

fn of_conversations() -> Vec<(&'static str, Schema)> {
    let closing = object([
        must("closed_at", time()),
        must("reported_at", time()),
        must("state", words_of!(ClosingState)),
        must("subject", text().or_null()),
        must("url", text().or_null()),
        must("channel", text().or_null()),
        must("tags", list(text())),
        must("started_by", words_of!(StartedBy).or_null()),
        must("characters", count().or_null()),
        must("last_reply_at", time().or_null()),
        must("teammate_replied", flag().or_null()),
        must("customers", count().about("How many people were helped.")),
        must("teammate", person()),
        must("team", text().or_null().about("The team of that time.")),
        must("policy", text().or_null()),
        must("fetched_at", time().or_null().about("When the conversation was fetched from the helpdesk, if it was.")),
        must("fetch_failed", text().or_null().about("Why it could not be fetched.")),
    ]);
    let waiting = object([
        must("closed_at", time()),
        must("reported_at", time()),
        must("next_try_at", time()),
        must("tries", count()),
        must("why", text().or_null().about("Why the last try failed.")),
    ]);
    let decided = |schema: Schema| schema.and([must("closed_at", time()), must("decided_at", time())]);
    let asked = object([
        must("decision", word("ask")),
        must("survey_id", uuid()),
        must("unknown", list(words_of!(Fact)).about("Facts that were missing.")),
    ]);
    let skipped = object([must("decision", word("skip")), must("reasons", list(of("Reason")))]);
    vec![
        (
            "Conversation",
            object([
                must("conversation_id", text()),
                must("closings", list(closing).about("Oldest first.")),
                must("decisions", list(one_of([decided(asked), decided(skipped)])).about("One a closing.")),
                must("waiting", list(waiting).about("Closings that wait until the conversation was fetched.")),
                must("reopenings", list(time())),
                must("surveys", list(of("Survey"))),
                must("story", list(of("Line")).about("All of it in English sentences, oldest first.")),
            ]),
        ),
        ("Survey", survey()),
        ("Line", object([must("at", time()), must("text", text())])),
        ("Person", object([must("id", text()), must("name", text().or_null())]).about("A teammate.")),
        ("Change", change()),
    ]
}

fn survey() -> Schema {
    let mail = object([
        must("state", words_of!(StateWord)),
        must("due_at", time().or_null().about("Null once it is neither waiting nor sending.")),
        must("tries", count()),
        must("note", text().or_null().about("The mail server's last answer, or why the mail was cancelled.")),
        must("accepted_at", time().or_null()),
    ]);
    let view = object([
        must("at", time()),
        must("score", score()),
        must("machine", flag().about("Whether the visitor looked like a program.")),
        must("phone", flag()),
        must("webmail", flag()),
    ]);
    let attempt = object([
        must("at", time()),
        must("score", score()),
        must("how", words_of!(Evidence)),
        must("fate", words_of!(Fate).or_null().about("What became of it; null if an earlier version took it.")),
    ]);
    let hold =
        object([must("from", time()), must("until", time().or_null().about("Null: still.")), must("score", score())]);
    let kept = format!("Links that were opened; at most {KEPT} are kept.");
    let tries = format!("Confirmations that were posted; at most {KEPT} are kept.");
    object([
        must("survey_id", uuid()),
        must("closed_at", time()),
        must("made_at", time()),
        must("mail", mail),
        must("standing", of("Standing")),
        must("score", score().or_null()),
        must("evidence", words_of!(Evidence).or_null()),
        must("rated_at", time().or_null()),
        must("comment", text().or_null()),
        must("reasons", list(text()).about("Keys of the reasons that were ticked.")),
        must("answer", of("OwnAnswer").or_null()),
        must("teammate", person()),
        must("team", text().or_null()),
        must("history", list(of("Change"))),
        must("views", list(view).about(&kept)),
        must("tries", list(attempt).about(&tries)),
        must("holds", list(hold).about("Times in which the rating was in doubt.")),
        must("story", list(of("Line"))),
    ])
}

fn change() -> Schema {
    object([
        must("at", time()),
        must("what", words_of!(ChangeKind)),
        must("score", score()),
        must("evidence", words_of!(Evidence)),
        must("who", text().or_null().about("The admin who decided, if one did.")),
        must("reason", text().or_null().about("What the admin gave as the reason.")),
    ])
    .about("A change of where a rating stands.")
}

fn of_ratings() -> Vec<(&'static str, Schema)> {
    let named = [
        must("survey_id", uuid()),
        must("connection", text().about("The helpdesk that reported it; empty for `POST /v1/closings`.")),
        must("conversation_id", text()),
    ];
    let rated = [
        must("score", score()),
        must("standing", of("Standing")),
        must("rated_at", time()),
        must("comment", text().or_null()),
        must("reasons", list(text()).about("Keys of the reasons that were ticked.")),
        must("answer", of("OwnAnswer").or_null()),
        must("teammate", person()),
        must("team", text().or_null().about("The team of that time.")),
        must("url", text().or_null()),
    ];
    let rating = object(named.clone()).and(rated.clone()).and([
        must("evidence", words_of!(Evidence)),
        must("closed_at", time()),
        must("asked_at", time().or_null().about("When the mail was accepted.")),
        must("held_because", text().or_null().about("Why it is held, in a sentence.")),
        must("history", list(of("Change"))),
    ]);
    let step = object([
        must("at", time()),
        must("who", text().or_null().about("Null for the customer, who reopens it by a new rating.")),
        must("do", words_of!(Deed)),
        must("score", score()),
        must("note", text().or_null()),
    ]);
    let steps = format!("What was done, oldest first. After {MOST_STEPS} of them only `done` is taken.");
    let follow_up = object(named).and(rated).and([
        must("opened_at", time()),
        must("state", words_of!(State)),
        must("who", text().or_null().about("Who took it or finished it.")),
        must("changed_at", time().about("When the state changed.")),
        must("seen", count().about("Send it with what you do, so that you don't overtake somebody.")),
        must("erased_at", time().or_null()),
        must("steps", list(step).about(&steps)),
    ]);
    let own = object([must("question", text()), must("choice", text())]);
    vec![
        ("Rating", rating),
        ("FollowUp", follow_up),
        ("OwnAnswer", own.about("The answer to a question of the operator's own, as keys.")),
        ("Standing", words_of!(StandingWord).about("Where a rating stands. `held` and `voided` ones count nowhere.")),
        ("Ratings", page("Rating")),
        ("FollowUps", page("FollowUp")),
        (
            "Moderated",
            object([
                must("survey_id", uuid()),
                must("standing", of("Standing")),
                must("score", score().or_null()),
                must("changed", flag().about("`false`: it stood like this before.")),
            ]),
        ),
    ]
}

/// One page of a list.
fn page(items: &str) -> Schema {
    let next = "Pass it as `cursor` to get the next page. Null on the last one.";
    object([must("items", list(of(items))), must("next", text().or_null().about(next))])
}

fn of_reports() -> Vec<(&'static str, Schema)> {
    let ends = [must("from", text().about("A local day or an instant.")), must("to", text())];
    let key = |schema: Schema| {
        let name = "What people call it. Null for what is attributed to nobody or has none.";
        schema.and([must("id", text().or_null()), must("name", text().or_null().about(name))])
    };
    let of_parts = |schema: Schema| {
        schema.and([
            may("second_id", text().or_null().about("With two cuts only.")),
            may("second_name", text().or_null()),
        ])
    };
    let ticks = |schema: Schema| {
        schema.and([
            must("reasons", by_name(count()).about("The count of each reason that was ticked.")),
            must("answers", by_name(by_name(count())).about("Such counts for each question of the operator's own.")),
        ])
    };
    let before = |figures: &str| object(ends.clone()).and([must("total", of(figures))]).about("The period before.");
    let then = |figures: &str| may("before", of(figures).about("Its figures in the period before."));
    let report = object(ends.clone()).and([
        must("by", text().about("The cut, or two with a comma between.")),
        must("total", ticks(figures())),
        must("rows", list(key(of_parts(ticks(figures()))).and([then("Figures")]))),
        may("before", before("Figures")),
    ]);
    let decisions = object(ends.clone()).and([
        must("by", words_of!(DecisionsBy)),
        must("total", of("Counts")),
        must("rows", list(key(counts()).and([then("Counts")]))),
        may("before", before("Counts")),
    ]);
    vec![("Report", report), ("Figures", figures()), ("Decisions", decisions), ("Counts", counts())]
}

fn figures() -> Schema {
    let split = Opening::SPLIT.map(|opening| match opening {
        Opening::PhoneYoung => "unconfirmed_phone_young",
        Opening::PhoneLater => "unconfirmed_phone_later",
        Opening::OtherYoung => "unconfirmed_other_young",
        Opening::OtherLater | Opening::Unknown => "unconfirmed_other_later",
    });
    object([
        must("asked", count().about("Surveys whose mail was accepted in the period.")),
        must("answered", count().about("Those of them that are rated by now.")),
        must("response_rate", share().about("`answered` / `asked`; null if nobody was asked.")),
        must("ratings", count().about("Ratings that count, given in the period.")),
        must("positive", count().about("Those of them with a positive score.")),
        must("csat", share().about("`positive` / `ratings`; null without ratings.")),
        must("scores", list(count()).items(5, 5).about("Ratings with each score, worst first.")),
        must("held", count().about("Surveys of `asked` whose rating is held.")),
        must("unconfirmed", count().about("Surveys of `asked` that somebody seems to have opened, and nobody rated.")),
        must("waiting", count().about("Surveys whose mail waits.")),
        must("failed", count().about("Surveys whose mail failed for good.")),
    ])
    .and(split.map(|name| must(name, count().about("A part of `unconfirmed`."))))
}

fn counts() -> Schema {
    object([
        must("closings", count().about("Closings that were decided.")),
        must("asked", count().about("Closings that a survey was made for.")),
        must("skipped", count().about("Closings that nobody was asked about; of a rule, those that failed it.")),
        must("only_reason", count().about("Those of them that failed one rule only.")),
    ])
}

fn of_customers() -> Vec<(&'static str, Schema)> {
    let suppression = object([
        must("address", text().or_null().about("Null unless an admin entered the address.")),
        must("address_hash", text().about("The keyed hash of the address.")),
        must("cause", words_of!(Cause)),
        must("at", time()),
    ]);
    let rows = |about: &str| list(by_name(any())).about(about);
    let export = object([
        must("address", text()),
        must("exported_at", time()),
        must(
            "surveys",
            rows(
                "Each with its `mail`, `rating`, `answers`, `visits`, `history`, `follow_up`, `follow_up_steps` and `told`.",
            ),
        ),
        must("closings", rows("Closings of these conversations, with their decisions.")),
        must("reopenings", rows("Reopenings of these conversations.")),
        must("waiting_closings", rows("Closings that wait until their conversations were fetched.")),
        must("suppressions", rows("Why the address is asked no more.")),
    ]);
    let erased = object([
        must("surveys", count()),
        must("closings", count()),
        must("cancelled", count().about("Mails that waited.")),
        must("sending", count().about("Mails that were being sent and may still arrive.")),
        must("files", count().about("Mails in the folder of `mail.smtp = \"file:…\"`.")),
        must("rewritten", flag().about("`false`: copies are left in the database file.")),
        must("log_emptied", flag().about("`false`: copies are left in its log.")),
    ]);
    vec![
        ("Suppression", suppression),
        ("Suppressions", page("Suppression")),
        ("Suppressed", object([must("email", text()), must("cause", words_of!(Cause))])),
        ("Lifted", object([must("email", text()), must("lifted", count().about("How many causes were lifted."))])),
        (
            "Returned",
            object([must("suppressed", words_of!(Cause).or_null().about("Null: the address may be asked again."))]),
        ),
        (
            "Reported",
            object([
                must("taken", count().about("How many bounces and complaints were recorded, now or before.")),
                must("ignored", list(text()).about("Why the rest was ignored, once each.")),
            ]),
        ),
        ("Erased", erased.about("What was erased now. A repeat has zeros.")),
        ("Export", export.about("Every column as it is stored, with readable times.")),
    ]
}

fn of_service() -> Vec<(&'static str, Schema)> {
    let mail = object([
        must("route", text()),
        must("waiting", count()),
        must("oldest_due", time().or_null()),
        must("last_accepted", time().or_null()),
        must("accepted_24h", count()),
        must("failed_24h", count()),
        must("last_error", object([must("at", time()), must("why", text())]).or_null()),
    ]);
    let workers = object([must("wanted", count()), must("alive", count()), must("panics", count())]);
    let service = object([
        must("running", flag()),
        must("version", text()),
        must("pid", count()),
        must("started_at", time()),
        must("seen_at", time()),
        must("stopped_at", time().or_null()),
        must("degraded", list(text()).about("What is wrong, in sentences.")),
        must("workers", workers),
    ]);
    let target = object([
        must("name", text()),
        must("waiting", count()),
        must("oldest_due", time().or_null()),
        must("failed", count().about("Events of the last 30 days that it never took.")),
        must("last_error", text().or_null()),
        must("disabled", object([must("at", time()), must("why", text())]).or_null().about("It said that it is gone.")),
    ]);
    let status = object([
        must("now", time()),
        must("version", text()),
        must("config", text().or_null().about("The configuration file.")),
        must("database", object([must("file", text()), must("bytes", count())])),
        must("mail", mail),
        must("closings_waiting", count().about("Closings that wait until their conversations were fetched.")),
        must("targets", list(target).about("The targets of events.")),
        must("refused_24h", by_name(count()).about("Requests that failed: a count for each `code`.")),
        must("service", service.or_null()),
    ]);
    let fault = object([
        may("pointer", text().about("Where in the JSON body: a JSON pointer (RFC 6901).")),
        may("parameter", text().about("Which parameter of the query or the path.")),
        must("detail", text().about("What was expected.")),
    ]);
    let problem = object([
        must("type", text().format("uri-reference")),
        must("title", text()),
        must("status", within(400, 599)),
        must("code", words_of!(Code).about("Stable: programs may rely on it. Later versions may have more.")),
        must("detail", text().about("What went wrong, in a sentence.")),
        may("errors", list(of("Fault")).about("Everything that is wrong with the request; at most 50 are listed.")),
        may(
            "request_id",
            text().about("With a status of 500 and more: the operator finds the request in the log by it."),
        ),
    ]);
    let about = "What went wrong (RFC 9457, `application/problem+json`).";
    vec![("Status", status), ("Problem", problem.about(about)), ("Fault", fault)]
}
