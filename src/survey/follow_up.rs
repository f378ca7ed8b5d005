//! Following up on an unhappy customer: somebody takes it, notes what was done, and says that it is done.
//!
//! It owns what may be done when, and what repeats and late forms change: nothing. It must not know which ratings open a
//! follow-up: that is a view of the database, beside the triggers that open it.

pub mod list;

use super::Time;
use super::rating::Score;
use super::words::words;

/// The longest note, in characters: what somebody types about a call fits.
pub const LONGEST_NOTE: usize = 2000;
/// The most steps of one follow-up. Then only [`Deed::Done`] is left, so that no loop fills the disk.
pub const MOST_STEPS: usize = 100;

words! {
    /// How far it is.
    pub enum State {
        /// Nobody works on it.
        Open = "open",
        /// Somebody does.
        Taken = "taken",
        /// Nothing is left to do.
        Done = "done",
    }
}

words! {
    /// What somebody does about it.
    pub enum Deed {
        /// Takes it.
        Take = "take",
        /// Writes a note, also if another works on it.
        Note = "note",
        /// Says that nothing is left to do.
        Done = "done",
        /// Puts it back on the list for everybody.
        Reopen = "reopen",
    }
}

/// Which scores open a follow-up, 1 to 5 each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FollowedScores {
    /// These always.
    pub always: Vec<u8>,
    /// These with a comment only.
    pub with_comment: Vec<u8>,
}

impl FollowedScores {
    /// Whether a rating that counts opens one, with a comment or without.
    #[must_use]
    pub fn opens(&self, score: Score, commented: bool) -> bool {
        let score = score.number();
        self.always.contains(&score) || commented && self.with_comment.contains(&score)
    }
}

/// One thing that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub at: Time,
    /// The name of the key or of the proxy's user; `None` for the customer, who reopens by a new rating.
    pub who: Option<String>,
    /// What.
    pub deed: Deed,
    /// The score at that time.
    pub score: Score,
    /// What was written; `None` if nothing was, or the customer is erased.
    pub note: Option<String>,
}

/// Why a step was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The follow-up is not as the caller saw it, or not in a state in which this can be done.
    Meanwhile,
    /// It has [`MOST_STEPS`] steps.
    Full,
}

/// What was done about one customer so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowUp {
    steps: Vec<Step>,
    state: State,
    who: Option<String>,
    turn: u32,
}

impl FollowUp {
    /// The follow-up after these steps, oldest first. Without any it is open.
    #[must_use]
    pub fn of(steps: Vec<Step>) -> Self {
        let mut all = Self { steps: Vec::with_capacity(steps.len() + 1), state: State::Open, who: None, turn: 0 };
        for step in steps {
            all.add(step);
        }
        all
    }

    fn add(&mut self, step: Step) {
        let who = step.who.clone();
        (self.state, self.who) = match step.deed {
            Deed::Take => (State::Taken, who),
            Deed::Done => (State::Done, who),
            Deed::Reopen => (State::Open, None),
            Deed::Note => (self.state, self.who.take()),
        };
        self.turn += u32::from(step.deed != Deed::Note);
        self.steps.push(step);
    }

    /// How far it is.
    #[must_use]
    pub fn state(&self) -> State {
        self.state
    }

    /// Who took it, or said that it is done; `None` while it is open.
    #[must_use]
    pub fn who(&self) -> Option<&str> {
        self.who.as_deref()
    }

    /// How often somebody took it, finished it or reopened it. A form carries it along, and so tells what its sender saw.
    #[must_use]
    pub fn turn(&self) -> u32 {
        self.turn
    }

    /// Everything that was done, oldest first.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Takes a step, and tells whether it changed anything: a repeat doesn't. `seen` is the [turn](Self::turn) that the
    /// caller saw. A caller who saw that another has it can take it over, or finish it for them. One who saw nothing
    /// can't. A note is taken whatever was seen.
    ///
    /// # Errors
    /// The follow-up is not as it was seen, or it has too many steps.
    pub fn act(&mut self, step: Step, seen: Option<u32>) -> Result<bool, Refused> {
        if self.repeats(&step) {
            return Ok(false);
        }
        let mine = self.who.is_none() || self.who == step.who;
        let fits = match step.deed {
            Deed::Note => true,
            Deed::Take | Deed::Done => self.state != State::Done,
            Deed::Reopen => self.state != State::Open,
        };
        let as_seen = seen.map_or(mine, |seen| seen == self.turn) || step.deed == Deed::Note;
        if !fits || !as_seen {
            return Err(Refused::Meanwhile);
        }
        if self.steps.len() >= MOST_STEPS && step.deed != Deed::Done {
            return Err(Refused::Full);
        }
        self.add(step);
        Ok(true)
    }

    /// Whether the same person did the same last. A form that is sent twice does that.
    fn repeats(&self, step: &Step) -> bool {
        let same = |last: &Step| last.deed == step.deed && last.who == step.who;
        match step.deed {
            Deed::Note => self.steps.last().is_some_and(|last| same(last) && last.note == step.note),
            _ => self.steps.iter().rfind(|last| last.deed != Deed::Note).is_some_and(same),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn step(who: &str, deed: Deed) -> Step {
        let note = (deed == Deed::Note).then(|| "called".to_owned());
        let at = Time::from_timestamp_millis(0).expect("a time");
        Step { at, who: Some(who.to_owned()), deed, score: Score::ALL[0], note }
    }

    fn after(steps: &[(&str, Deed)]) -> FollowUp {
        FollowUp::of(steps.iter().map(|(who, deed)| step(who, *deed)).collect())
    }

    #[test]
    fn it_is_taken_finished_and_reopened() {
        let mut all = after(&[]);
        assert_eq!((all.state(), all.who(), all.turn()), (State::Open, None, 0));
        for (deed, state, who, turn) in [
            (Deed::Note, State::Open, None, 0),
            (Deed::Take, State::Taken, Some("grace"), 1),
            (Deed::Note, State::Taken, Some("grace"), 1),
            (Deed::Done, State::Done, Some("grace"), 2),
            (Deed::Note, State::Done, Some("grace"), 2),
            (Deed::Reopen, State::Open, None, 3),
            (Deed::Done, State::Done, Some("grace"), 4),
        ] {
            assert_eq!(all.act(step("grace", deed), Some(all.turn())), Ok(true), "{deed}");
            assert_eq!((all.state(), all.who(), all.turn()), (state, who, turn), "{deed}");
        }
    }

    #[test]
    fn what_somebody_else_took_meanwhile_is_not_taken() {
        let mut all = after(&[("grace", Deed::Take)]);
        let before = all.clone();
        for seen in [Some(0), None] {
            for deed in [Deed::Take, Deed::Done, Deed::Reopen] {
                assert_eq!(all.act(step("alan", deed), seen), Err(Refused::Meanwhile), "{deed} {seen:?}");
            }
        }
        assert_eq!(all, before);
        assert_eq!(all.act(step("alan", Deed::Note), Some(0)), Ok(true), "a note takes nothing from anybody");
        assert_eq!(all.act(step("alan", Deed::Take), Some(1)), Ok(true), "he saw that it was hers");
        assert_eq!(all.who(), Some("alan"));
        assert_eq!(all.act(step("grace", Deed::Done), Some(1)), Err(Refused::Meanwhile));
    }

    #[test]
    fn what_is_done_is_reopened_before_it_is_taken() {
        let mut all = after(&[("grace", Deed::Done)]);
        assert_eq!(all.act(step("alan", Deed::Take), Some(1)), Err(Refused::Meanwhile));
        assert_eq!(all.act(step("alan", Deed::Done), Some(1)), Err(Refused::Meanwhile));
        assert_eq!(all.act(step("alan", Deed::Reopen), Some(1)), Ok(true));
        assert_eq!(after(&[]).act(step("alan", Deed::Reopen), None), Err(Refused::Meanwhile));
    }

    #[test]
    fn a_customer_who_reopens_makes_a_form_late() {
        let customer = Step { who: None, ..step("", Deed::Reopen) };
        let mut all = FollowUp::of(vec![step("grace", Deed::Done), customer]);
        assert_eq!((all.state(), all.who()), (State::Open, None));
        assert_eq!(all.act(step("grace", Deed::Reopen), Some(1)), Err(Refused::Meanwhile));
        assert_eq!(all.act(step("grace", Deed::Take), None), Ok(true));
    }

    fn deed() -> impl Strategy<Value = Deed> {
        prop::sample::select(Deed::ALL)
    }

    proptest! {
        #[test]
        fn repeats_and_late_forms_change_nothing_and_the_steps_say_all(
            acts in prop::collection::vec((0..3u8, deed(), prop::option::of(0..6u32)), 0..300),
        ) {
            let mut all = after(&[]);
            for (who, deed, seen) in acts {
                let (act, before) = (step(&who.to_string(), deed), all.clone());
                match all.act(act.clone(), seen) {
                    Ok(true) => {
                        prop_assert!(deed == Deed::Note || seen.is_none_or(|seen| seen == before.turn()));
                        prop_assert_eq!(all.steps().len(), before.steps().len() + 1);
                        prop_assert_eq!(all.act(act, seen), Ok(false));
                    }
                    Ok(false) | Err(_) => prop_assert_eq!(&all, &before),
                }
                prop_assert_eq!(&FollowUp::of(all.steps().to_vec()), &all);
                prop_assert_eq!(all.who().is_none(), all.state() == State::Open);
                prop_assert!(all.steps().len() <= MOST_STEPS + 1);
            }
            if all.state() != State::Done {
                prop_assert_eq!(all.act(step("9", Deed::Done), Some(all.turn())), Ok(true));
            }
        }
    }
}
