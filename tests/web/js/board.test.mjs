// What the page promises that needs no browser: `node --test tests/web/js`.

import assert from "node:assert/strict";
import { test } from "node:test";

delete globalThis.BroadcastChannel; // one that is open keeps node running
const modules = new URL("../../../sla_monitor/web/static/", import.meta.url);
const load = (name) => import(new URL(name, modules));
const { HOUR, ServerClock, countdown, holderCountdown, nearness, span } = await load("clock.mjs");
const { Leads, byUrgency, matches } = await load("leads.mjs");
const { Link } = await load("link.mjs");
const { Page } = await load("page.mjs");
const { fate } = await load("fate.mjs");
const { Actions } = await load("actions.mjs");
const { plot, share, summary } = await load("figures.mjs");
const { lines, parts } = await load("telling.mjs");
const { Filter, TESTS } = await load("filter.mjs");
const { frame, moved } = await load("frame.mjs");
const { WORDS, choose } = await load("words.mjs");

const FIELDS = ["lead_id", "status", "team_id", "source", "turn", "holder_id", "due_at", "customer_due_at", "started_at", "breached"];
const lead = (lead_id, more = {}) => ({
  lead_id, status: "waiting", team_id: "sales", source: "crm", turn: 1, holder_id: "anna", due_at: 1000, customer_due_at: 1000, started_at: 0, breached: false, ...more,
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

const NOW = 1_000_000_000;
const told = ({ kind, ms }) => `${kind} ${span(ms)}`;

test("the time of a lead is what its customer lives through, whoever has it now", () => {
  const tell = (more) => told(countdown(lead("a", more), NOW));
  assert.equal(tell({ customer_due_at: NOW + 600_000 }), "left 10:00");
  assert.equal(tell({ customer_due_at: NOW + 119_999 }), "soon 2:00");
  assert.equal(tell({ customer_due_at: NOW + 1 }), "soon 0:01");
  assert.equal(tell({ customer_due_at: NOW - 736_000, breached: true, due_at: NOW + 183_000, turn: 2 }), "late 12:16");
  assert.equal(tell({ customer_due_at: NOW - 3_723_000, breached: true, status: "escalated", due_at: 0 }), "late 1:02:03");
  assert.equal(tell({ customer_due_at: 0 }), "none 0:00");
  assert.equal(tell({ customer_due_at: NOW + 90_000_000 }), "far 25:00:00");
  assert.equal(tell({ status: "scheduled", started_at: NOW + 60_000 }), "opens 1:00");
});

test("what is due and not yet decided, because proof may be on its way or a call goes on, is not called late", () => {
  for (const more of [{}, { status: "held" }])
    assert.equal(told(countdown(lead("a", { customer_due_at: NOW - 1000, ...more }), NOW)), "past 0:01");
});

test("whoever has a lead is told their own time where it is another than the customer's", () => {
  const tell = (more) => told(holderCountdown(lead("a", { customer_due_at: NOW - 736_000, breached: true, ...more }), NOW));
  assert.equal(tell({ due_at: NOW + 183_000 }), "left 3:03");
  assert.equal(tell({ due_at: NOW - 5000 }), "late 0:05");
  assert.equal(tell({ due_at: NOW - 736_000 }), "none 0:00");
  assert.equal(tell({ due_at: 0, status: "escalated" }), "none 0:00");
  assert.equal(tell({ due_at: NOW + 183_000, status: "escalated" }), "none 0:00");
  assert.equal(tell({ due_at: NOW + 183_000, status: "unassignable", holder_id: "" }), "none 0:00");
});

test("a day is named as soon as it is not today, however near the instant is", () => {
  const now = new Date(2026, 10, 30, 17, 18).getTime();
  const near = (...day) => nearness(new Date(...day).getTime(), now);
  assert.equal(near(2026, 10, 30, 0, 0), "today");
  assert.equal(near(2026, 10, 30, 23, 59), "today");
  assert.equal(near(2026, 11, 1, 0, 0), "week");
  assert.equal(near(2026, 10, 29, 23, 59), "week");
  assert.equal(near(2026, 11, 6, 9, 0), "week");
  assert.equal(near(2026, 11, 7, 9, 0), "year");
  assert.equal(near(2026, 10, 23, 9, 0), "year");
  assert.equal(near(2027, 0, 8, 9, 0), "far");
  assert.equal(near(2027, 0, 5, 9, 0), "far");
});

test("a day is named by the calendar of the reader, and not by the hours between, where clocks are put back", () => {
  const before = process.env.TZ;
  process.env.TZ = "Europe/Berlin"; // a day of 25 hours
  const now = new Date(2026, 9, 25, 0, 30).getTime();
  assert.equal(nearness(now + 24.4 * HOUR, now), "today");
  assert.equal(nearness(now + 24.6 * HOUR, now), "week");
  process.env.TZ = before ?? "";
});

// leads

test("first come leads with nobody free, then those with the head, then the longest late, then by the customer's due", () => {
  const late = (lead_id, customer_due_at, due_at) => lead(lead_id, { customer_due_at, due_at, breached: true, status: "overdue" });
  const shuffled = [
    lead("timeless", { customer_due_at: 0 }), lead("later", { customer_due_at: 9 }), lead("b", { customer_due_at: 5 }),
    late("late, its holder has long", 3, 99), lead("a", { customer_due_at: 5 }), lead("head", { status: "escalated", customer_due_at: 8 }),
    lead("due", { customer_due_at: 1 }), lead("nobody", { status: "unassignable", customer_due_at: 7 }), late("longest late", 1, 98),
    late("late on the phone", 2, 2),
  ];
  const sorted = ["nobody", "head", "longest late", "late on the phone", "late, its holder has long", "due", "a", "b", "later", "timeless"];
  assert.deepEqual(ids(shuffled.sort(byUrgency)), sorted);
});

test("what is told again replaces what was known, and what is gone leaves", () => {
  const known = leads(line("a", { customer_due_at: 1 }), line("b", { customer_due_at: 2 }));
  known.set([line("a", { customer_due_at: 3 })]);
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

test("a lead is found by its customer's name, its id and its holder, whatever the case and the order of the words", () => {
  const one = lead("CRM-7", { name: "Иван Семёнов", holder_id: "anna" });
  const found = (text) => matches(one, { text }, (id) => ({ anna: "Анна Кузнецова" })[id] ?? id);
  for (const text of ["семенов иван", "Ива", "кузнецова", "m-7", "crm семёнов", " "]) assert.ok(found(text), text);
  for (const text of ["петров", "иван петров", "vera", "crm-8"]) assert.ok(!found(text), text);
});

test("a lead is found however its letters are put together", () => {
  const composed = lead("a", { name: "Андрей Müller".normalize("NFD") });
  for (const text of ["Андрей", "müller", "Андрей\u00a0MÜLLER".normalize("NFD")]) assert.ok(matches(composed, { text }), text);
});

test("what has no name is called by its id, whatever that is", () => {
  const page = new Page();
  for (const hello of [null, { teams: {}, policies: {}, names: {} }]) {
    page.hello = hello;
    for (const id of ["constructor", "toString", "__proto__", "sales"]) assert.deepEqual([page.team(id), page.promise(id), page.name(id)], [id, id, id]);
  }
  assert.equal(page.team(null), "");
});

test("a lead is found by a part of a number, as it is written or as it is dialled", () => {
  const one = lead("a", { phones: ["+79261234567", "+493012345678"] });
  for (const text of ["+7926", "8 (926) 123-45-67", "4567", "926.123", "0049 30 1234", "030 12345", "+49 (0)30 1234", "tel:+79261234567", "+7\u00a0926\u00a0123\u201145\u201367"]) assert.ok(matches(one, { text }), text);
  for (const text of ["+7925", "67", "8 926 123-45-68", "8", "00"]) assert.ok(!matches(one, { text }), text);
  assert.ok(!matches(lead("b"), { text: "+7926" }));
});

test("test leads are on their own list and are counted nowhere", () => {
  const made = new Leads();
  made.begin([...FIELDS, "test"]);
  made.set([[...line("real"), false], [...line("trial"), true]]);
  made.confirm();
  assert.deepEqual([ids(made.all()), made.size, made.tests, made.counts({}).waiting], [["real"], 1, 1, 1]);
  assert.deepEqual([ids(made.shown({})), ids(made.shown({ test: true }))], [["real"], ["trial"]]);
});

test("the address says what narrows the list, and a page that is opened by it shows the same", () => {
  const filter = new Filter("?team=sales&status=overdue&q=%2B7926&mine=1");
  assert.deepEqual({ ...filter }, { team: "sales", source: "", status: "overdue", text: "+7926", mine: true });
  assert.deepEqual({ ...new Filter(filter.query()) }, { ...filter });
  assert.equal(new Filter("").query(), "");
  assert.deepEqual(filter.of({ me: { manager_id: "vera" } }), {
    team: "sales", source: "", text: "+7926", test: false, status: "overdue", mine: "vera",
  });
  assert.equal(filter.of({ me: { manager_id: null } }).mine, "");
  assert.deepEqual([new Filter(`?status=${TESTS}`).of({}).test, new Filter(`?status=${TESTS}`).of({}).status], [true, ""]);
});

test("only mine leaves what is counted alone", () => {
  const known = leads(line("a"), line("b", { holder_id: "vera" }));
  assert.equal(known.counts({ mine: "vera" }).waiting, 2);
  assert.deepEqual(ids(known.shown({ mine: "vera" })), ["b"]);
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
  const lines = Array.from({ length: 10_000 }, (_, n) => line(`L${n}`, { customer_due_at: (n * 7919) % 10_007 }));
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

test("the plot ends now, shows parts of what was promised to each lead, and keeps what took too long on its edge", () => {
  const answers = [[HOUR, 600_000, true, 600_000, "due"], [0, 60_000, true, 600_000, "soon"], [HOUR / 2, 1e9, false, 300_000, "late"]];
  assert.deepEqual(plot(answers, HOUR).map(({ x, y, ok, percent, id }) => [id, x, y, ok, percent]), [
    ["due", 1, 0.5, true, 100], ["soon", 0, 0.05, true, 10], ["late", 0.5, 1, false, 333_333],
  ]);
  assert.deepEqual(plot([], 0), []);
});

test("a share is of what was evaluated today, and none before anything was", () => {
  assert.deepEqual(share({ in_time: 11, decided: 12 }), { met: 11, all: 12, percent: 91 });
  assert.equal(share({ in_time: 0, decided: 0 }), null);
});

// what happened

const happened = (kind, lead_id, reason, more = {}) => ({ at: 0, kind, lead_id, by: "anna", to: "vera", reason, ...more });

test("a breach and the hand-over that it led to are one line, whatever happened to other leads in between", () => {
  const items = [
    happened("lead.escalated", "c", "max_turns"), happened("lead.reassigned", "a", "no_response"), happened("lead.unassignable", "b", "no_response"),
    happened("sla.breached", "c", "response"), happened("sla.breached", "b", "response"), happened("sla.breached", "a", "response"),
  ];
  assert.deepEqual(lines(items).map((one) => one.kind), ["lead.escalated", "lead.reassigned", "lead.unassignable"]);
});

test("a breach that led to nothing, or to something else, keeps its line", () => {
  const alone = [happened("sla.breached", "a", "response")];
  const absent = [happened("lead.reassigned", "a", "absent"), happened("sla.breached", "a", "response")];
  const spoken = [happened("lead.reassigned", "a", "no_response"), happened("sla.breached", "a", "contact")];
  for (const items of [alone, absent, spoken]) assert.deepEqual(lines(items), items);
});

test("a breach that was taken back tells no reason that says the contrary", () => {
  assert.deepEqual(parts(happened("sla.breach_retracted", "a", "response")), { measure: "response", reason: "" });
  assert.deepEqual(parts(happened("sla.breach_retracted", "a", "contact")), { measure: "contact", reason: "" });
  assert.equal(parts(happened("sla.breach_retracted", "a", "closed_before_due")).reason, "closed_before_due");
  for (const words of Object.values(WORDS)) {
    const told = words.tell["sla.breach_retracted"]({ holder_id: "Anna", measure: "response" });
    assert.ok(told.includes("Anna") && /response was in time|ответ был в срок/.test(told), told);
    assert.ok(!Object.hasOwn(words.reasons, "response"));
  }
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

// what was done

test("that nothing was done is said only where the server refused it; else that it is not known", async () => {
  const answered = async (words, status) => {
    globalThis.fetch = async () => {
      if (status) return Response.json({ detail: "what the server says" }, { status });
      throw new TypeError("no connection");
    };
    const told = [];
    const page = { words, announce: (text) => told.push(text), now: () => 0, name: (id) => id, leads: new Leads() };
    const actions = new Actions(page, () => null);
    await actions.close(lead("a"), "junk");
    await actions.presence("anna", "away", 0);
    return told.filter((_, n) => n % 2);
  };
  for (const [words, nothing, unknown] of [[WORDS.en, "Nothing was done.", "not known whether"], [WORDS.ru, "Ничего не сделано.", "неизвестно, сделано"]]) {
    for (const status of [400, 403, 404, 408, 409, 422, 429])
      for (const said of await answered(words, status)) assert.ok(said.startsWith(nothing) && !said.includes(unknown), said);
    for (const status of [0, 500, 502, 503, 504])
      for (const said of await answered(words, status)) assert.ok(said.includes(unknown) && !said.includes(nothing), said);
  }
});
