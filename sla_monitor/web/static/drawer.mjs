// One lead in full: what was promised, who had it, each decision with its reason, and what can be done.

import { at, copy, each, element, options, say, set } from "./dom.mjs";
import { trouble } from "./session.mjs";
import { word } from "./words.mjs";

const CLOSINGS = ["converted", "junk", "duplicate", "deleted"];
const LEADS = new Set(["joined_to", "previous"]); // facts that are other leads
const hashOf = (id) => `#${new URLSearchParams({ lead: id })}`;
const PAUSE = 1500; // ms between two looks at the same lead
const AGAIN = 10_000; // ms after which it is read again though nothing was told of it: erased, answered by a call
const OUT_OF_REACH = new Set([403, 404, 410]);

export class Drawer {
  #id = null;
  #story = null;
  #seen = null; // the line that the story was read for
  #reading = false;
  #readAt = 0;
  #timer = 0;
  #told = []; // what the parts were told from

  // actions: what can be done; closed(id): after which focus goes back.
  constructor(page, actions) {
    this.page = page;
    this.actions = actions;
    this.dialog = at("drawer");
    const part = (name) => this.dialog.querySelector(name);
    this.part = part;
    part(".close").addEventListener("click", () => this.dialog.close());
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
    this.dialog.addEventListener("close", () => this.#closed());
    part(".claim").addEventListener("click", () => this.#lead && actions.claim(this.#lead));
    this.#form(".reassign", (lead, manager) => actions.reassign(lead, manager));
    part(".reassign select").addEventListener("blur", () => this.show());
    this.#form(".closing", (lead, reason) => actions.close(lead, reason));
  }

  open(id) {
    this.#id = id;
    this.#seen = null;
    history.replaceState(null, "", hashOf(id));
    this.#clear(this.page.words.loading);
    if (!this.dialog.open) this.dialog.showModal();
    this.part("h2").focus();
    this.#read();
  }

  // Leads, people or the language have changed.
  show() {
    if (!this.#id || !this.dialog.open) return;
    this.#tellActions();
    this.#tell();
    this.#look();
  }

  get #lead() {
    return this.page.leads.get(this.#id);
  }

  #form(name, act) {
    const form = this.part(name);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#lead) act(this.#lead, form.querySelector("select").value);
    });
  }

  // Nothing of a lead stays but its id. why: what is told instead.
  #clear(why) {
    this.#story = null;
    say(this.part("h2"), this.#id ?? "");
    say(this.part(".state"), "");
    say(this.part(".trouble"), why);
    for (const list of ["dl", ".ways", ".story ol", ".turns"]) this.part(list).replaceChildren();
    this.#told = [];
    this.#tellActions();
  }

  #closed() {
    this.#id = null;
    clearTimeout(this.#timer);
    this.#clear("");
    history.replaceState(null, "", location.pathname + location.search);
  }

  // Read again what the stream has told of since, and now and then what it tells nothing of.
  #look() {
    const told = this.#lead !== this.#seen;
    const since = performance.now() - this.#readAt;
    clearTimeout(this.#timer);
    if (since > (told ? PAUSE : AGAIN)) this.#read();
    else this.#timer = setTimeout(() => this.show(), (told ? PAUSE : AGAIN) - since + 1);
  }

  async #read() {
    if (this.#reading) return;
    this.#reading = true;
    const id = this.#id;
    this.#seen = this.#lead;
    const found = await read(`v1/leads/${encodeURIComponent(id)}/story`);
    this.#reading = false;
    this.#readAt = performance.now();
    if (id !== this.#id) return this.#id && this.#read();
    const { words } = this.page;
    const why = found.story ? "" : found.status === 404 ? words.notFound : trouble(words, found.status, found.detail);
    if (OUT_OF_REACH.has(found.status)) this.#clear(why);
    else say(this.part(".trouble"), why);
    this.#story = found.story ?? this.#story;
    this.show();
    return undefined;
  }

  #tellActions() {
    const { words, me } = this.page;
    const lead = this.#lead;
    const doing = this.actions.doing(this.#id);
    this.part(".acts").hidden = !lead || !(this.page.claimant || this.page.leading);
    if (!lead) return;
    const mine = lead.holder_id === me?.manager_id && lead.status !== "escalated";
    const claim = this.part(".claim");
    claim.hidden = !this.page.claimant;
    claim.disabled = mine || Boolean(doing);
    say(claim, doing === "claim" ? words.doing.claim : mine ? words.yours : words.claim);
    for (const name of [".reassign", ".closing"]) {
      this.part(name).hidden = !this.page.leading;
      this.part(`${name} button`).disabled = Boolean(doing);
    }
    const others = this.page.people.filter((one) => one.manager_id !== lead.holder_id || lead.status === "escalated");
    if (document.activeElement !== this.part(".reassign select")) // nothing moves under the hands of who chooses
      options(this.part(".reassign select"), [["", words.choose]], this.#groups(others));
    options(this.part(".closing select"), [["", words.choose], ...CLOSINGS.map((reason) => [reason, words.closings[reason]])]);
  }

  // To whom it can be given: who can take it now, the least busy first, who had it already, who cannot now.
  #groups(people) {
    const { words } = this.page;
    const had = new Set((this.#story?.lead.turns ?? []).map((turn) => turn.holder_id));
    const full = (one) => one.capacity !== null && one.open_leads >= one.capacity;
    const kind = (one) => (had.has(one.manager_id) ? "had" : one.presence === "available" && !full(one) ? "now" : "away");
    const text = (one) => `${one.name} · ${word(words.presence, one.presence)}, ${words.load(one.open_leads, one.capacity)}`;
    const sorted = [...people].sort((a, b) => a.open_leads - b.open_leads || (a.name < b.name ? -1 : 1));
    return Object.fromEntries(Object.entries(words.giveTo).map(([name, title]) =>
      [title, sorted.filter((one) => kind(one) === name).map((one) => [one.manager_id, text(one)])]));
  }

  // Touched only when what it says may be another: whoever presses, selects or has the focus there is not disturbed.
  #tell() {
    const { words, hello } = this.page;
    const from = [this.#story, words, hello, new Date(this.page.now()).toDateString()];
    if (!this.#story || from.every((one, n) => one === this.#told[n])) return;
    this.#told = from;
    const { lead, name, outcomes } = this.#story;
    say(this.part("h2"), name ? `${lead.lead_id} · ${name}` : lead.lead_id);
    say(this.part(".state"), `${word(words.status, lead.status)}, ${words.turn(lead.turn)}`);
    this.#tellWays(this.#story);
    this.#tellFacts({ ...lead, channel: this.#story.channel, priority: this.#story.priority });
    this.#tellSteps([...outcomes].reverse());
    each(this.part(".turns"), lead.turns, ({ turn }) => turn, () => element("li"), (child, turn) => this.#fillTurn(child, turn));
  }

  #tellFacts(lead) {
    const { words } = this.page;
    const time = (at) => at && this.page.time(Date.parse(at), true);
    const facts = {
      holder: lead.holder_id ? this.page.name(lead.holder_id) : words.nobody,
      due: time(lead.due_at === lead.customer_due_at ? null : lead.due_at),
      customer_due: time(lead.customer_due_at), contact_due: time(lead.contact_due_at), policy: this.page.promise(lead.policy),
      started: time(lead.started_at), first_attempt: time(lead.first_attempt_at), first_contact: time(lead.first_contact_at),
      team: this.page.team(lead.team_id), source: lead.source,
      channel: lead.channel && word(words.channels, lead.channel), priority: lead.priority && word(words.priorities, lead.priority),
      joined_to: lead.joined_to, previous: lead.previous_lead_id,
    };
    const parts = Object.entries(facts).filter(([, value]) => value).flatMap(([fact, value]) => [["dt", fact, words.facts[fact]], ["dd", fact, value]]);
    each(this.part("dl"), parts, ([kind, fact]) => `${kind} ${fact}`, ([kind, fact]) => makeFact(kind, fact), (child, [, , text]) => fillFact(child, text));
  }

  // How the customer is reached, for those who may know it.
  #tellWays({ phones = [], url }) {
    const { words } = this.page;
    const ways = phones.map((phone) => ({ kind: "call", href: `tel:${phone}`, text: words.call(phone) }));
    if (leadsTo(url)) ways.push({ kind: "crm", href: url, text: words.openInCrm });
    each(this.part(".ways"), ways, ({ href }) => href, ({ kind, href }) => way(kind, href), (child, { text }) => say(child, text));
  }

  #tellSteps(outcomes) {
    const list = this.part(".story ol");
    if (!outcomes.length) return each(list, [this.page.words.noTimeline], () => "none", () => element("li"), say);
    return each(list, outcomes, ({ id }) => id, () => copy("t-step"), (step, outcome) => this.#fillStep(step, outcome));
  }

  #fillStep(step, { type, time, data }) {
    const { words } = this.page;
    const kind = type.replace(/\.v\d+$/, "");
    const person = (id) => (id ? this.page.name(id) : words.somebody);
    const named = { ...data, by: person(data.by), to: person(data.to), from: person(data.from), holder_id: person(data.holder_id), nobody: !data.holder_id };
    set(step, "data-kind", kind);
    say(step.querySelector("time"), this.page.time(Date.parse(time), true));
    say(step.querySelector("b"), Object.hasOwn(words.tell, kind) ? words.tell[kind](named) : kind);
    const why = [data.reason && word(words.reasons, data.reason), data.actor && words.actor(data.actor)].filter(Boolean);
    say(step.querySelector("small"), why.join(" · "));
    const listed = (data.candidates ?? []).map((one) => [person(one.manager_id), one.passed_over]);
    const others = Object.entries(data.others ?? {}).map(([reason, n]) => [words.others(n), reason]);
    each(step.querySelector("ul"), [...listed, ...others].entries(), ([n]) => n, () => element("li"), (child, [, looked]) => this.#fillCandidate(child, ...looked));
  }

  #fillCandidate(child, name, reason) {
    const { words } = this.page;
    say(child, `${name}: ${reason ? word(words.passedOver, reason) : words.chosen}`);
    child.classList.toggle("chosen", !reason);
  }

  #fillTurn(child, turn) {
    const { words } = this.page;
    const due = turn.due_at ? ` → ${this.page.time(Date.parse(turn.due_at), true)}` : "";
    const holder = turn.holder_id ? this.page.name(turn.holder_id) : words.nobody;
    const span = this.page.time(Date.parse(turn.from), true) + due;
    say(child, `${holder}, ${span}: ${word(words.results, turn.result ?? "")}`);
    child.value = turn.turn;
  }
}

function makeFact(kind, fact) {
  const made = element(kind);
  if (kind === "dd" && LEADS.has(fact)) made.append(element("a"));
  return made;
}

function fillFact(child, text) {
  const link = child.querySelector("a");
  if (link) set(link, "href", hashOf(text));
  say(link ?? child, text);
}

function way(kind, href) {
  const made = Object.assign(element("a", "", kind), { href });
  return kind === "crm" ? Object.assign(made, { target: "_blank", rel: "noopener noreferrer" }) : made;
}

// Whether a link of another system leads to a page that may be opened from here.
function leadsTo(url) {
  return Boolean(url) && URL.canParse(url) && new URL(url).protocol.startsWith("https");
}

async function read(path) {
  try {
    const answer = await fetch(path);
    const body = await answer.json();
    return answer.ok ? { story: body } : { status: answer.status, detail: body.detail };
  } catch {
    return { status: 0, detail: "" };
  }
}
