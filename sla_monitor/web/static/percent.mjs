// The one way in which a part of a whole becomes a percentage: whole ones, rounded down, so that 100 is all of them.
// null of nothing. percent.py is the server's.
export const percent = (part, whole) => (whole ? (part * 100 - ((part * 100) % whole)) / whole : null);
