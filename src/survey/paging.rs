//! One page of a list, and where the next one begins.
//!
//! It must not know what is listed, nor how a cursor is spelled.

use super::Time;
use uuid::Uuid;

/// How many items a page holds unless the caller says otherwise.
pub const USUAL_PAGE: u32 = 50;
/// The most items that a page may hold.
pub const LARGEST_PAGE: u32 = 200;

/// Where a row is in a list by time: by its time, rows of one moment by their survey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowPlace {
    /// The time that the list is by.
    pub at: Time,
    /// The survey that the row is about.
    pub survey: Uuid,
}

/// Which page of a list to read. `C` is the place of an item in the order of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paging<C> {
    /// The last item of the page before; `None` for the first page.
    pub after: Option<C>,
    /// How many items at most: 1 to [`LARGEST_PAGE`].
    pub limit: u32,
}

impl<C> Default for Paging<C> {
    fn default() -> Self {
        Self { after: None, limit: USUAL_PAGE }
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<T, C> {
    /// The items, in the order of the list.
    pub items: Vec<T>,
    /// The place of the last item if more follow; `None` on the last page.
    pub next: Option<C>,
}

impl<C> Paging<C> {
    /// How many items to read: one more than the page holds tells whether another page follows.
    #[must_use]
    pub fn to_read(&self) -> u32 {
        self.limit + 1
    }

    /// Cuts what was read to the page.
    #[must_use]
    pub fn cut<T>(&self, mut read: Vec<T>, place: impl FnOnce(&T) -> C) -> Listed<T, C> {
        let more = read.len() > self.limit as usize;
        read.truncate(self.limit as usize);
        let next = read.last().filter(|_| more).map(place);
        Listed { items: read, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_tells_whether_another_follows() {
        let paging = Paging { after: None::<u32>, limit: 2 };
        let cut = |read: Vec<u32>| paging.cut(read, |last| *last);
        assert_eq!(paging.to_read(), 3);
        assert_eq!(cut(vec![9, 8, 7]), Listed { items: vec![9, 8], next: Some(8) });
        assert_eq!(cut(vec![9, 8]), Listed { items: vec![9, 8], next: None });
        assert_eq!(cut(vec![]), Listed { items: vec![], next: None });
    }
}
