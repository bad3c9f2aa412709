// Which rows of a long list are to be in the page.

const MARGIN = 6; // rows above and below what is seen

export function frame(top, height, row, count) {
  const first = Math.max(0, Math.min(Math.floor(top / row) - MARGIN, count - 1));
  return [first, Math.min(count, Math.ceil((top + height) / row) + MARGIN)];
}

// The row that a key leads to, from the one at `index`; null for any other key.
export function moved(key, index, page, count) {
  const to = { ArrowDown: index + 1, ArrowUp: index - 1, PageDown: index + page, PageUp: index - page, Home: 0, End: count };
  return key in to && count ? Math.max(0, Math.min(count - 1, to[key])) : null;
}
