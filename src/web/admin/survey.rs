//! One rating: what the customer said, how that came about, and what an admin decides about it.
//!
//! It must not know which standing a decision needs or makes.

use super::form::{Fields, Form};
use super::page::{self, Place, Shell, html, moment, shell, ticked};
use super::ratings::evidence;
use super::session::Viewer;
use crate::gateway::{Error, Known, LONGEST_REASON};
use crate::survey::access::Scope;
use crate::survey::conversation::SurveyRecord;
use crate::survey::fields::Fault;
use crate::survey::moderation::Act;
use crate::survey::rating::Standing;
use crate::survey::stamp;
use crate::survey::story;
use crate::web::App;
use crate::web::api::HandlerResult;
use crate::web::error::Failure;
use crate::web::extract::{Segment, survey_id};
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use uuid::Uuid;

pub(super) async fn show(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    Segment(id): Segment,
    RawQuery(query): RawQuery,
) -> HandlerResult {
    let fields = Fields::read(query.unwrap_or_default().as_bytes());
    let known = app.gateway.survey(survey_id(&id)?, &viewer.access.within).await?;
    Ok(page(&app, &viewer, &known, fields.to(Place::Ratings.path()), None))
}

/// Does what an admin decided, and leads back to the rating. What is wrong is told on its page.
pub(super) async fn decide(State(app): State<Arc<App>>, Segment(id): Segment, form: Form) -> HandlerResult {
    let posted = form.by(&app, Scope::Admin).await?;
    let id = survey_id(&id)?;
    let act = posted.fields.get("act").and_then(|act| act.parse().ok());
    let expected = "expected release, discard, void or restore";
    let act: Act = act.ok_or_else(|| Failure::invalid(vec![Fault::parameter("act", expected)]))?;
    let reason = posted.fields.get("reason").unwrap_or_default();
    let (status, wrong) = match app.gateway.moderate(id, act, reason, &posted.viewer.access).await {
        Ok(_) => return Ok(posted.back(&path(id))),
        Err(Error::Invalid(_)) => {
            (StatusCode::UNPROCESSABLE_ENTITY, format!("Please say why, in 1 to {LONGEST_REASON} characters."))
        }
        Err(Error::Refused(why)) => (StatusCode::CONFLICT, format!("Nothing was changed: {why}.")),
        Err(error) => return Err(error.into()),
    };
    let known = app.gateway.survey(id, &posted.viewer.access.within).await?;
    let back = Place::Ratings.path();
    Ok((status, page(&app, &posted.viewer, &known, back, Some(wrong))).into_response())
}

/// The page of a rating.
fn path(id: Uuid) -> String {
    format!("{}/{id}", Place::Ratings.path())
}

/// The page of a rating, from which a link leads back to a list.
pub(super) fn link(id: Uuid, back: &str) -> String {
    let query = serde_urlencoded::to_string([("to", back)]).unwrap_or_default();
    format!("{}?{query}", path(id))
}

fn page(app: &App, viewer: &Viewer, known: &Known, back: &str, wrong: Option<String>) -> Response {
    let is_admin = viewer.access.scope.includes(Scope::Admin);
    let decisions = Act::possible(&known.survey.standing).filter(|_| is_admin).map(Decision::new).collect();
    let shell = shell(app, Some(viewer), Some(Place::Ratings));
    html(&RatingPage {
        shell,
        shown: Shown::new(app, known),
        decisions,
        here: link(known.survey.id, back),
        action: path(known.survey.id),
        back: back.to_owned(),
        wrong,
    })
    .into_response()
}

#[derive(Template)]
#[template(path = "admin/rating.html")]
struct RatingPage<'a> {
    shell: Shell<'a>,
    shown: Shown,
    decisions: Vec<Decision>,
    /// This page, to come back to.
    here: String,
    action: String,
    /// The list that one came from.
    back: String,
    /// What is wrong with what was posted.
    wrong: Option<String>,
}

/// What is shown of the rating.
struct Shown {
    face: Option<(&'static str, &'static str, u8)>,
    at: Option<(String, String)>,
    stands: String,
    doubt: Option<String>,
    comment: Option<String>,
    reasons: String,
    answer: Option<(String, String)>,
    teammate: Option<String>,
    team: Option<String>,
    conversation: String,
    url: Option<String>,
    evidence: Option<&'static str>,
    story: Vec<(String, String, String)>,
    zone: String,
}

impl Shown {
    fn new(app: &App, Known { conversation, closing, survey }: &Known) -> Self {
        let zone = app.gateway.config.report.timezone;
        let rating = survey.standing.rating();
        let (reasons, answer) = ticked(app, &survey.answers);
        let line = |line: &story::Line| (stamp(line.at), moment(line.at, zone), line.text.clone());
        Self {
            face: rating.map(|rating| (rating.score.face(), rating.score.title(), rating.score.number())),
            at: rating.map(|rating| (stamp(rating.rated_at), moment(rating.rated_at, zone))),
            stands: story::stands(&survey.standing),
            doubt: doubt(survey),
            comment: survey.comment.clone(),
            reasons,
            answer,
            teammate: survey.teammate_name.clone().or_else(|| survey.teammate.clone()),
            team: survey.team.clone(),
            conversation: page::conversation(&conversation.id, &conversation.connection),
            url: closing.as_ref().and_then(|closing| closing.url.clone()),
            evidence: rating.map(|rating| evidence(rating.evidence)),
            story: story::tell(survey).iter().map(line).collect(),
            zone: zone.to_string(),
        }
    }
}

/// Why it is held, in words.
fn doubt(survey: &SurveyRecord) -> Option<String> {
    let Standing::Held { since, .. } = &survey.standing else { return None };
    story::doubt(&survey.trail, *since)
}

/// One thing that an admin can decide.
struct Decision {
    act: Act,
    /// What the button says.
    name: &'static str,
    /// What follows.
    effect: &'static str,
}

impl Decision {
    fn new(act: Act) -> Self {
        let (name, effect) = match act {
            Act::Release => ("Release", "It counts from now on, at the time that it was given."),
            Act::Discard => ("Discard", "It is thrown away, as if nobody had rated. The customer can rate again."),
            Act::Void => ("Void", "It counts nowhere, and the links of its survey take nothing any more."),
            Act::Restore => ("Restore", "It stands as it did before it was voided."),
        };
        Self { act, name, effect }
    }
}
