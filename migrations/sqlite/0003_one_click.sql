-- Which clicks become ratings.

-- Whether the view behind the page that made the rating looked like a click in a mail: a scanner keeps its pose, so a
-- rating falls to later views of the same pose. Pages of earlier versions did not know.
ALTER TABLE rating ADD COLUMN page_click INTEGER NOT NULL DEFAULT 0 CHECK (page_click IN (0, 1));
