// The board: puts its parts together, and draws what has changed, once a frame at most.

import { Actions } from "./actions.mjs";
import { Hour, News, People } from "./aside.mjs";
import { at, element, each, options, say, set } from "./dom.mjs";
import { Drawer } from "./drawer.mjs";
import { Feed } from "./feed.mjs";
import { Filter, TESTS } from "./filter.mjs";
import { STATUSES } from "./leads.mjs";
import { List } from "./list.mjs";
import { Looks } from "./looks.mjs";
import { Page } from "./page.mjs";
import { signOut, toSignIn, watchSignOut } from "./session.mjs";

const page = new Page();
const filter = new Filter();
const actions = new Actions(page, draw);
const feed = new Feed(page, { changed: draw, started: meet });
const drawer = new Drawer(page, actions);
const list = new List(page, { open: (id) => drawer.open(id), claim: (lead) => actions.claim(lead), search: () => at("search").focus() });
const name = (id) => page.name(id);
const parts = [
  new People(page, { presence: (...said) => actions.presence(...said) }),
  new Hour(page, { open: (id) => drawer.open(id) }),
  new News(page, { open: (id) => drawer.open(id) }),
];

let drawing = false;

function draw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    show();
  });
}

function show() {
  actions.look();
  showState();
  showNotice();
  if (!page.hello) return;
  showFilters();
  set(document.body, "data-acts", page.claimant ? true : null);
  const leads = page.leads.shown(filter.of(page), name);
  list.show(leads);
  showEmpty(leads.length);
  for (const part of parts) part.show();
  drawer.show();
}

function showState() {
  const { state, heardAt } = feed.link;
  const { words } = page;
  const since = heardAt === null ? "" : page.time(page.clock.now(heardAt), true);
  const shown = state === "live" && page.unready.length ? "unready" : state;
  say(at("state"), typeof words.states[shown] === "function" ? words.states[shown](since) : words.states[shown]);
  set(at("state"), "data-state", shown);
  set(at("state"), "title", shown === "unready" ? page.unready.join("; ") : null);
  set(document.body, "data-state", shown);
  set(document.querySelector("main"), "aria-busy", state === "connecting");
  const me = page.me;
  say(at("who"), me ? `${me.manager_id ? page.name(me.manager_id) : me.name} · ${words.roles[me.role]}` : "");
  const signs = state === "out" || me?.signed_in_by === "session";
  at("sign-out").hidden = !signs;
  say(at("sign-out"), state === "out" ? words.signIn : words.signOut);
}

function showFilters() {
  const { words } = page;
  const counts = page.leads.counts({ ...filter.of(page), test: false }, name);
  const all = Object.values(counts).reduce((sum, n) => sum + n, 0);
  const chips = [["", words.allStates, all], ...STATUSES.map((status) => [status, words.status[status], counts[status]])];
  if (page.leads.tests || filter.status === TESTS) chips.push([TESTS, words.tests, page.leads.tests]);
  each(at("chips"), chips, ([status]) => status || "all", makeChip, (chip, [status, text, n]) => {
    set(chip, "aria-pressed", filter.status === status);
    set(chip, "data-none", n === 0 || null);
    say(chip.children[0], text);
    say(chip.children[1], String(n));
  });
  offer(at("team"), words.allTeams, page.leads.values("team_id"), filter.team, (id) => page.team(id));
  offer(at("source"), words.allSources, page.leads.values("source"), filter.source);
  set(at("search"), "placeholder", words.search);
  at("only-mine").hidden = !page.me?.manager_id;
}

// A choice of values; none where there is nothing to choose, unless something is chosen.
function offer(select, all, values, chosen, called = (value) => value) {
  const kept = chosen && !values.includes(chosen) ? [...values, chosen] : values;
  options(select, [["", all], ...kept.map((value) => [value, called(value)])]);
  select.value = chosen;
  select.parentElement.hidden = kept.length < 2 && !chosen;
}

function makeChip([status]) {
  const chip = element("button");
  chip.type = "button";
  chip.append(element("span"), " ", element("b"));
  chip.addEventListener("click", () => {
    filter.set({ status: filter.status === status ? "" : status });
    draw();
  });
  return chip;
}

function showEmpty(shown) {
  const { words, leads, hour, hello } = page;
  const urgent = leads.all().filter((lead) => ["overdue", "unassignable", "escalated"].includes(lead.status)).length;
  document.title = urgent ? `(${urgent}) ${words.title}` : words.title;
  say(at("shown"), words.shown(shown, leads.size));
  at("empty").hidden = shown > 0;
  const last = hour.answered_at ? words.emptySince(page.time(hour.answered_at)) : words.empty;
  say(at("empty").firstElementChild, leads.size ? words.noMatch : last);
  at("empty").lastElementChild.hidden = leads.size === 0;
  at("keys").hidden = shown === 0;
  set(document.body, "data-managed", hello.managed);
}

function showNotice() {
  const { words, hello, leads } = page;
  const notice = at("notice");
  const all = leads.all();
  const stuck = all.filter((lead) => lead.status === "unassignable");
  const teams = [...new Set(stuck.map((lead) => page.team(lead.team_id)).filter(Boolean))].sort();
  const opens = all.length && all.every((lead) => lead.status === "scheduled") ? Math.min(...all.map((lead) => lead.started_at)) : 0;
  const [title, text] = feed.link.state === "out" ? [words.states.out, words.signedOut]
    : hello && !hello.managed ? [words.noManagers, words.noManagersText]
    : stuck.length ? [words.nobodyFree(teams.join(", ")), words.nobodyEligible(stuck.length)]
    : opens ? [words.closed(page.time(opens)), words.closedText(all.length)] : ["", ""];
  notice.hidden = !title;
  set(notice, "data-calm", opens && !stuck.length ? true : null);
  if (notice.dataset.text === title + text) return;
  notice.dataset.text = title + text;
  notice.replaceChildren(element("b", title), element("p", text), ...(stuck.length ? [leadTo("unassignable", words.showThem)] : []));
}

// A button that shows the leads of a status.
function leadTo(status, text) {
  const made = element("button", text);
  made.type = "button";
  made.addEventListener("click", () => {
    filter.set({ status });
    show();
    at("list").focus();
  });
  return made;
}

async function meet() {
  const answer = await fetch("v1/me").catch(() => null);
  if (answer?.ok) page.me = await answer.json();
  draw();
}

// One timer for every countdown; it strikes with the server's seconds.
function tick() {
  if (page.hello) list.tick();
  setTimeout(tick, page.clock.untilNextSecond(performance.now()));
}

// The lead that the address names.
function openNamed() {
  const named = new URLSearchParams(location.hash.slice(1)).get("lead");
  if (named) drawer.open(named);
}

function view(name) {
  document.body.dataset.view = name;
  for (const tab of at("tabs").children) set(tab, "aria-current", tab.dataset.view === name ? "true" : null);
}

at("sign-out").addEventListener("click", () => (feed.link.state === "out" ? toSignIn() : signOut()));
watchSignOut();
at("tabs").addEventListener("click", (event) => event.target.dataset.view && view(event.target.dataset.view));
at("filters").addEventListener("submit", (event) => event.preventDefault());
for (const kind of ["input", "change"]) {
  at("filters").addEventListener(kind, () => {
    const offered = page.hello ? { team: at("team").value, source: at("source").value } : {}; // until then they are empty
    filter.set({ ...offered, text: at("search").value.trim(), mine: at("mine").checked });
    draw();
  });
}
at("empty").lastElementChild.addEventListener("click", () => {
  at("filters").reset();
  filter.set({ team: "", source: "", status: "", mine: false, text: "" });
  show();
  at("search").focus();
});
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  (document.querySelector('#rows .row[tabindex="0"]') ?? at("list")).focus();
});

// Keys of the list work wherever nothing else has the focus.
document.addEventListener("keydown", (event) => {
  if (event.target === document.body && !at("drawer").open) list.key(event);
});

at("search").value = filter.text;
at("mine").checked = filter.mine;
view("leads");
new Looks((language) => {
  page.speak(language);
  show();
});
meet();
feed.open();
tick();
openNamed();
addEventListener("hashchange", openNamed);
