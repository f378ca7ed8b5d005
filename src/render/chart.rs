//! Charts as SVG, from figures: no script, no inline style, no color. The style sheet gives classes their colors, so that
//! charts follow dark mode.
//!
//! It owns geometry, ticks and text alternatives. It must not know where figures come from. The charts are ours, because
//! the crates that draw SVG (plotters, poloto, charts-rs) write colors and fonts into it, which neither dark mode nor a
//! strict content security policy can change, and know nothing of screen readers.

mod small;
mod trend;

pub use small::{faces, part, range, split};
pub use trend::{Point, trend};

use crate::survey::wording::percent;
use std::fmt::Write;

/// The size of texts, as the style sheet sets it, in units of the view box.
const TEXT: f64 = 12.0;
/// The room that a character takes at most on average, as a share of the text size. Digits of common fonts need 0.55 to 0.6.
const CHARACTER: f64 = 0.62;

/// What screen readers are told in place of a chart.
#[derive(Clone, Copy, Debug)]
pub struct Alternative<'a> {
    /// A word that no other chart of the page has, for the ids of its elements.
    pub id: &'a str,
    /// What the chart shows, in a few words.
    pub title: &'a str,
    /// What one sees in it, in a sentence.
    pub description: &'a str,
}

/// An SVG element under construction.
struct Svg(String);

impl Svg {
    /// Begins a chart of that size.
    fn new(class: &str, width: f64, height: f64, told: Alternative) -> Self {
        let (width, height) = (number(width), number(height));
        let Alternative { id, title, description } = told;
        let (title, description) = (escape(title), escape(description));
        Self(format!(
            "<svg class=\"{class}\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" \
            aria-labelledby=\"{id}-title {id}-desc\"><title id=\"{id}-title\">{title}</title><desc \
            id=\"{id}-desc\">{description}</desc>"
        ))
    }

    /// Begins a small picture of figures that stand beside it as text, so that nobody needs to be told.
    fn beside(class: &str, width: f64, height: f64) -> Self {
        let (width, height) = (number(width), number(height));
        Self(format!(
            "<svg class=\"{class}\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
            aria-hidden=\"true\">"
        ))
    }

    fn add(&mut self, markup: std::fmt::Arguments) {
        self.0.write_fmt(markup).expect("a String takes all that memory holds");
    }

    fn rectangle(&mut self, class: &str, [x, y, width, height]: [f64; 4], title: Option<&str>) {
        let [x, y, width, height] = [x, y, width, height].map(number);
        let end = title.map_or("/>".to_owned(), |title| format!("><title>{}</title></rect>", escape(title)));
        self.add(format_args!(
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"{end}"
        ));
    }

    fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let [x1, y1, x2, y2] = [from.0, from.1, to.0, to.1].map(number);
        self.add(format_args!("<line class=\"{class}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"/>"));
    }

    fn circle(&mut self, class: &str, (x, y): (f64, f64), radius: f64) {
        let [x, y, radius] = [x, y, radius].map(number);
        self.add(format_args!("<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"{radius}\"/>"));
    }

    /// A shape through points: `kind` is `polyline` or `polygon`.
    fn shape(&mut self, kind: &str, class: &str, points: impl Iterator<Item = (f64, f64)>) {
        let points: Vec<_> = points.map(|(x, y)| format!("{},{}", number(x), number(y))).collect();
        self.add(format_args!("<{kind} class=\"{class}\" points=\"{}\"/>", points.join(" ")));
    }

    /// A text whose anchor is `start`, `middle` or `end`.
    fn text(&mut self, anchor: &str, (x, y): (f64, f64), text: &str) {
        let [x, y] = [x, y].map(number);
        self.add(format_args!("<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{}</text>", escape(text)));
    }

    fn done(mut self) -> String {
        self.0.push_str("</svg>");
        self.0
    }
}

/// The room that a text takes, estimated from above.
fn width_of(text: &str) -> f64 {
    // The space of `percent` is as wide as any other.
    text.chars().map(|c| if c.is_ascii() || c == '\u{a0}' { CHARACTER } else { 1.0 }).sum::<f64>() * TEXT
}

/// A coordinate, to a tenth.
fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A count as a coordinate.
#[expect(clippy::cast_precision_loss, reason = "nobody counts 2^52 ratings, nor draws so many points")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests;
