// What the page promises that needs no browser: `node --test tests/web/js`.

import assert from "node:assert/strict";
import { test } from "node:test";

const modules = new URL("../../../sla_monitor/web/static/", import.meta.url);
const load = (name) => import(new URL(name, modules));
const { ServerClock, countdown, span } = await load("clock.mjs");
const { Leads, byUrgency, matches } = await load("leads.mjs");
const { Link } = await load("link.mjs");
const { fate } = await load("fate.mjs");
const { plot, share, summary, HOUR } = await load("figures.mjs");
const { frame, moved } = await load("frame.mjs");
const { WORDS, choose } = await load("words.mjs");

const FIELDS = ["lead_id", "status", "team_id", "source", "turn", "holder_id", "due_at", "started_at"];
const lead = (lead_id, more = {}) => ({
  lead_id, status: "waiting", team_id: "sales", source: "crm", turn: 1, holder_id: "anna", due_at: 1000, started_at: 0, ...more,
});
const line = (...given) => FIELDS.map((field) => lead(...given)[field]);
const leads = (...lines) => {
  const made = new Leads();
  made.begin(FIELDS);
  made.set(lines);
  made.confirm();
  return made;
};
const ids = (some) => some.map((one) => one.lead_id);

// time

test("the server's clock is shown whatever the page's own shows, and as fast as it runs", () => {
  const clock = new ServerClock(1_000_000, 50, 60);
  assert.equal(clock.now(50), 1_000_000);
  assert.equal(clock.now(1050), 1_060_000);
});

test("a message that was on its way for long does not put the clock back; several do", () => {
  const clock = new ServerClock(10_000, 0);
  clock.hear(11_000, 3000);
  assert.equal(clock.now(3000), 13_000);
  clock.hear(12_000, 4000);
  clock.hear(13_000, 5000);
  assert.equal(clock.now(5000), 13_000);
});

test("a message that was faster than the ones before it, or a page that slept, puts the clock forward", () => {
  const clock = new ServerClock(10_000, 0);
  clock.hear(11_200, 1000);
  assert.equal(clock.now(1000), 11_200);
  clock.hear(700_000, 2000);
  assert.equal(clock.now(2000), 700_000);
});

test("the next tick comes with the next whole second of the server, but never in a flurry", () => {
  assert.equal(new ServerClock(10_250, 0).untilNextSecond(0), 750);
  assert.equal(new ServerClock(10_250, 0, 10).untilNextSecond(0), 75);
  assert.equal(new ServerClock(10_250, 0, 600).untilNextSecond(0), 50);
});

test("a countdown tells what is left, what is soon, what is late and what is yet to open", () => {
  const now = 1_000_000;
  const tell = (more) => {
    const { kind, ms } = countdown(lead("a", more), now);
    return `${kind} ${span(ms)}`;
  };
  assert.equal(tell({ due_at: now + 600_000 }), "left 10:00");
  assert.equal(tell({ due_at: now + 119_999 }), "soon 2:00");
  assert.equal(tell({ due_at: now + 1 }), "soon 0:01");
  assert.equal(tell({ due_at: now }), "late 0:00");
  assert.equal(tell({ due_at: now - 3_723_000 }), "late 1:02:03");
  assert.equal(tell({ due_at: 0 }), "none 0:00");
  assert.equal(tell({ due_at: now + 90_000_000 }), "far 25:00:00");
  assert.equal(tell({ status: "scheduled", started_at: now + 60_000 }), "opens 1:00");
});

// leads

test("who waits for a person comes first, then whoever is due first", () => {
  const shuffled = [
    lead("later", { due_at: 9 }), lead("b", { due_at: 5 }), lead("a", { due_at: 5 }), lead("head", { status: "escalated", due_at: 8 }),
    lead("nobody", { status: "unassignable", due_at: 7 }), lead("late", { status: "overdue", due_at: 1 }),
  ];
  assert.deepEqual(ids(shuffled.sort(byUrgency)), ["nobody", "head", "late", "a", "b", "later"]);
});

test("what is told again replaces what was known, and what is gone leaves", () => {
  const known = leads(line("a", { due_at: 1 }), line("b", { due_at: 2 }));
  known.set([line("a", { due_at: 3 })]);
  assert.deepEqual(ids(known.all()), ["b", "a"]);
  known.drop(["b", "never"]);
  assert.deepEqual([ids(known.all()), known.size], [["a"], 1]);
});

test("after a reconnect the old picture stays until the new one is complete", () => {
  const known = leads(line("a"), line("b"));
  known.begin(FIELDS);
  known.set([line("b"), line("c")]);
  assert.deepEqual(ids(known.all()), ["a", "b", "c"]);
  known.confirm();
  assert.deepEqual(ids(known.all()), ["b", "c"]);
});

test("filters are by team, source, state, holder and a part of the id, whatever its case", () => {
  const one = lead("CRM-7");
  for (const filter of [{}, { team: "sales" }, { source: "crm" }, { status: "waiting" }, { mine: "anna" }, { text: "m-7" }])
    assert.ok(matches(one, filter), JSON.stringify(filter));
  for (const filter of [{ team: "x" }, { source: "x" }, { status: "held" }, { mine: "vera" }, { text: "8" }])
    assert.ok(!matches(one, filter), JSON.stringify(filter));
});

test("states are counted among what passes the other filters", () => {
  const known = leads(line("a"), line("b", { status: "held" }), line("c", { team_id: "field" }));
  assert.deepEqual(known.counts({ team: "sales", status: "held" }), {
    unassignable: 0, escalated: 0, overdue: 0, waiting: 1, held: 1, scheduled: 0,
  });
  assert.deepEqual(known.values("team_id"), ["field", "sales"]);
});

test("escalated leads are counted for whoever has them", () => {
  const known = leads(line("a", { status: "escalated", holder_id: "boris" }), line("b"), line("c", { status: "escalated", holder_id: "boris" }));
  assert.deepEqual([...known.held("escalated")], [["boris", 2]]);
});

test("ten thousand leads are sorted and filtered within a frame or two", () => {
  const lines = Array.from({ length: 10_000 }, (_, n) => line(`L${n}`, { due_at: (n * 7919) % 10_007 }));
  const known = leads(...lines);
  assert.equal(known.shown({ text: "L99" }).length, 111);
});

// the connection

test("silence for longer than beats may be missing is stale, and any message makes it live again", () => {
  const link = new Link();
  assert.equal(link.state, "connecting");
  link.heard(0, 1000);
  assert.equal(link.tick(2500), "live");
  assert.equal(link.tick(2501), "stale");
  link.heard(3000);
  assert.equal(link.tick(3001), "live");
});

test("a connection that breaks is stale if it ever lived, and signed out is not forgotten by trying again", () => {
  const link = new Link();
  link.lost();
  assert.equal(link.state, "connecting");
  link.heard(0);
  link.lost();
  assert.equal(link.state, "stale");
  link.refused();
  link.lost();
  assert.equal(link.tick(1e9), "out");
});

// what became of an act

test("a claim is done once we hold the lead in another turn, and lost when somebody else does", () => {
  const claim = { kind: "claim", to: "vera" };
  const before = lead("a");
  assert.deepEqual(fate(claim, before, before), { kind: "pending" });
  assert.deepEqual(fate(claim, before, lead("a", { turn: 2, holder_id: "vera" })), { kind: "done" });
  assert.deepEqual(fate(claim, before, lead("a", { turn: 2, holder_id: "gleb" })), { kind: "lost", to: "gleb" });
  assert.deepEqual(fate(claim, before, undefined), { kind: "over" });
  assert.deepEqual(fate(claim, before, lead("a", { status: "closed" })), { kind: "over" });
});

test("a claim of a lead that nobody holds is done within the same turn", () => {
  const before = lead("a", { holder_id: "" });
  assert.deepEqual(fate({ kind: "claim", to: "vera" }, before, lead("a", { holder_id: "vera" })), { kind: "done" });
});

test("a reassignment waits until the chosen one has the lead; a closing until the lead is gone", () => {
  const before = lead("a");
  const give = { kind: "reassign", to: "vera" };
  assert.equal(fate(give, before, lead("a", { turn: 2, holder_id: "gleb" })).kind, "pending");
  assert.equal(fate(give, before, lead("a", { turn: 3, holder_id: "vera" })).kind, "done");
  assert.equal(fate({ kind: "close" }, before, before).kind, "pending");
  assert.equal(fate({ kind: "close" }, before, undefined).kind, "done");
});

// figures

test("the last hour is told in words: how many, how many in time, half and nine of ten within", () => {
  const ten = Array.from({ length: 10 }, (_, n) => [0, (n + 1) * 1000, n < 8]);
  assert.deepEqual(summary(ten), { count: 10, inTime: 8, half: 5000, most: 9000 });
  assert.deepEqual(summary([[0, 7, false]]), { count: 1, inTime: 0, half: 7, most: 7 });
  assert.equal(summary([]), null);
});

test("the plot ends now, shows the target below its top, and keeps what took too long on its edge", () => {
  const { top, target, points } = plot([[HOUR, 600_000, true], [0, 1, true], [HOUR / 2, 1e9, false]], HOUR, 600_000);
  assert.equal(top, 3_600_000);
  assert.equal(target, 1 / 6);
  assert.deepEqual(points, [
    { x: 1, y: 1 / 6, ok: true }, { x: 0, y: 1 / top, ok: true }, { x: 0.5, y: 1, ok: false },
  ]);
  assert.equal(plot([], 0, 600_000).top, 900_000);
});

test("a share is of what was evaluated today, and none before anything was", () => {
  assert.deepEqual(share({ in_time: 11, decided: 12 }), { met: 11, all: 12, percent: 91 });
  assert.equal(share({ in_time: 0, decided: 0 }), null);
});

// the list

test("of a long list only what is seen and a little more is in the page", () => {
  assert.deepEqual(frame(0, 500, 50, 10_000), [0, 16]);
  assert.deepEqual(frame(250_000, 500, 50, 10_000), [4994, 5016]);
  assert.deepEqual(frame(499_500, 500, 50, 10_000), [9984, 10_000]);
  assert.deepEqual(frame(0, 500, 50, 3), [0, 3]);
  assert.deepEqual(frame(9999, 500, 50, 0), [0, 0]);
});

test("keys move within the list and stop at its ends", () => {
  assert.equal(moved("ArrowDown", 0, 10, 3), 1);
  assert.equal(moved("ArrowUp", 0, 10, 3), 0);
  assert.equal(moved("PageDown", 0, 10, 3), 2);
  assert.equal(moved("End", 0, 10, 3), 2);
  assert.equal(moved("Home", 2, 10, 3), 0);
  assert.equal(moved("x", 2, 10, 3), null);
  assert.equal(moved("End", 0, 10, 0), null);
});

// words

test("both languages say the same things", () => {
  const shape = (words) => Object.entries(words).map(([name, word]) =>
    typeof word === "object" ? `${name}: ${Object.keys(word).sort()}` : `${name}: ${typeof word}`).sort();
  assert.deepEqual(shape(WORDS.ru), shape(WORDS.en));
});

test("the language is the one that was switched to, else the first of the browser's that we speak, else English", () => {
  assert.equal(choose("ru", ["en-GB"]), "ru");
  assert.equal(choose(null, ["de", "ru-RU", "en"]), "ru");
  assert.equal(choose(null, ["de"]), "en");
  assert.equal(choose("xx", undefined), "en");
});

test("numbers of leads are inflected", () => {
  assert.deepEqual([1, 2, 5, 21].map((n) => WORDS.ru.leads(n)), ["1 лид", "2 лида", "5 лидов", "21 лид"]);
  assert.deepEqual([1, 2].map((n) => WORDS.en.leads(n)), ["1 lead", "2 leads"]);
});
