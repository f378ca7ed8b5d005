//! Lets a history happen at a desk, and tells the model what each party was told: helpdesks by the answer to a closing,
//! customers by the answer to a click, and the team by the record of a conversation.
//!
//! It must not know how figures are counted.

use super::history::{CUTS, Closing, Edge, History, Press, Question, Relay, Step, Visitor, day_start};
use super::model::{Asked, Bound, Cuts, Mail, Model, Opened, Rating, Standing, Survey, Teammate, Time};
use super::paths;
use crate::desk::{Answer, BROWSER, Desk, folder, stamp};
use afterword::config::Config;
use afterword::gateway::Unsent;
use afterword::survey::eligibility::Decision;
use afterword::survey::outbound::Attempt;
use afterword::survey::policy::AskAgain;
use axum::body::Body;
use axum::http::{Method, Request};
use chrono::{Days, Months, TimeDelta};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const PHONE: &str =
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1";
/// Which reasons are offered for which scores. The question is for all.
const OFFER: &str = r#"
    [reasons]
    1 = ["unsolved", "slow"]
    2 = ["unsolved", "slow"]
    5 = ["kind"]
    [reasons.en]
    unsolved = "My problem isn't solved"
    slow = "It took too long"
    kind = "Friendly"
    [question]
    key = "solved"
    choices = ["yes", "no"]
    [question.en]
    ask = "Was your problem solved?"
    yes = "Yes"
    no = "No"
    [retention]
    identity = "60d"
    decisions = "60d"
"#;
/// From then on a mail is no longer young.
const YOUNG: TimeDelta = TimeDelta::minutes(5);

/// A desk and what should be counted of it.
pub struct Play {
    pub desk: Desk,
    pub model: Model,
    /// The links of each survey that was mailed.
    links: BTreeMap<String, Links>,
    /// Each with its connection and its customer.
    conversations: Vec<(String, &'static str, usize)>,
    /// Conversations, and when they were closed.
    closings: BTreeSet<(String, Time)>,
}

struct Links {
    faces: Vec<String>,
    unsubscribe: String,
}

fn configure(config: &mut Config, history: &History) {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), OFFER).expect("written");
    let (offer, _) = Config::load(Some(file.path()), std::iter::empty()).expect("settings");
    (config.reasons, config.question, config.retention) = (offer.reasons, offer.question, offer.retention);
    (config.report.timezone, config.report.positive) = (history.zone, history.positive.clone());
    let mut vip = (*config.ask).clone();
    (vip.ask_again, vip.change_within_hours) = (AskAgain::EachClosing, Some(24));
    let mut slow = (*config.ask).clone();
    (slow.delay, slow.rate_within_hours) = (TimeDelta::minutes(30), Some(72));
    config.policies.extend([("vip".to_owned(), vip.into()), ("slow".to_owned(), slow.into())]);
}

impl Play {
    pub async fn begin(history: &History) -> Self {
        let desk = Desk::at(folder().await, |config| configure(config, history)).await;
        desk.clock.set(history.start);
        let model = Model { zone: history.zone, positive: history.positive.clone(), ..Model::default() };
        Self { desk, model, links: BTreeMap::new(), conversations: Vec::new(), closings: BTreeSet::new() }
    }

    pub fn now(&self) -> Time {
        self.desk.clock.now()
    }

    pub async fn take(&mut self, step: &Step) {
        match step {
            Step::Close(closing) => self.close(closing).await,
            Step::Deliver(relay) => self.deliver(*relay).await,
            Step::Open { survey, faces, by } => self.open(*survey, faces, *by).await,
            Step::Press(press) => self.press(press).await,
            Step::Scan { survey, face, by } => self.scan(*survey, *face, *by).await,
            Step::Reopen { conversation } => self.reopen(*conversation).await,
            Step::Bounce { survey, kind } => self.bounce(*survey, kind).await,
            Step::Unsubscribe { survey } => self.unsubscribe(*survey).await,
            Step::Erase { customer } => self.erase(*customer).await,
            Step::Expire => self.expire().await,
            Step::Requeue => self.requeue().await,
            Step::Decide { survey, act } => self.decide(*survey, act).await,
            Step::RollUp(most) => drop(self.desk.gateway.roll_up(*most).await.expect("the store answers")),
            Step::Rebuild => self.desk.gateway.rebuild_reports().await.expect("the store answers"),
            Step::Pass(span) => self.desk.pass(*span),
            Step::Midnight(after) => self.desk.clock.set(self.midnight(*after)),
            Step::Look(question) => self.look(question).await,
        }
    }

    /// So many milliseconds after the next local midnight that this is still to come at.
    fn midnight(&self, after: i64) -> Time {
        let today = self.model.day(self.now());
        let days =
            (1..4).map(|days| day_start(today + Days::new(days), self.model.zone) + TimeDelta::milliseconds(after));
        days.into_iter().find(|at| *at > self.now()).expect("a midnight to come")
    }

    async fn close(&mut self, closing: &Closing) {
        let known = closing.again.filter(|_| !self.conversations.is_empty());
        if known.is_none() {
            let name = format!("c{}", self.conversations.len());
            self.conversations.push((name, closing.connection, closing.customer));
        }
        let number = known.unwrap_or(self.conversations.len() - 1) % self.conversations.len();
        let (conversation, connection, customer) = self.conversations[number].clone();
        let closed_at = self.now() - TimeDelta::minutes(closing.ago);
        let teammate = closing.teammate.map(|number| (format!("t{number}"), format!("N{number}.{}", closing.named)));
        let (email, url) = (format!("u{customer}@example.com"), format!("https://desk.example.com/{conversation}"));
        let mut fields = fields(closing, teammate.as_ref(), closed_at);
        fields["conversation_id"] = json!(conversation);
        fields["url"] = json!(url);
        fields["customers"] = json!([{"email": email, "locale": closing.locale}]);
        let survey = self.report_closing(connection, fields).await;
        if !self.closings.insert((conversation.clone(), closed_at)) {
            return;
        }
        let team = closing.team.filter(|_| !closing.by_messages).map(str::to_owned);
        let team = self.name(teammate.as_ref(), team, closed_at);
        let Some((id, due)) = survey else { return };
        self.model.surveys.push(Survey {
            id,
            conversation,
            customer: email,
            url: Some(url),
            teammate: teammate.map(|(id, _)| id),
            team,
            cuts: cuts(closing, connection),
            due,
            mail: Mail::Waiting,
            standing: Standing::Unrated,
            rating: None,
            opened: None,
            voided: false,
            erased: false,
        });
        self.learn_mails().await;
    }

    /// The survey that the helpdesk was told of, and when its mail is to go out.
    async fn report_closing(&self, connection: &str, told: Value) -> Option<(String, Time)> {
        if connection.is_empty() {
            let answer = self.desk.close(told).await;
            assert!([200, 202].contains(&answer.status), "{}", answer.text);
            let text = |field: &str| answer[field].as_str().map(str::to_owned);
            return text("survey_id").map(|id| (id, text("send_at").expect("a time").parse().expect("a time")));
        }
        let mut fields = self.desk.closing();
        fields.as_object_mut().expect("fields").extend(told.as_object().expect("fields").clone());
        fields.as_object_mut().expect("fields").retain(|_, value| !value.is_null());
        let mut closing: afterword::survey::closing::Closing = serde_json::from_value(fields).expect("a closing");
        closing.connection = connection.to_owned();
        match self.desk.gateway.close(closing, false).await.expect("an answer").decision {
            Decision::Ask { survey, send_at, .. } => Some((survey.to_string(), send_at)),
            Decision::Skip(_) => None,
        }
    }

    /// Name and team follow the latest closing that names a teammate. A closing without a team has the one that is known;
    /// returns the team of this closing.
    fn name(&mut self, teammate: Option<&(String, String)>, team: Option<String>, at: Time) -> Option<String> {
        let (id, name) = teammate?;
        let first = || Teammate { named_at: at, name: name.clone(), team: None };
        let known = self.model.teammates.entry(id.clone()).or_insert_with(first);
        let of_closing = team.clone().or(known.team.clone());
        if at >= known.named_at {
            (known.named_at, known.name) = (at, name.clone());
            known.team = team.or(known.team.take());
        } else if known.team.is_none() {
            known.team = team;
        }
        of_closing
    }

    async fn deliver(&mut self, relay: Relay) {
        match relay {
            Relay::Accepts => {}
            Relay::PutsOff => self.desk.memory.answer_next([Attempt::Temporary("450 later".into())]),
            Relay::Refuses => self.desk.memory.answer_next([Attempt::Permanent("550 no".into())]),
        }
        self.desk.deliver().await;
        for letter in self.desk.memory.letters() {
            let mail = crate::desk::Mail::parse(&letter.raw);
            let links = Links { faces: mail.links, unsubscribe: mail.unsubscribe };
            if self.links.insert(letter.id.clone(), links).is_none() {
                let now = self.now();
                let survey = self.model.surveys.iter_mut().find(|survey| survey.id == letter.id);
                survey.expect("a known survey").mail = Mail::Accepted(now);
            }
        }
        self.learn_mails().await;
    }

    /// What the records of conversations say of mails that may have changed, though nobody was told.
    async fn learn_mails(&mut self) {
        for survey in &mut self.model.surveys {
            if let Mail::Accepted(_) | Mail::Cancelled = survey.mail {
                continue;
            }
            let path = format!("/v1/conversations/{}?connection={}", survey.conversation, survey.cuts.connection);
            let record = self.desk.get(&path).await;
            let found =
                record["surveys"].as_array().expect("a list").iter().find(|known| known["survey_id"] == survey.id);
            survey.mail = match found.map(|survey| survey["mail"]["state"].as_str().expect("a state")) {
                Some("waiting") => Mail::Waiting,
                Some("failed") => Mail::Failed,
                Some("cancelled") => Mail::Cancelled,
                other => panic!("{other:?}: {}", record.text),
            };
        }
    }

    /// A survey that was mailed.
    fn mailed(&self, number: usize) -> Option<usize> {
        let mailed: Vec<_> = (0..self.model.surveys.len())
            .filter(|at| matches!(self.model.surveys[*at].mail, Mail::Accepted(_)))
            .collect();
        (!mailed.is_empty()).then(|| mailed[number % mailed.len()])
    }

    fn link(&self, survey: usize, face: usize) -> String {
        self.links[&self.model.surveys[survey].id].faces[face].clone()
    }

    /// Opens a face, and notes who did.
    async fn visit(&mut self, survey: usize, face: usize, by: Visitor) -> Answer {
        let agent = match by {
            Visitor::Desktop | Visitor::Webmail => BROWSER,
            Visitor::Phone => PHONE,
            Visitor::Machine => "curl/8.5.0",
        };
        let mut request =
            Request::builder().method(Method::GET).uri(self.link(survey, face)).header("user-agent", agent);
        if by == Visitor::Webmail {
            request = request.header("sec-fetch-site", "cross-site").header("sec-fetch-user", "?1");
        }
        let answer = self.desk.send(request.body(Body::empty()).expect("a request")).await;
        let now = self.now();
        let survey = &mut self.model.surveys[survey];
        let Mail::Accepted(accepted) = survey.mail else { panic!("a link that nobody has") };
        let click = matches!(by, Visitor::Phone | Visitor::Webmail);
        let decides = survey.opened.is_none_or(|opened| click && !opened.click);
        if by != Visitor::Machine && !survey.erased && decides {
            survey.opened = Some(Opened { phone: by == Visitor::Phone, young: now - accepted < YOUNG, click });
        }
        answer
    }

    /// Takes what a customer was told after a post: `how` is what an accepted one counts as.
    fn hear(
        &mut self,
        survey: usize,
        answer: &Answer,
        how: &'static str,
        comment: Option<&str>,
        ticks: Option<&[&str]>,
    ) {
        let now = self.now();
        let survey = &mut self.model.surveys[survey];
        if survey.erased || survey.voided {
            assert_ne!(answer["outcome"], "ok", "{}", answer.text);
            return;
        }
        let before = survey.standing;
        survey.standing = match answer["standing"].as_str() {
            Some("unrated") => Standing::Unrated,
            Some("rated") => Standing::Rated,
            Some("held") => Standing::Held,
            Some("locked") => Standing::Locked,
            _ => panic!("{}", answer.text),
        };
        if answer["outcome"] != "ok" {
            return;
        }
        let score = u8::try_from(answer["score"].as_u64().expect("a score")).expect("1 to 5");
        let old = survey.rating.take();
        let same = old.as_ref().filter(|old| old.score == score);
        let kept = same.filter(|_| matches!(before, Standing::Rated | Standing::Locked));
        let rank = |how: &str| ["seen", "touched", "pressed", "commented"].iter().position(|known| *known == how);
        let by_hand = ["pressed", "commented"].contains(&how);
        let ticks = match ticks.filter(|_| by_hand) {
            Some(ticks) => offered(ticks, score),
            None => same.map(|old| old.ticks.clone()).unwrap_or_default(),
        };
        survey.rating = Some(Rating {
            at: kept.map_or(now, |kept| kept.at),
            score,
            evidence: kept.map(|kept| kept.evidence).filter(|kept| rank(kept) > rank(how)).unwrap_or(how),
            comment: comment.map(str::to_owned),
            ticks,
        });
    }

    /// Learns where a rating stands, by a form that is too old to do anything.
    async fn ask(&mut self, survey: usize) {
        self.desk.gateway.flush().await.expect("views are written");
        let answer = self.desk.submit(&self.link(survey, 0), &[("page", "old")]).await;
        assert_ne!(answer["outcome"], "ok", "{}", answer.text);
        self.hear(survey, &answer, "seen", None, None);
    }

    async fn open(&mut self, survey: usize, faces: &[usize], by: Visitor) {
        let Some(survey) = self.mailed(survey) else { return };
        for face in faces {
            self.visit(survey, *face, by).await;
            self.desk.pass(TimeDelta::seconds(1));
        }
        self.ask(survey).await;
    }

    async fn press(&mut self, press: &Press) {
        let Some(survey) = self.mailed(press.survey) else { return };
        let page = self.visit(survey, press.face, press.by).await;
        if !page.text.contains("name=\"page\"") {
            return self.ask(survey).await;
        }
        let page = page.page_token();
        match press.midnight {
            Some(after) => self.desk.clock.set(self.midnight(after)),
            None => self.desk.pass(TimeDelta::milliseconds(press.after)),
        }
        let picked = press.picked.map(|face| (face + 1).to_string());
        let mut fields = vec![("page", page.as_str()), ("how", press.how)];
        fields.extend(picked.iter().map(|score| ("score", score.as_str())));
        let comment = press.comment.then_some("It’s \"fine\", =thanks");
        fields.extend(comment.map(|text| ("comment", text)));
        if let Some(ticks) = &press.ticks {
            fields.extend([("reason", "")]);
            fields.extend(ticks.iter().filter_map(|tick| tick.split_once('=')));
        }
        let answer = self.desk.submit(&self.link(survey, press.face), &fields).await;
        let how = if press.comment { "commented" } else { press.how };
        self.hear(survey, &answer, how, comment, press.ticks.as_deref());
    }

    async fn scan(&mut self, survey: usize, face: usize, by: Visitor) {
        let by = if by == Visitor::Machine { Visitor::Desktop } else { by };
        let seen = Press {
            survey,
            face,
            by,
            how: "seen",
            after: 1_000,
            midnight: None,
            picked: None,
            comment: false,
            ticks: None,
        };
        self.press(&seen).await;
        self.open(survey, &[0, 1, 2, 3, 4], by).await;
    }

    async fn reopen(&mut self, conversation: usize) {
        if self.conversations.is_empty() {
            return;
        }
        let (id, connection, _) = &self.conversations[conversation % self.conversations.len()];
        let path = format!("/v1/conversations/{id}/reopened?connection={connection}");
        let answer = self.desk.post(&path, json!({"reopened_at": stamp(self.now())})).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        self.learn_mails().await;
    }

    async fn bounce(&mut self, survey: usize, kind: &str) {
        let Some(survey) = self.mailed(survey) else { return };
        let body = json!({"survey_id": self.model.surveys[survey].id, "kind": kind, "reason": "it came back"});
        let answer = self.desk.post("/v1/bounces", body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        self.learn_mails().await;
    }

    async fn unsubscribe(&mut self, survey: usize) {
        let Some(survey) = self.mailed(survey) else { return };
        let link = self.links[&self.model.surveys[survey].id].unsubscribe.clone();
        let request = Request::post(link).header("content-type", "application/x-www-form-urlencoded");
        let body = Body::from("List-Unsubscribe=One-Click");
        assert_eq!(self.desk.send(request.body(body).expect("a request")).await.status, 200);
        self.learn_mails().await;
    }

    async fn erase(&mut self, customer: usize) {
        if self.conversations.is_empty() {
            return;
        }
        let (_, _, customer) = &self.conversations[customer % self.conversations.len()];
        let email = format!("u{customer}@example.com");
        let answer = self.desk.delete(&format!("/v1/customers/{email}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let forgotten = |survey: &&mut Survey| survey.customer == email;
        self.model.surveys.iter_mut().filter(forgotten).for_each(forget);
        self.learn_mails().await;
    }

    async fn expire(&mut self) {
        loop {
            let expired = self.desk.gateway.expire().await.expect("the store answers");
            if expired.is_empty() {
                break;
            }
            let ids: Vec<_> = expired.surveys.iter().map(ToString::to_string).collect();
            self.model.surveys.iter_mut().filter(|survey| ids.contains(&survey.id)).for_each(forget);
        }
    }

    async fn requeue(&mut self) {
        let failed: Vec<_> = self.model.surveys.iter().map(|survey| survey.mail == Mail::Failed).collect();
        self.desk.gateway.requeue(&Unsent::All).await.expect("the store answers");
        self.learn_mails().await;
        let now = self.now();
        for (survey, failed) in self.model.surveys.iter_mut().zip(failed) {
            if failed && survey.mail == Mail::Waiting {
                survey.due = now;
            }
        }
    }

    async fn decide(&mut self, survey: usize, act: &str) {
        let Some(survey) = self.mailed(survey) else { return };
        self.desk.gateway.flush().await.expect("views are written");
        let survey = &mut self.model.surveys[survey];
        let answer = self.desk.post(&format!("/v1/surveys/{}/{act}", survey.id), json!({"reason": "It is so."})).await;
        if answer.status != 200 {
            assert_eq!(answer.status, 409, "{}", answer.text);
            return;
        }
        survey.voided = answer["standing"] == "voided";
        match answer["standing"].as_str() {
            Some("unrated") => (survey.standing, survey.rating) = (Standing::Unrated, None),
            Some("rated") => survey.standing = Standing::Rated,
            Some("held") => survey.standing = Standing::Held,
            Some("locked") => survey.standing = Standing::Locked,
            Some("voided") => {}
            _ => panic!("{}", answer.text),
        }
    }

    /// A question with its ends resolved, in their order.
    fn resolve(&self, question: &Question) -> Asked {
        let today = self.model.day(self.now());
        let mut times: Vec<_> = self.model.facts().iter().map(|fact| fact.2).collect();
        times.sort();
        let bound = |edge: Edge, is_end: bool| match edge {
            Edge::Day(back) => Bound::Day(today - Days::new(back.unsigned_abs())),
            Edge::Month(back) => {
                let first = chrono::Datelike::with_day(&today, 1).expect("a first day") - Months::new(back);
                Bound::Day(if is_end { first + Months::new(1) - Days::new(1) } else { first })
            }
            Edge::Fact(number, ms) => {
                let at = if times.is_empty() { self.now() } else { times[number % times.len()] };
                Bound::Instant(at + TimeDelta::milliseconds(ms))
            }
        };
        let (mut from, mut to) = (question.from, question.to);
        let begins = |bound: Bound| match bound {
            Bound::Day(day) => day_start(day, self.model.zone),
            Bound::Instant(at) => at,
        };
        let ends = |bound: Bound| match bound {
            Bound::Day(day) => day_start(day + Days::new(1), self.model.zone),
            Bound::Instant(at) => at,
        };
        let turned = |from: Option<Edge>, to: Option<Edge>| {
            let (from, to) = (from.map(|from| bound(from, false)), to.map(|to| bound(to, true)));
            let end = to.unwrap_or(Bound::Day(today));
            from.is_some_and(|from| match (from, end) {
                (Bound::Day(from), Bound::Day(to)) => from > to,
                _ => begins(from) > ends(end),
            })
        };
        if turned(from, to) {
            (from, to) = if to.is_some() { (to, from) } else { (None, None) };
        }
        if turned(from, to) {
            (from, to) = (None, None);
        }
        let (from, to) = (from.map(|from| bound(from, false)), to.map(|to| bound(to, true)));
        Asked { cut: question.cut.clone(), filters: question.filters.clone(), from, to, compare: question.compare }
    }

    async fn look(&self, question: &Question) {
        self.desk.gateway.flush().await.expect("views are written");
        let asked = self.resolve(question);
        paths::report(&self.desk, &self.model, &asked).await;
        paths::views(&self.desk, &self.model).await;
        paths::proof(&self.desk).await;
    }

    /// Reads everything, everywhere.
    pub async fn look_at_all(&self, history: &History) {
        self.desk.gateway.flush().await.expect("views are written");
        let asked: Vec<_> = history.questions.iter().map(|question| self.resolve(question)).collect();
        for asked in &asked {
            paths::report(&self.desk, &self.model, asked).await;
        }
        let always = self.model.day(history.start) - Days::new(30);
        let latest = self.model.facts().iter().map(|fact| self.model.day(fact.2)).max();
        let to = Some(Bound::Day(latest.unwrap_or_default().max(self.model.day(self.now()))));
        let from = Some(Bound::Day(always));
        let whole = CUTS.map(|cut| Asked { cut: cut.to_owned(), filters: Vec::new(), from, to, compare: false });
        for asked in &whole {
            paths::report(&self.desk, &self.model, asked).await;
        }
        paths::views(&self.desk, &self.model).await;
        paths::proof(&self.desk).await;
        paths::ratings(&self.desk, &self.model, &[&whole[..5], &asked].concat()).await;
        paths::overview(&self.desk, &self.model, always).await;
        paths::command(&self.desk, &self.model, &asked);
    }
}

/// The fields of a closing that do not depend on what was closed before.
fn fields(closing: &Closing, teammate: Option<&(String, String)>, closed_at: Time) -> Value {
    let mut fields = json!({
        "closed_at": stamp(closed_at), "channel": closing.channel, "tags": closing.tags, "policy": closing.policy,
        "last_reply_at": stamp(closed_at), "characters": if closing.short { 5 } else { 612 },
        "teammate": teammate.map(|(id, name)| json!({"id": id, "name": name, "team": closing.team})),
    });
    if let (true, Some((id, name))) = (closing.by_messages, teammate) {
        let message = |author, at| json!({"author": author, "at": stamp(at), "text": "Hello"});
        let mut last = message("teammate", closed_at);
        (last["author_id"], last["author_name"]) = (json!(id), json!(name));
        let first = message("customer", closed_at - TimeDelta::minutes(1));
        fields["messages"] = json!([first, last, message("bot", closed_at)]);
        fields["teammate"] = Value::Null;
    }
    fields
}

/// What a survey of this closing is cut by.
fn cuts(closing: &Closing, connection: &str) -> Cuts {
    let mut tags: Vec<String> = Vec::new();
    for tag in &closing.tags {
        if !tags.iter().any(|known| known == tag) {
            tags.push((*tag).to_owned());
        }
    }
    let language = closing.locale.map(|locale| locale.split(['-', '_']).next().unwrap_or(locale).to_lowercase());
    let (channel, policy) = (closing.channel.map(str::to_owned), closing.policy.map(str::to_owned));
    Cuts { channel, tags, policy, language, connection: connection.to_owned() }
}

/// What is left of a survey once its customer is forgotten.
fn forget(survey: &mut Survey) {
    (survey.erased, survey.url) = (true, None);
    if let Some(rating) = &mut survey.rating {
        rating.comment = None;
    }
}

/// The ticks that are offered for a score. A question has one answer: the first of its choices that is ticked.
fn offered(ticks: &[&str], score: u8) -> BTreeSet<(String, String)> {
    let pair = |tick: &&str| {
        let (field, value) = tick.split_once('=').expect("a field");
        let offered = match value {
            "unsolved" | "slow" => score <= 2,
            "kind" => score == 5,
            _ => true,
        };
        let pair = if field == "reason" { ("reasons", value) } else { value.split_once('.').expect("a question") };
        offered.then(|| (pair.0.to_owned(), pair.1.to_owned()))
    };
    let mut pairs: Vec<_> = ticks.iter().filter_map(pair).collect();
    pairs.dedup_by(|later, first| first.0 != "reasons" && later.0 == first.0);
    pairs.into_iter().collect()
}
