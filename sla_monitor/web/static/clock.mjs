// The server's clock, as told by its messages: the page's own may be wrong, and the domain's may run faster.

const SLOW = 1500; // ms of real time that a message may be late before it makes us think that the clock went back

export class ServerClock {
  // now: ms of the server; at: ms of a clock of the page that never jumps. speed: server ms in one of the page.
  constructor(now = Date.now(), at = 0, speed = 1) {
    this.speed = speed;
    this.#set(now, at);
  }

  // A message that left the server at `now` is here at `at`. One that took long is told by an earlier one that did not.
  hear(now, at) {
    const ahead = now - this.now(at);
    this.behind = ahead < -SLOW * this.speed ? this.behind + 1 : 0;
    if (ahead > 0 || this.behind > 2) this.#set(now, at);
  }

  now(at) {
    return this.server + (at - this.page) * this.speed;
  }

  // Page milliseconds until the server's clock shows the next whole second.
  untilNextSecond(at) {
    const now = this.now(at);
    return Math.max(50, (1000 - (((now % 1000) + 1000) % 1000)) / this.speed);
  }

  #set(now, at) {
    this.server = now;
    this.page = at;
    this.behind = 0;
  }
}

// How far the day of an instant is from today, where the reader is: today, week (the day's name is enough), year or far.
export function nearness(ms, now) {
  const [day, today] = [ms, now].map((at) => new Date(at).setHours(12, 0, 0, 0));
  if (day === today) return "today";
  if (Math.round(Math.abs(day - today) / DAY) < 7) return "week";
  return new Date(ms).getFullYear() === new Date(now).getFullYear() ? "year" : "far";
}

// Milliseconds as 4:07 or 1:02:03, never negative.
export function span(ms) {
  const all = Math.floor(Math.abs(ms) / 1000);
  const two = (n) => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

export const SOON = 120_000;
export const HOUR = 3_600_000;
export const DAY = 86_400_000;

// How a lead stands against what the customer was promised: {kind: far|left|soon|past|late|opens|none, ms}.
// past: it is due, and not yet decided whether anybody responded in time; a call may be going on.
export function countdown(lead, now) {
  if (lead.status === "scheduled") return { kind: "opens", ms: lead.started_at - now };
  if (!lead.customer_due_at) return { kind: "none", ms: 0 };
  const { kind, ms } = until(lead.customer_due_at, now);
  return { kind: kind === "late" && !lead.breached ? "past" : kind, ms };
}

// The same for whoever has the lead, where their time is another than the customer's; none where no time runs for them.
export function holderCountdown(lead, now) {
  const same = !lead.due_at || lead.due_at === lead.customer_due_at;
  return same || !lead.holder_id || TIMELESS.has(lead.status) ? { kind: "none", ms: 0 } : until(lead.due_at, now);
}

const TIMELESS = new Set(["unassignable", "escalated", "scheduled"]);

function until(due, now) {
  const ms = due - now;
  if (ms > DAY) return { kind: "far", ms };
  // A second that has begun is still there: 0:00 is late, not left.
  if (ms <= 0) return { kind: "late", ms: -ms };
  return { kind: ms < SOON ? "soon" : "left", ms: ms + 999 };
}
