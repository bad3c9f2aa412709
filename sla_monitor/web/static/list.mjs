// The open leads: a long list of which only what is seen is in the page. Rows are kept by lead, so focus stays with one.

import { countdown, holderCountdown } from "./clock.mjs";
import { at, copy, mark, say, set } from "./dom.mjs";
import { frame, moved } from "./frame.mjs";
import { word } from "./words.mjs";

const INSTANTS = { far: "customer_due_at", opens: "started_at" }; // told by the clock and not counted down

export class List {
  #rows = new Map(); // lead id -> element
  #shown = [];
  #index = new Map();
  #active = null; // the lead whose row the Tab key finds
  #height = 0;

  // open(id), claim(lead), search(): what rows and keys ask for.
  constructor(page, { open, claim, search }) {
    this.page = page;
    this.do = { open, claim, search };
    this.grid = at("list");
    this.body = at("rows");
    this.grid.addEventListener("scroll", () => this.#draw(), { passive: true });
    this.grid.addEventListener("keydown", (event) => this.key(event));
    this.body.addEventListener("click", (event) => this.#click(event));
    this.body.addEventListener("focusin", (event) => this.#activate(event.target.closest(".row")?.dataset.lead));
    new ResizeObserver(() => this.#measure()).observe(this.grid);
  }

  // leads: in their order.
  show(leads) {
    const focused = this.#focused();
    const before = focused ? this.#index.get(focused) : -1;
    this.#shown = leads;
    this.#index = new Map(leads.map((lead, n) => [lead.lead_id, n]));
    set(this.grid, "aria-rowcount", leads.length + 1);
    this.grid.hidden = leads.length === 0;
    this.#measure();
    if (focused && !this.#index.has(focused)) this.#succeed(focused, before);
  }

  // Whatever the clock changes, in the few rows that are there.
  tick() {
    const now = this.page.now();
    for (const [id, row] of this.#rows) this.#countDown(row, this.#shown[this.#index.get(id)], now);
  }

  // The focused lead has left the list: its neighbour takes its place.
  #succeed(id, index) {
    this.page.announce(this.page.words.gone(id));
    if (this.#shown.length) this.#focus(Math.min(index, this.#shown.length - 1));
    else at("empty").focus();
  }

  #measure() {
    this.#height = parseFloat(getComputedStyle(this.body).gridAutoRows);
    this.body.style.height = `${this.#shown.length * this.#height}px`;
    this.#draw();
  }

  #focused() {
    const row = document.activeElement?.closest?.("#rows .row");
    return row ? row.dataset.lead : null;
  }

  #draw() {
    const [from, to] = frame(this.grid.scrollTop, this.grid.clientHeight, this.#height, this.#shown.length);
    const wanted = this.#shown.slice(from, to).map((lead) => lead.lead_id);
    const focused = this.#focused();
    if (focused && this.#index.has(focused) && !wanted.includes(focused))
      this.#index.get(focused) < from ? wanted.unshift(focused) : wanted.push(focused);
    this.#leave(new Set(wanted));
    if (!wanted.includes(this.#active)) this.#active = wanted[Math.min(6, wanted.length - 1, from)] ?? null;
    const now = this.page.now();
    wanted.forEach((id) => this.#fill(this.#row(id), this.#shown[this.#index.get(id)], now));
    this.#arrange(wanted.map((id) => this.#rows.get(id)));
  }

  #leave(wanted) {
    for (const [id, row] of this.#rows) {
      if (wanted.has(id)) continue;
      row.remove();
      this.#rows.delete(id);
    }
  }

  #row(id) {
    let row = this.#rows.get(id);
    if (!row) {
      row = copy("t-row");
      row.dataset.lead = id;
      this.#rows.set(id, row);
    }
    return row;
  }

  // Rows lie in the page in their order, for who has them read; the focused one is never moved, or it would lose focus.
  #arrange(rows) {
    const fixed = rows.find((row) => row.contains(document.activeElement));
    const place = fixed ? rows.indexOf(fixed) : -1;
    rows.forEach((row, n) => {
      if (row === fixed) return;
      const next = n < place ? fixed : null;
      const right = n + 1 === rows.length ? row.nextElementSibling === null : row.nextElementSibling === rows[n + 1];
      if (row.parentNode !== this.body || !right) this.body.insertBefore(row, next);
    });
  }

  #fill(row, lead, now) {
    const { words } = this.page;
    const index = this.#index.get(lead.lead_id);
    set(row, "aria-rowindex", index + 2);
    set(row, "tabindex", lead.lead_id === this.#active ? 0 : -1);
    row.style.transform = `translateY(${index * this.#height}px)`;
    row.querySelector("button").tabIndex = lead.lead_id === this.#active ? 0 : -1;
    this.#countDown(row, lead, now);
    if (row.lead === lead && row.words === words && row.me === this.page.me && row.hello === this.page.hello) return;
    Object.assign(row, { lead, words, me: this.page.me, hello: this.page.hello });
    this.#tell(row, lead, words);
  }

  #tell(row, lead, words) {
    const cell = (name) => row.querySelector(`.${name}`);
    set(row, "data-status", lead.status);
    say(cell("lead").children[0], this.page.title(lead));
    const came = [lead.name, lead.priority && word(words.priorities, lead.priority), lead.channel && word(words.channels, lead.channel)];
    say(cell("lead").children[1], [...came, lead.test && words.test].filter(Boolean).join(" · "));
    set(cell("lead"), "title", [lead.lead_id, lead.name].filter(Boolean).join(" · "));
    set(cell("holder"), "title", lead.holder_id ? this.page.name(lead.holder_id) : null);
    mark(cell("status"), lead.status);
    say(cell("status").lastElementChild, words.status[lead.status] ?? lead.status);
    say(cell("holder").children[0], lead.holder_id ? this.page.name(lead.holder_id) : words.nobody);
    const promised = [this.page.promise(lead.policy), lead.source].filter(Boolean).join(" · ");
    say(cell("origin").children[0], this.page.team(lead.team_id));
    say(cell("origin").children[1], promised);
    set(cell("origin"), "title", [this.page.team(lead.team_id), promised].filter(Boolean).join(" · "));
    say(cell("calls"), lead.calls ? words.calls(lead.calls) : "");
    const button = row.querySelector("button");
    const claimant = this.page.claimant;
    button.hidden = !claimant;
    button.disabled = claimant === lead.holder_id && lead.status !== "escalated";
    say(button, button.disabled ? words.yours : words.claim);
    set(button, "aria-label", button.disabled ? null : words.claimOf(lead.lead_id));
  }

  #countDown(row, lead, now) {
    if (!lead) return;
    const { kind, ms } = countdown(lead, now);
    const { words } = this.page;
    const cell = row.firstElementChild;
    set(row, "data-left", kind);
    say(cell.children[0], kind === "none" ? "–" : kind in INSTANTS ? this.page.time(lead[INSTANTS[kind]]) : this.page.span(ms));
    say(cell.children[1], words.left[kind]);
    const own = holderCountdown(lead, now);
    const has = own.kind !== "none" && words.has[own.kind](own.kind === "far" ? this.page.time(lead.due_at) : this.page.span(own.ms));
    const small = row.querySelector(".holder small");
    set(small, "data-left", own.kind);
    say(small.children[0], has || "");
    say(small.children[1], words.turn(lead.turn));
  }

  #activate(id) {
    if (!id || id === this.#active) return;
    this.#active = id;
    for (const [other, row] of this.#rows) {
      set(row, "tabindex", other === id ? 0 : -1);
      row.querySelector("button").tabIndex = other === id ? 0 : -1;
    }
  }

  #focus(index) {
    const lead = this.#shown[index];
    const top = index * this.#height;
    const head = this.grid.firstElementChild.offsetHeight;
    if (top < this.grid.scrollTop) this.grid.scrollTop = top;
    if (top + this.#height + head > this.grid.scrollTop + this.grid.clientHeight)
      this.grid.scrollTop = top + this.#height + head - this.grid.clientHeight;
    this.#active = lead.lead_id;
    this.#draw();
    this.#rows.get(lead.lead_id).focus({ preventScroll: true });
  }

  // Keys of the list. Of a page where nothing has the focus only those that change nothing.
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/") return this.#handled(event, () => this.do.search());
    const focused = this.#focused();
    const id = focused ?? this.#active;
    const lead = this.#shown[this.#index.get(id)];
    if (!lead) return;
    const page = Math.max(1, Math.floor(this.grid.clientHeight / this.#height) - 1);
    const to = moved(event.key, focused ? this.#index.get(id) : this.#index.get(id) - 1, page, this.#shown.length);
    if (to !== null) this.#handled(event, () => this.#focus(to));
    else if (!focused || event.repeat || event.target.tagName === "BUTTON") return;
    else if (event.key === "Enter") this.#handled(event, () => this.do.open(id));
    else if (["c", "C", "с", "С"].includes(event.key) && this.page.claimant) this.#handled(event, () => this.do.claim(lead));
  }

  #handled(event, act) {
    event.preventDefault();
    act();
  }

  #click(event) {
    const row = event.target.closest(".row");
    if (!row) return;
    if (event.target.closest("button")) this.do.claim(row.lead);
    else this.do.open(row.dataset.lead);
  }
}
