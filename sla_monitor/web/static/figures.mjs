// Figures of the last hour and of today, and where they lie on the plot.

import { HOUR } from "./clock.mjs";
import { percent } from "./percent.mjs";

// q: 0 to 1; the nearest rank. sorted: ascending, not empty.
const quantile = (sorted, q) => sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];

// responses: [when, ms it took, in time]. null when there is none.
export function summary(responses) {
  if (!responses.length) return null;
  const took = responses.map(([, ms]) => ms).sort((a, b) => a - b);
  return {
    count: responses.length,
    inTime: responses.filter(([, , ok]) => ok).length,
    half: quantile(took, 0.5),
    most: quantile(took, 0.9),
  };
}

export const MOST = 2; // of the promised time: what took more lies on the upper edge

// Where each response lies on a plot of an hour that ends now: x and y in 0..1, y 0 at the bottom, 1 at `MOST`.
export function plot(responses, now) {
  const x = (when) => Math.min(1, Math.max(0, 1 - (now - when) / HOUR));
  return responses.map(([when, ms, ok, promised, id]) => {
    const part = ms / promised;
    return { x: x(when), y: Math.min(1, part / MOST), ok, id, when, ms, percent: percent(ms, promised) };
  });
}

// Of a manager: the leads that were theirs first and are decided, and how many of a hundred were in time; null of none.
export function share({ in_time: met, decided: all }) {
  return all ? { met, all, percent: percent(met, all) } : null;
}
