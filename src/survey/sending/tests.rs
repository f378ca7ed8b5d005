//! The pause of sending: when it begins, when it is probed, and when it ends.

use super::*;
use proptest::prelude::*;

fn second(seconds: i64) -> Time {
    Time::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

fn refused(step: Step, code: u16) -> Attempt {
    Attempt::Refused(Refusal { step, code, why: format!("{code} no") })
}

fn unreachable() -> Attempt {
    Attempt::Unreachable("connection refused".into())
}

impl Flow {
    /// An attempt at this second that was no probe, to an address of this domain.
    fn saw(&mut self, seconds: i64, domain: &str, attempt: &Attempt) -> Option<Turn> {
        self.attempted(second(seconds), false, &format!("ada@{domain}"), attempt)
    }

    /// A probe at this second, and what it changed.
    fn probe(&mut self, seconds: i64, attempt: &Attempt) -> Option<Turn> {
        assert_eq!(self.permit(second(seconds)), Permit::Probe);
        self.attempted(second(seconds), true, "ada@probe.example", attempt)
    }

    fn not_before(&mut self, seconds: i64) -> TimeDelta {
        let Permit::NotBefore(then) = self.permit(second(seconds)) else { panic!("no pause") };
        then - second(seconds)
    }
}

#[test]
fn equal_refusals_for_three_domains_pause_and_others_do_not() {
    let relay = refused(Step::Recipient, 554);
    let mut flow = Flow::default();
    assert_eq!(flow.saw(0, "a.example", &relay), None);
    assert_eq!(flow.saw(0, "A.EXAMPLE", &relay), None, "one domain may be at fault");
    assert_eq!(flow.saw(0, "b.example", &relay), None);
    assert_eq!(flow.saw(0, "c.example", &refused(Step::Recipient, 552)), None, "another code");
    assert_eq!(flow.saw(0, "c.example", &refused(Step::Message, 554)), None, "another step");
    assert_eq!(flow.sending(), Sending::Running);
    assert_eq!(flow.saw(1, "c.example", &relay), Some(Turn::Paused("554 no (at RCPT TO)".into())));
    let paused = Sending::Paused { since: second(1), why: "554 no (at RCPT TO)".into(), next_probe: Some(second(16)) };
    assert_eq!(flow.sending(), paused);
    assert_eq!(flow.saw(2, "d.example", &relay), None, "what was under way changes nothing");
    assert_eq!(flow.sending(), paused);
}

#[test]
fn a_mail_that_is_accepted_between_refusals_says_that_they_are_the_mails_own() {
    let mut flow = Flow::default();
    for domain in ["a.example", "b.example", "c.example", "d.example"] {
        assert_eq!(flow.saw(0, domain, &refused(Step::Message, 552)), None);
        assert_eq!(flow.saw(0, "fine.example", &Attempt::Accepted), None);
    }
}

#[test]
fn a_refusal_of_the_sender_pauses_at_once_and_is_probed_less_and_less() {
    for step in [Step::Hello, Step::StartTls, Step::Auth, Step::Mail] {
        let (mut flow, wrong) = (Flow::default(), refused(step, 535));
        assert!(matches!(flow.saw(0, "a.example", &wrong), Some(Turn::Paused(_))), "{step}");
        assert_eq!(flow.not_before(0), FIRST_PROBE);
        let (mut now, mut wait) = (15, 15);
        for _ in 0..12 {
            assert_eq!(flow.probe(now, &wrong), None, "nothing new for the log");
            wait = (wait * 2).min(1800);
            assert_eq!(flow.not_before(now), TimeDelta::seconds(wait));
            now += wait;
        }
        assert_eq!(flow.probe(now, &Attempt::Accepted), Some(Turn::Resumed));
        assert_eq!((flow.permit(second(now)), flow.sending()), (Permit::Go, Sending::Running));
        assert!(flow.saw(now, "a.example", &wrong).is_some(), "and another time begins anew");
        assert_eq!(flow.not_before(now), FIRST_PROBE);
    }
}

#[test]
fn one_worker_probes_and_a_probe_that_found_no_mail_is_given_back() {
    let mut flow = Flow::default();
    flow.saw(0, "a.example", &refused(Step::Auth, 535));
    assert_eq!(flow.permit(second(14)), Permit::NotBefore(second(15)));
    assert_eq!(flow.permit(second(15)), Permit::Probe);
    assert_eq!(flow.permit(second(16)), Permit::NotBefore(second(15) + PROBE_ENDS), "it is under way");
    flow.not_probed(second(17));
    assert_eq!(flow.permit(second(17)), Permit::Probe);
    let unwritten = Attempt::Permanent("an address that no server takes".into());
    assert_eq!(flow.attempted(second(18), true, "ada@a.example", &unwritten), None);
    assert_eq!(flow.permit(second(18)), Permit::Probe, "it told nothing");
}

#[test]
fn a_pause_that_is_renewed_is_probed_now_and_then_as_if_it_had_just_begun() {
    let (mut flow, wrong) = (Flow::default(), refused(Step::Auth, 535));
    flow.saw(0, "a.example", &wrong);
    flow.probe(15, &wrong);
    flow.probe(45, &wrong);
    flow.renewed(second(50));
    assert_eq!(flow.probe(50, &wrong), None);
    assert_eq!(flow.not_before(50), FIRST_PROBE * 2);
    let mut running = Flow::default();
    running.renewed(second(0));
    assert_eq!(running.permit(second(0)), Permit::Go);
}

#[test]
fn only_a_pause_for_refusals_of_mails_puts_mails_off() {
    let mut flow = Flow::default();
    for domain in ["a.example", "b.example", "c.example"] {
        assert_eq!(flow.puts_off(), None);
        flow.saw(0, domain, &refused(Step::Recipient, 554));
    }
    assert_eq!(flow.puts_off(), Some(554));
    flow.probe(15, &refused(Step::Auth, 535));
    assert_eq!(flow.puts_off(), None, "their mails stay due");
}

#[test]
fn a_server_that_is_away_is_dialled_every_minute() {
    let mut flow = Flow::default();
    assert_eq!((flow.saw(0, "a.example", &unreachable()), flow.saw(0, "a.example", &unreachable())), (None, None));
    assert_eq!(flow.saw(0, "b.example", &Attempt::Temporary("451".into())), None, "a session stood");
    for _ in 1..DIALS {
        assert_eq!(flow.saw(0, "a.example", &unreachable()), None);
    }
    assert_eq!(flow.saw(0, "a.example", &unreachable()), Some(Turn::Paused("connection refused".into())));
    for (now, wait) in [(15, 30), (45, 60), (105, 60), (165, 60)] {
        assert_eq!(flow.probe(now, &unreachable()), None);
        assert_eq!(flow.not_before(now), TimeDelta::seconds(wait));
    }
    let wrong = Some(Turn::Paused("535 no (at AUTH)".into()));
    assert_eq!(flow.probe(225, &refused(Step::Auth, 535)), wrong, "it is back, and says something else");
    assert_eq!(flow.probe(345, &Attempt::Temporary("451".into())), Some(Turn::Resumed), "the login worked");
}

#[test]
fn a_pause_ends_when_a_mail_comes_further_than_before() {
    let none = || Attempt::NoRecipient("550 5.1.1".into());
    let mut flow = Flow::default();
    flow.saw(0, "a.example", &refused(Step::Mail, 550));
    assert_eq!(flow.probe(15, &Attempt::Temporary("451".into())), None, "that may be the answer to MAIL too");
    assert_eq!(flow.probe(45, &none()), Some(Turn::Resumed));
    for domain in ["a.example", "b.example", "c.example"] {
        flow.saw(50, domain, &refused(Step::Message, 554));
    }
    assert_eq!(flow.probe(65, &none()), None, "the mail itself was not seen");
    assert_eq!(flow.probe(95, &Attempt::Accepted), Some(Turn::Resumed));
    flow.saw(100, "a.example", &refused(Step::Auth, 535));
    assert_eq!(flow.probe(115, &refused(Step::Message, 554)), Some(Turn::Resumed), "one refusal of a mail is its own");
}

#[test]
fn a_person_pauses_until_a_person_resumes() {
    let halt = Halt { since: second(1), why: "restored".into() };
    let mut flow = Flow::default();
    assert!(flow.halt(Some(&halt)) && !flow.halt(Some(&halt)));
    let paused = Sending::Paused { since: second(1), why: "restored".into(), next_probe: None };
    assert_eq!(flow.sending(), paused);
    flow.saw(2, "a.example", &Attempt::Accepted);
    assert_eq!(flow.sending(), paused, "a mail that was under way ends nothing");
    assert!(flow.halt(None));
    assert_eq!(flow.sending(), Sending::Running);
}

fn any_attempt() -> impl Strategy<Value = Attempt> {
    let why = || "why".to_owned();
    let steps = prop::sample::select(Step::ALL).prop_map(|step| refused(step, 550));
    let others = prop::sample::select(vec![
        Attempt::Accepted,
        Attempt::Temporary(why()),
        Attempt::Permanent(why()),
        Attempt::NoRecipient(why()),
        unreachable(),
        Attempt::Unknown(why()),
    ]);
    prop_oneof![steps, others]
}

proptest! {
    /// Whatever happens, sending is never stuck: a pause is probed within half an hour, one acceptance ends it, and turns
    /// alternate with what is shown.
    #[test]
    fn no_pause_is_for_ever(steps in prop::collection::vec((any_attempt(), 0..4u8, 0..2_000i64), 1..60)) {
        let (mut flow, mut now) = (Flow::default(), 0);
        for (attempt, domain, wait) in steps {
            now += wait;
            let before = flow.sending();
            let permit = flow.permit(second(now));
            let turn = match permit {
                Permit::NotBefore(then) => {
                    prop_assert!(then - second(now) <= LONGEST_PROBE);
                    continue;
                }
                permit => flow.attempted(second(now), permit == Permit::Probe, &format!("ada@{domain}.example"), &attempt),
            };
            if attempt == Attempt::Accepted {
                prop_assert_eq!(flow.sending(), Sending::Running);
            }
            match turn {
                Some(Turn::Paused(why)) => {
                    let Sending::Paused { why: shown, .. } = flow.sending() else { panic!("paused") };
                    prop_assert_eq!(why, shown);
                }
                Some(Turn::Resumed) => prop_assert!(before != Sending::Running && flow.sending() == Sending::Running),
                None => prop_assert_eq!(before == Sending::Running, flow.sending() == Sending::Running),
            }
        }
    }
}
