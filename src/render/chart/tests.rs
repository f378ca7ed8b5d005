//! What charts look like, and what holds for all of them.

use super::*;
use crate::survey::interval::Interval;
use proptest::prelude::*;

const TOLD: Alternative = Alternative { id: "t", title: "CSAT <by day>", description: "From \"a\" & b." };

fn point(name: &str, ratings: Option<(u64, u64)>) -> Point {
    let share = ratings.and_then(|(positive, all)| Interval::wilson(positive, all));
    Point { name: name.to_owned(), hint: format!("{name}: hint"), share }
}

/// Every value of an attribute.
fn values<'s>(svg: &'s str, attribute: &str) -> Vec<&'s str> {
    let start = format!(" {attribute}=\"");
    svg.split(&start).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

fn numbers(svg: &str, attribute: &str) -> Vec<f64> {
    values(svg, attribute).iter().map(|text| text.parse().expect(text)).collect()
}

/// Whether all coordinates are numbers inside of the view box.
fn check_inside(svg: &str, width: f64, height: f64) {
    assert!(!svg.contains("NaN") && !svg.contains("inf") && !svg.contains("style"), "{svg}");
    let points = values(svg, "points").into_iter().flat_map(|points| points.split([' ', ',']));
    let points: Vec<f64> = points.map(|text| text.parse().expect(text)).collect();
    let rects: String = svg.split("<rect").skip(1).map(|rest| rest.split('>').next().unwrap_or_default()).collect();
    for (at, long) in numbers(&rects, "x").into_iter().zip(numbers(&rects, "width")) {
        assert!(at >= -0.1 && long >= 0.0 && at + long <= width + 0.2, "{at} {long}: {svg}");
    }
    for (at, long) in numbers(&rects, "y").into_iter().zip(numbers(&rects, "height")) {
        assert!(at >= -0.1 && long >= 0.0 && at + long <= height + 0.2, "{at} {long}: {svg}");
    }
    let across = ["x1", "x2", "cx"].iter().flat_map(|name| numbers(svg, name));
    let down = ["y1", "y2", "cy"].iter().flat_map(|name| numbers(svg, name));
    let (xs, ys): (Vec<_>, Vec<_>) = points.chunks(2).map(|pair| (pair[0], pair[1])).unzip();
    assert!(across.chain(xs).all(|x| (0.0..=width).contains(&x)), "{svg}");
    assert!(down.chain(ys).all(|y| (0.0..=height).contains(&y)), "{svg}");
}

/// Each text's room: left, right and baseline.
fn texts(svg: &str) -> Vec<(f64, f64, f64)> {
    let texts = svg.split("<text").skip(1);
    texts
        .map(|rest| {
            let (tag, rest) = rest.split_once('>').expect("a tag");
            let room = width_of(rest.split('<').next().unwrap_or_default());
            let (x, y) = (numbers(tag, "x")[0], numbers(tag, "y")[0]);
            match values(tag, "text-anchor")[0] {
                "start" => (x, x + room, y),
                "end" => (x - room, x, y),
                _ => (x - room / 2.0, x + room / 2.0, y),
            }
        })
        .collect()
}

fn check_texts(svg: &str, width: f64, height: f64) {
    let texts = texts(svg);
    for (at, (left, right, base)) in texts.iter().enumerate() {
        assert!(*left >= -0.1 && *right <= width + 0.1, "{left} to {right}: {svg}");
        assert!(*base >= TEXT * 0.7 && *base <= height, "{base}: {svg}");
        let overlaps = |(other_left, other_right, other_base): &(f64, f64, f64)| {
            (base - other_base).abs() < TEXT && left < other_right && other_left < right
        };
        assert!(!texts[at + 1..].iter().any(overlaps), "two texts overlap: {svg}");
    }
}

/// One element a line, with ordinary spaces.
fn lines(svg: &str) -> String {
    svg.replace("><", ">\n<").replace('\u{a0}', " ")
}

#[test]
fn a_trend_has_gaps_where_nothing_is_known() {
    let points = [
        point("1 Nov", Some((8, 10))),
        point("2 Nov", Some((18, 20))),
        point("3 Nov", None),
        point("4 Nov", Some((2, 3))),
    ];
    insta::assert_snapshot!(lines(&trend(&points, 340.0, TOLD)), @r#"
    <svg class="chart" viewBox="0 0 340 220" width="340" height="220" role="img" aria-labelledby="t-title t-desc">
    <title id="t-title">CSAT &lt;by day&gt;</title>
    <desc id="t-desc">From &quot;a&quot; &amp; b.</desc>
    <line class="grid" x1="44" y1="194" x2="330" y2="194"/>
    <text x="38" y="198" text-anchor="end">0 %</text>
    <line class="grid" x1="44" y1="148" x2="330" y2="148"/>
    <text x="38" y="152" text-anchor="end">25 %</text>
    <line class="grid" x1="44" y1="102" x2="330" y2="102"/>
    <text x="38" y="106" text-anchor="end">50 %</text>
    <line class="grid" x1="44" y1="56" x2="330" y2="56"/>
    <text x="38" y="60" text-anchor="end">75 %</text>
    <line class="grid" x1="44" y1="10" x2="330" y2="10"/>
    <text x="38" y="14" text-anchor="end">100 %</text>
    <text x="79.8" y="210" text-anchor="middle">1 Nov</text>
    <text x="151.2" y="210" text-anchor="middle">2 Nov</text>
    <text x="222.8" y="210" text-anchor="middle">3 Nov</text>
    <text x="294.2" y="210" text-anchor="middle">4 Nov</text>
    <polygon class="band" points="79.8,20.4 151.2,15.1 151.2,65.4 79.8,103.8"/>
    <polyline class="line" points="79.8,46.8 151.2,28.4"/>
    <circle class="dot" cx="79.8" cy="46.8" r="3"/>
    <circle class="dot" cx="151.2" cy="28.4" r="3"/>
    <rect class="band" x="288.2" y="21.3" width="12" height="134.5"/>
    <circle class="dot" cx="294.2" cy="71.3" r="3"/>
    <rect class="hint" x="44" y="10" width="71.5" height="184">
    <title>1 Nov: hint</title>
    </rect>
    <rect class="hint" x="115.5" y="10" width="71.5" height="184">
    <title>2 Nov: hint</title>
    </rect>
    <rect class="hint" x="187" y="10" width="71.5" height="184">
    <title>3 Nov: hint</title>
    </rect>
    <rect class="hint" x="258.5" y="10" width="71.5" height="184">
    <title>4 Nov: hint</title>
    </rect>
    </svg>
    "#);
}

#[test]
fn small_pictures() {
    let shown = [faces([1, 0, 2, 10, 7], TOLD), range(Interval::wilson(18, 20)), range(None), split([1, 0, 2, 10, 7])];
    insta::assert_snapshot!(lines(&shown.join("\n\n")), @r#"
    <svg class="chart" viewBox="0 0 340 160" width="340" height="160" role="img" aria-labelledby="t-title t-desc">
    <title id="t-title">CSAT &lt;by day&gt;</title>
    <desc id="t-desc">From &quot;a&quot; &amp; b.</desc>
    <text x="0" y="20" text-anchor="start">🤩</text>
    <text x="24" y="20" text-anchor="start">Amazing</text>
    <rect class="s5" x="92" y="6" width="117.9" height="20"/>
    <text x="217.9" y="20" text-anchor="start">7 · 35 %</text>
    <text x="0" y="52" text-anchor="start">😀</text>
    <text x="24" y="52" text-anchor="start">Great</text>
    <rect class="s4" x="92" y="38" width="168.5" height="20"/>
    <text x="268.5" y="52" text-anchor="start">10 · 50 %</text>
    <text x="0" y="84" text-anchor="start">😐</text>
    <text x="24" y="84" text-anchor="start">Okay</text>
    <rect class="s3" x="92" y="70" width="33.7" height="20"/>
    <text x="133.7" y="84" text-anchor="start">2 · 10 %</text>
    <text x="0" y="116" text-anchor="start">🙁</text>
    <text x="24" y="116" text-anchor="start">Bad</text>
    <rect class="s2" x="92" y="102" width="1" height="20"/>
    <text x="101" y="116" text-anchor="start">0 · 0 %</text>
    <text x="0" y="148" text-anchor="start">😠</text>
    <text x="24" y="148" text-anchor="start">Terrible</text>
    <rect class="s1" x="92" y="134" width="16.8" height="20"/>
    <text x="116.8" y="148" text-anchor="start">1 · 5 %</text>
    </svg>

    <svg class="bar" viewBox="0 0 96 12" width="96" height="12" aria-hidden="true">
    <line class="grid" x1="3" y1="6" x2="93" y2="6"/>
    <rect class="band" x="65.9" y="2" width="24.6" height="8"/>
    <circle class="dot" cx="84" cy="6" r="3"/>
    </svg>

    <svg class="bar" viewBox="0 0 96 12" width="96" height="12" aria-hidden="true">
    <line class="grid" x1="3" y1="6" x2="93" y2="6"/>
    </svg>

    <svg class="bar" viewBox="0 0 96 12" width="96" height="12" aria-hidden="true">
    <rect class="s1" x="0" y="1" width="4.8" height="10"/>
    <rect class="s3" x="4.8" y="1" width="9.6" height="10"/>
    <rect class="s4" x="14.4" y="1" width="48" height="10"/>
    <rect class="s5" x="62.4" y="1" width="33.6" height="10"/>
    </svg>
    "#);
}

#[test]
fn an_axis_begins_below_all_that_it_shows() {
    let first = |ratings| {
        let svg = trend(&[point("x", ratings)], 340.0, TOLD);
        svg.split("text-anchor=\"end\">").nth(1).and_then(|rest| rest.split('<').next()).map(str::to_owned)
    };
    assert_eq!(first(Some((960, 1000))).as_deref(), Some("80\u{a0}%"));
    assert_eq!(first(Some((80, 100))).as_deref(), Some("50\u{a0}%"));
    assert_eq!(first(Some((2, 4))).as_deref(), Some("0\u{a0}%"));
}

proptest! {
    #[test]
    fn a_trend_stays_inside_and_its_texts_apart(
        ratings in prop::collection::vec(prop::option::of((0..40u64, 0..40u64)), 0..140),
        width in prop::sample::select(vec![340.0, 680.0, 200.0]),
        long: bool,
    ) {
        let name = if long { "28 Nov 2026" } else { "Nov" };
        let points: Vec<_> =
            ratings.iter().map(|pair| point(name, pair.map(|(good, rest)| (good, good + rest)))).collect();
        let svg = trend(&points, width, TOLD);
        check_inside(&svg, width, 220.0);
        check_texts(&svg, width, 220.0);
    }

    #[test]
    fn bars_stay_inside(scores in prop::array::uniform5(prop_oneof![0..5u64, 0..10_000_000u64])) {
        let svg = faces(scores, TOLD);
        check_inside(&svg, 340.0, 160.0);
        check_texts(&svg, 340.0, 160.0);
        check_inside(&split(scores), 96.0, 12.0);
        let all = scores.iter().sum();
        check_inside(&range(Interval::wilson(scores[0], all)), 96.0, 12.0);
    }
}
