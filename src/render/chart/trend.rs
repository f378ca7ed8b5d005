//! A share over time, with the band that the true one is in. Steps without data are gaps: nothing is drawn between what
//! was measured and what was not.

use super::{Alternative, Svg, TEXT, float, percent, width_of};
use crate::survey::interval::Interval;

/// One step of time.
#[derive(Clone, Debug)]
pub struct Point {
    /// Its name on the axis, such as `2 Nov`.
    pub name: String,
    /// What a pointer over it is told.
    pub hint: String,
    /// Its share; `None` without data.
    pub share: Option<Interval>,
}

const HEIGHT: f64 = 220.0;
/// The room of the axes: left of the chart, right of it, above and below.
const LEFT: f64 = 44.0;
const RIGHT: f64 = 10.0;
const ABOVE: f64 = 10.0;
const BELOW: f64 = 26.0;
/// The least room between two names on the axis.
const APART: f64 = 12.0;
/// The least room of a step in which a dot does not touch the next one.
const DOTTED: f64 = 9.0;
/// Where the axis may begin, with its ticks in percent: the highest that is below all there is to show.
const AXES: [(f64, &[u8]); 3] =
    [(0.8, &[80, 85, 90, 95, 100]), (0.5, &[50, 60, 70, 80, 90, 100]), (0.0, &[0, 25, 50, 75, 100])];

/// Where things are.
struct Plane {
    width: f64,
    bottom: f64,
    /// The room of one step.
    slot: f64,
}

impl Plane {
    fn x(&self, at: usize) -> f64 {
        LEFT + (float(at as u64) + 0.5) * self.slot
    }

    fn y(&self, share: f64) -> f64 {
        let part = (share - self.bottom) / (1.0 - self.bottom);
        ABOVE + (1.0 - part) * (HEIGHT - ABOVE - BELOW)
    }
}

/// Draws the trend, `width` units wide: at least 200.
#[must_use]
pub fn trend(points: &[Point], width: f64, told: Alternative) -> String {
    let lowest = points.iter().filter_map(|point| point.share).map(|share| share.low).fold(1.0, f64::min);
    let (bottom, ticks) = AXES.iter().find(|(bottom, _)| *bottom <= lowest).unwrap_or(&AXES[2]);
    let slot = (width - LEFT - RIGHT) / float(points.len().max(1) as u64);
    let plane = Plane { width, bottom: *bottom, slot };
    let mut svg = Svg::new("chart", width, HEIGHT, told);
    for tick in *ticks {
        let share = f64::from(*tick) / 100.0;
        let y = plane.y(share);
        svg.line("grid", (LEFT, y), (width - RIGHT, y));
        svg.text("end", (LEFT - 6.0, y + TEXT / 3.0), &percent(share));
    }
    for (at, name) in names(points, &plane) {
        svg.text("middle", (plane.x(at), HEIGHT - BELOW + TEXT + 4.0), name);
    }
    for run in runs(points) {
        draw_run(&mut svg, &plane, &run);
    }
    for (at, point) in points.iter().enumerate() {
        let column = [plane.x(at) - plane.slot / 2.0, ABOVE, plane.slot, HEIGHT - ABOVE - BELOW];
        svg.rectangle("hint", column, Some(&point.hint));
    }
    svg.done()
}

/// The names on the axis that fit: as many as have room, evenly apart, inside of the chart.
fn names<'p>(points: &'p [Point], plane: &Plane) -> Vec<(usize, &'p str)> {
    let widest = points.iter().map(|point| width_of(&point.name)).fold(0.0, f64::max);
    let every = (1..=points.len()).find(|every| float(*every as u64) * plane.slot >= widest + APART);
    // The last step is the one that people look for.
    let last = points.len().saturating_sub(1);
    let every = every.unwrap_or(points.len().max(1));
    let chosen = points.iter().enumerate().filter(|(at, _)| (last - at).is_multiple_of(every));
    let inside = |(at, point): &(usize, &Point)| {
        let half = width_of(&point.name) / 2.0;
        plane.x(*at) - half >= 0.0 && plane.x(*at) + half <= plane.width
    };
    chosen.filter(inside).map(|(at, point)| (at, point.name.as_str())).collect()
}

/// The steps with data, in rows without a gap.
fn runs(points: &[Point]) -> Vec<Vec<(usize, Interval)>> {
    let mut runs = vec![Vec::new()];
    for (at, point) in points.iter().enumerate() {
        match (point.share, runs.last_mut()) {
            (Some(share), Some(run)) => run.push((at, share)),
            _ => runs.push(Vec::new()),
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

fn draw_run(svg: &mut Svg, plane: &Plane, run: &[(usize, Interval)]) {
    let at = |(at, share): (usize, f64)| (plane.x(at), plane.y(share));
    match run {
        // A single step has no line: a bar shows its interval.
        [(only, share)] => {
            let half = (plane.slot / 4.0).min(6.0);
            let (top, bottom) = (plane.y(share.high), plane.y(share.low));
            svg.rectangle("band", [plane.x(*only) - half, top, 2.0 * half, bottom - top], None);
        }
        _ => {
            let above = run.iter().map(|(step, share)| at((*step, share.high)));
            let below = run.iter().rev().map(|(step, share)| at((*step, share.low)));
            svg.shape("polygon", "band", above.chain(below));
            svg.shape("polyline", "line", run.iter().map(|(step, share)| at((*step, share.share))));
        }
    }
    if plane.slot >= DOTTED || run.len() == 1 {
        for (step, share) in run {
            svg.circle("dot", at((*step, share.share)), 3.0);
        }
    }
}
