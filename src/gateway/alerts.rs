//! Sends events to people: low ratings to the team, as a message or a mail, and each rating to its helpdesk, as a note.
//!
//! It owns which way an alert goes, and that alerts respect a pause of sending. It must not know when an event is due
//! (`telling`), nor what an alert or a note says.

use super::Gateway;
use super::telling::Outcome;
use crate::config::AlertSettings;
use crate::hook::http::{self, Failure, Method, Request};
use crate::hook::{note, slack};
use crate::mail::alert::{Addressed, letter};
use crate::survey::alert::{Alert, Form, form};
use crate::survey::event::{Event, EventKind, Told};
use crate::survey::outbound::Attempt;
use crate::survey::rating::Score;
use chrono::TimeDelta;
use url::Url;

/// What the title of a test begins with.
const MARK: &str = "[Test] ";
/// How long an alert by mail waits before it looks again whether somebody has resumed sending.
const LOOK_AT_HALT: TimeDelta = TimeDelta::seconds(10);

impl Gateway {
    /// Alerts one place about a rating, if it is low and the place does not know it.
    pub(super) async fn tell_alert(&self, name: &str, event: &Event) -> Outcome {
        let Some(settings) = self.config.alerts.get(name) else { return Outcome::failed("it is no longer configured") };
        match form(event, &self.config.watched(settings)) {
            Some(form) => self.alert(name, settings, event, form, "").await,
            None => Outcome::plain(Attempt::Accepted),
        }
    }

    /// Sends a marked alert about a made-up rating, now.
    pub(super) async fn test_alert(&self, name: &str, event: Event) -> Outcome {
        let Some(settings) = self.config.alerts.get(name) else { return Outcome::failed("no alert has this name") };
        let low = |told| Told { score: Score::LOW[0], previous: None, comment: Some("This is a test.".into()), ..told };
        let rating = event.rating.clone().map(low);
        let event = Event { kind: EventKind::RatingCommented, rating, ..event };
        self.alert(name, settings, &event, Form::Whole, MARK).await
    }

    async fn alert(&self, name: &str, settings: &AlertSettings, event: &Event, form: Form, mark: &str) -> Outcome {
        let followed = self.config.follow_up.followed();
        let Some(alert) = Alert::new(event, form, &followed, self.config.public_url.as_str()) else {
            return Outcome::plain(Attempt::Permanent("the event has no rating".into()));
        };
        let alert = Alert { title: format!("{mark}{}", alert.title), ..alert };
        match (&settings.slack_url, &settings.to) {
            (Some(url), _) => self.post_alert(url.reveal(), &alert).await,
            (None, Some(to)) => self.mail_alert(name, to, event, &alert).await,
            (None, None) => Outcome::failed("it has neither slack_url nor to"),
        }
    }

    async fn post_alert(&self, url: &str, alert: &Alert) -> Outcome {
        let Ok(url) = Url::parse(url) else { return Outcome::failed("its slack_url is not an address") };
        let request = Request::new(Method::Post, url).json(slack::message(alert).to_string());
        let answered = self.http.send(request).await;
        let attempt = match &answered {
            // It may be there already, and a repeat would be there twice: so it is not tried for days.
            Err(failure @ (Failure::Broken(_) | Failure::Timeout(_))) => Attempt::Unknown(failure.to_string()),
            other => http::attempt(other),
        };
        Outcome::answered(attempt, &answered, self.clock.now())
    }

    async fn mail_alert(&self, name: &str, to: &str, event: &Event, alert: &Alert) -> Outcome {
        if let Some((why, wait)) = self.holds_alerts().await {
            return Outcome { not_before: Some(self.clock.now() + wait), ..Outcome::plain(Attempt::Unreachable(why)) };
        }
        let id = format!("{}.{name}", event.id);
        let addressed = Addressed { id: &id, name, to };
        let letter = match letter(&self.config, self.dkim.as_ref(), &addressed, alert, self.clock.now()) {
            Ok(letter) => letter,
            Err(error) => return Outcome::plain(Attempt::Permanent(error.to_string())),
        };
        let mut connection = self.relay.transport().connection();
        let attempt = connection.send(&letter).await;
        connection.close().await;
        Outcome::plain(attempt)
    }

    /// Why no alert may be mailed now, and how long at least. A pause that nobody made ends by a mail that is tried, and an
    /// alert may be the only one.
    async fn holds_alerts(&self) -> Option<(String, TimeDelta)> {
        match self.store.halted().await {
            Ok(None) => {}
            Ok(Some(_)) => return Some(("sending is paused by hand".into(), LOOK_AT_HALT)),
            Err(error) => return Some((error.to_string(), LOOK_AT_HALT)),
        }
        let wait = self.paused().filter(|wait| *wait > TimeDelta::zero())?;
        Some(("sending is paused".into(), wait))
    }

    /// Writes a rating into the helpdesk of its conversation.
    pub(super) async fn tell_helpdesk(&self, name: &str, event: &Event) -> Outcome {
        let helpdesk = self.config.helpdesks.get(name);
        let Some((kind, api)) = helpdesk.and_then(|helpdesk| Some((helpdesk.kind, helpdesk.api.as_ref()?))) else {
            return Outcome::failed("it is no longer configured");
        };
        let request = match note::request(kind, api, event, self.config.public_url.as_str()) {
            Ok(request) => request,
            Err(why) => return Outcome::plain(Attempt::Permanent(why)),
        };
        let answered = self.http.send(request).await;
        let outcome = Outcome::answered(note::attempt(&answered), &answered, self.clock.now());
        // A helpdesk that answers 410 means one conversation.
        Outcome { gone: false, ..outcome }
    }
}
