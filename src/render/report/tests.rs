//! How a report looks, to the character.

use super::*;
use crate::survey::report::{Bound, Cut};
use proptest::prelude::*;

fn report() -> Report {
    let day = |text: &str| text.parse::<Bound>().expect("a day");
    let figures = |positive, scores| Figures {
        asked: 90,
        answered: 6,
        held: 1,
        unconfirmed: 12,
        unconfirmed_by: [1, 2, 3, 4],
        waiting: 3,
        failed: 2,
        positive,
        scores,
    };
    let group = |id: Option<&str>, name: Option<&str>, figures| {
        let keys = vec![Key { id: id.map(str::to_owned), name: name.map(str::to_owned) }];
        Group { keys, figures, ..Group::default() }
    };
    let rows = vec![
        group(Some("t1"), Some("Grace"), figures(4, [1, 0, 1, 2, 2])),
        group(Some("t2"), Some("山田 花子"), figures(0, [0, 0, 0, 0, 0])),
        group(Some("=1+1"), Some("@evil, \"x\""), figures(10, [0, 0, 0, 5, 5])),
        group(None, None, Figures::default()),
    ];
    let mut total = Figures::default();
    for row in &rows {
        total.add(&row.figures);
    }
    let (cut, total_ticks, before) = Default::default();
    Report { cut, from: day("2026-11-01"), to: day("2026-11-30"), total, rows, total_ticks, before }
}

fn with_ticks() -> Report {
    let mut report = report();
    report.rows.truncate(3);
    let ticks = |ticks: &[(&str, &str, u64)]| {
        let mut counts = Counts::new();
        for (question, choice, count) in ticks {
            counts.entry((*question).into()).or_default().insert((*choice).into(), *count);
        }
        counts
    };
    report.rows[0].ticks = ticks(&[("reasons", "slow", 2), ("reasons", "kind", 3), ("solved", "no", 1)]);
    report.rows[2].ticks = ticks(&[("reasons", "slow", 10)]);
    report.total_ticks = ticks(&[("reasons", "slow", 12), ("reasons", "kind", 3), ("solved", "no", 1)]);
    report
}

#[test]
fn ticks_have_a_table_for_each_question_and_a_column_for_each_choice() {
    let table = table(&with_ticks());
    insta::assert_snapshot!(table.lines().skip(10).collect::<Vec<_>>().join("\n"), @r#"
    reasons     kind  slow
    Grace          3     2
    @evil, "x"     0    10
    total          3    12

    solved  no
    Grace    1
    total    1
    "#);
    let csv = csv(&with_ticks()).expect("in memory");
    let ends: Vec<_> = csv.lines().map(|line| line.rsplitn(4, ',').take(3).collect::<Vec<_>>()).collect();
    assert_eq!(ends[0], ["\"solved.no\"", "\"reasons.slow\"", "\"reasons.kind\""]);
    assert_eq!(ends[1..], [["1", "2", "3"], ["0", "0", "0"], ["0", "10", "0"]]);
    let json = json(&with_ticks());
    let of = |row: &Value| (row["reasons"].clone(), row["answers"].clone());
    assert_eq!(of(&json["rows"][0]), (json!({"kind": 3, "slow": 2}), json!({"solved": {"no": 1}})));
    assert_eq!(of(&json["rows"][1]), (json!({}), json!({})));
    assert_eq!(of(&json["total"]), (json!({"kind": 3, "slow": 12}), json!({"solved": {"no": 1}})));
}

#[test]
fn a_table_is_aligned_whatever_the_names() {
    insta::assert_snapshot!(table(&report()), @r#"
    2026-11-01 to 2026-11-30, by teammate

                       CSAT  ratings  😠  🙁  😐  😀  🤩  asked  answered  response  held  unconfirmed  waiting  failed
    Grace            66.7 %        6   1   0   1   2   2     90         6     6.7 %     1           12        3       2
    山田 花子             -        0   0   0   0   0   0     90         6     6.7 %     1           12        3       2
    @evil, "x"      100.0 %       10   0   0   0   5   5     90         6     6.7 %     1           12        3       2
    (unattributed)        -        0   0   0   0   0   0      0         0         -     0            0        0       0
    total            87.5 %       16   1   0   1   7   7    270        18     6.7 %     3           36        9       6

    unconfirmed, by where they were opened and how soon after the mail was sent:
    phone: 3 within 5 minutes, 6 later; elsewhere: 9 within 5 minutes, 12 later, before this was noted 6
    "#);
}

#[test]
fn a_table_splits_what_is_unconfirmed_if_anything_is() {
    let nothing = Report { total: Figures::default(), ..report() };
    assert!(!table(&nothing).contains("unconfirmed,"));
    let known = Figures { unconfirmed: 10, unconfirmed_by: [1, 2, 3, 4], ..Figures::default() };
    assert!(table(&Report { total: known, ..report() }).ends_with("elsewhere: 3 within 5 minutes, 4 later\n"));
}

#[test]
fn a_csv_is_quoted_and_holds_no_formula() {
    insta::assert_snapshot!(csv(&report()).expect("in memory"), @r#"
    "id","name","asked","answered","response_rate","ratings","positive","csat","terrible","bad","okay","great","amazing","held","unconfirmed","waiting","failed","unconfirmed_phone_young","unconfirmed_phone_later","unconfirmed_other_young","unconfirmed_other_later"
    "t1","Grace",90,6,0.0667,6,4,0.6667,1,0,1,2,2,1,12,3,2,1,2,3,4
    "t2","山田 花子",90,6,0.0667,0,0,"",0,0,0,0,0,1,12,3,2,1,2,3,4
    "'=1+1","'@evil, ""x""",90,6,0.0667,10,10,1.0000,0,0,0,5,5,1,12,3,2,1,2,3,4
    "","",0,0,"",0,0,"",0,0,0,0,0,0,0,0,0,0,0,0,0
    "#);
}

#[test]
fn two_at_once_have_a_column_each() {
    let mut report = report();
    report.cut = "connection,tag".parse::<Cut>().expect("two cuts");
    report.rows.truncate(2);
    report.rows[0].keys = vec![Key::of(""), Key { id: None, name: None }];
    report.rows[1].keys = vec![Key::of("desk"), Key::of("refund")];
    let text = table(&report);
    insta::assert_snapshot!(text.lines().take(5).collect::<Vec<_>>().join("\n"), @r"
    2026-11-01 to 2026-11-30, by connection,tag

           tag         CSAT  ratings  😠  🙁  😐  😀  🤩  asked  answered  response  held  unconfirmed  waiting  failed
    (API)  (no tag)  66.7 %        6   1   0   1   2   2     90         6     6.7 %     1           12        3       2
    desk   refund         -        0   0   0   0   0   0     90         6     6.7 %     1           12        3       2
    ");
    let csv = csv(&report).expect("in memory");
    let starts: Vec<_> = csv.lines().map(|line| line.splitn(5, ',').take(4).collect::<Vec<_>>().join(",")).collect();
    assert_eq!(starts[0], r#""id","name","second_id","second_name""#);
    assert_eq!(starts[1..], [r#""","","","""#, r#""desk","desk","refund","refund""#]);
    let row = &json(&report)["rows"][1];
    assert_eq!(
        (&row["id"], &row["second_id"], &row["second_name"]),
        (&json!("desk"), &json!("refund"), &json!("refund"))
    );
}

#[test]
fn the_period_before_is_beside_it() {
    let mut report = report();
    report.rows.truncate(2);
    let then = Figures { positive: 1, scores: [1, 0, 0, 1, 0], asked: 4, answered: 2, ..Figures::default() };
    report.rows[0].before = Some(then.clone());
    report.rows[1].before = Some(Figures::default());
    report.before = Some(Before { from: report.from, to: report.to, total: then });
    insta::assert_snapshot!(table(&report).lines().take(6).collect::<Vec<_>>().join("\n"), @r"
    2026-11-01 to 2026-11-30, by teammate; before: 2026-11-01 to 2026-11-30

                 CSAT  before  change  ratings  😠  🙁  😐  😀  🤩  asked  answered  response  held  unconfirmed  waiting  failed
    Grace      66.7 %  50.0 %   +16.7        6   1   0   1   2   2     90         6     6.7 %     1           12        3       2
    山田 花子       -       -       -        0   0   0   0   0   0     90         6     6.7 %     1           12        3       2
    total      87.5 %  50.0 %   +37.5       16   1   0   1   7   7    270        18     6.7 %     3           36        9       6
    ");
    let csv = csv(&report).expect("in memory");
    let head: Vec<_> = csv.lines().next().expect("a line of names").split(',').collect();
    let place = head.iter().position(|name| *name == "\"before_csat\"").expect("a column");
    let cells: Vec<_> = csv.lines().map(|line| line.split(',').nth(place).expect("a cell")).collect();
    assert_eq!(cells, ["\"before_csat\"", "0.5000", "\"\""]);
    let json = json(&report);
    assert_eq!((&json["before"]["total"]["csat"], &json["rows"][0]["before"]["asked"]), (&json!(0.5), &json!(4)));
}

proptest! {
    #[test]
    fn no_separator_makes_a_formula_of_a_csv(id in "[=+@a;,|\"\t -]{0,8}", name in "[-=+@＝b;,|\"' \t\r\n]{0,12}") {
        let mut rows = report().rows;
        rows[0].keys = vec![Key { id: Some(id.clone()), name: Some(name.clone()) }];
        let text = csv(&Report { rows, ..report() }).expect("in memory");
        for cell in text.split([',', ';', '\t', '\r', '\n', '|']) {
            let begins = cell.trim_start_matches(|c: char| c == '"' || c.is_whitespace()).chars().next();
            prop_assert!(!begins.is_some_and(|c| "=+-@＝＋－＠".contains(c)), "{cell:?} in {text}");
        }
        // Read by its own separator, every text is still there.
        let mut reader = ::csv::Reader::from_reader(text.as_bytes());
        let first = reader.records().next().expect("a row").expect("valid");
        let without = |text: &str| text.replace('\'', "");
        prop_assert_eq!((without(&first[0]), without(&first[1])), (without(&id), without(&name)));
    }
}

#[test]
fn json_is_that_of_the_contract() {
    let json = json(&Report { rows: report().rows[..1].to_vec(), ..report() });
    insta::assert_json_snapshot!(json, @r#"
    {
      "from": "2026-11-01",
      "to": "2026-11-30",
      "by": "teammate",
      "total": {
        "asked": 270,
        "answered": 18,
        "response_rate": 0.06666666666666667,
        "ratings": 16,
        "positive": 14,
        "csat": 0.875,
        "scores": [
          1,
          0,
          1,
          7,
          7
        ],
        "held": 3,
        "unconfirmed": 36,
        "waiting": 9,
        "failed": 6,
        "unconfirmed_phone_young": 3,
        "unconfirmed_phone_later": 6,
        "unconfirmed_other_young": 9,
        "unconfirmed_other_later": 12,
        "reasons": {},
        "answers": {}
      },
      "rows": [
        {
          "id": "t1",
          "name": "Grace",
          "asked": 90,
          "answered": 6,
          "response_rate": 0.06666666666666667,
          "ratings": 6,
          "positive": 4,
          "csat": 0.6666666666666666,
          "scores": [
            1,
            0,
            1,
            2,
            2
          ],
          "held": 1,
          "unconfirmed": 12,
          "waiting": 3,
          "failed": 2,
          "unconfirmed_phone_young": 1,
          "unconfirmed_phone_later": 2,
          "unconfirmed_other_young": 3,
          "unconfirmed_other_later": 4,
          "reasons": {},
          "answers": {}
        }
      ]
    }
    "#);
}
