//! Bars: how often each face was chosen, and small ones for the rows of a table.

use super::{Alternative, Svg, TEXT, float, percent, width_of};
use crate::survey::interval::Interval;
use crate::survey::rating::Score;

/// The width of the chart of faces.
const WIDTH: f64 = 340.0;
/// The height of a row in it.
const ROW: f64 = 32.0;
/// Where bars begin: after the face and its word.
const START: f64 = 92.0;
/// The size of a small bar.
const SMALL: (f64, f64) = (96.0, 12.0);

/// Draws how often each face was chosen, best first. The longest bar is that of the most frequent one.
#[must_use]
pub fn faces(scores: [u64; 5], told: Alternative) -> String {
    let (all, most) = (scores.iter().sum::<u64>(), scores.iter().copied().max().unwrap_or_default());
    let share = |count: u64| if all == 0 { 0.0 } else { float(count) / float(all) };
    let labels = scores.map(|count| format!("{count} · {}", percent(share(count))));
    let room = labels.iter().map(|label| width_of(label)).fold(0.0, f64::max);
    let longest = (WIDTH - START - room - 8.0).max(0.0);
    let mut svg = Svg::new("chart", WIDTH, 5.0 * ROW, told);
    for (row, score) in Score::ALL.iter().rev().enumerate() {
        let (at, top) = (score.index(), float(row as u64) * ROW);
        let base = top + ROW / 2.0 + TEXT / 3.0;
        let long = if most == 0 { 0.0 } else { longest * float(scores[at]) / float(most) };
        svg.text("start", (0.0, base), score.face());
        svg.text("start", (24.0, base), score.title());
        svg.rectangle(&format!("s{}", score.number()), [START, top + 6.0, long.max(1.0), ROW - 12.0], None);
        svg.text("start", (START + long.max(1.0) + 8.0, base), &labels[at]);
    }
    svg.done()
}

/// Draws a share and its interval on a line from 0 to 1, for the row of a table.
#[must_use]
pub fn range(interval: Option<Interval>) -> String {
    let (width, height) = SMALL;
    let mut svg = Svg::beside("bar", width, height);
    let x = |share: f64| 3.0 + share * (width - 6.0);
    svg.line("grid", (x(0.0), height / 2.0), (x(1.0), height / 2.0));
    if let Some(Interval { low, share, high }) = interval {
        svg.rectangle("band", [x(low), 2.0, x(high) - x(low), height - 4.0], None);
        svg.circle("dot", (x(share), height / 2.0), 3.0);
    }
    svg.done()
}

/// Draws a share, 0 to 1, as a bar, for the row of a table.
#[must_use]
pub fn part(share: f64) -> String {
    let (width, height) = SMALL;
    let mut svg = Svg::beside("bar", width, height);
    svg.line("grid", (0.0, height / 2.0), (width, height / 2.0));
    svg.rectangle("whole", [0.0, 1.0, width * share.clamp(0.0, 1.0), height - 2.0], None);
    svg.done()
}

/// Draws the shares of the five faces as one bar, worst first, for the row of a table.
#[must_use]
pub fn split(scores: [u64; 5]) -> String {
    let (width, height) = SMALL;
    let mut svg = Svg::beside("bar", width, height);
    let all = float(scores.iter().sum::<u64>().max(1));
    let mut before = 0;
    for score in Score::ALL {
        let count = scores[score.index()];
        if count > 0 {
            let box_ = [width * float(before) / all, 1.0, width * float(count) / all, height - 2.0];
            svg.rectangle(&format!("s{}", score.number()), box_, None);
        }
        before += count;
    }
    svg.done()
}
