// The report: asks for figures and shows them as a table.

import { at, element, options, say } from "./dom.mjs";
import { Looks, fillIn } from "./looks.mjs";
import { percent } from "./percent.mjs";
import { COLUMNS, TITLES } from "./report-figures.mjs";
import { REPORT, called } from "./report-words.mjs";
import { toSignIn, trouble, watchSignOut } from "./session.mjs";
import { WORDS } from "./words.mjs";

const BY = ["manager", "team", "source", "policy", "day", "hour"];
const PERIODS = ["last=week", "last=month", "last=7d", "last=30d"];
const RECENT = "last=7d";
const NOTHING = "–";

let language = "en";
let words = REPORT.en;
let shown = null; // the report that is in the table
let period = PERIODS[0]; // one that the address names may be none of the offered
let teams = []; // [id, name]

const count = (number) => (number ? String(number) : NOTHING);
const part = (some, all) => (all ? `${some} ${words.of} ${all}` : NOTHING);
const spans = (p50, p90) => (p50 === null ? NOTHING : `${span(p50)} / ${span(p90)}`);

function span(seconds) {
  const two = (n) => String(n).padStart(2, "0");
  const all = Math.floor(seconds), h = Math.floor(all / 3600), m = Math.floor(all / 60) % 60;
  return (h ? h + ":" + two(m) : m) + ":" + two(all % 60);
}

const share = (some, all) => (all ? `${percent(some, all)}% ${words.of} ${all}` : words.noData);

// How a cell tells its figures: see `Form` in table.py.
const FORMS = { count, share, part, spans };

const text = ([, form, figures, always], row) => {
  const told = figures.map((name) => row[name]);
  return form === "count" && always ? String(told[0]) : FORMS[form](...told);
};

function cell(column, row) {
  const said = text(column, row), isShare = column[1] === "share";
  const made = element("td", said, said === NOTHING || said === words.noData ? "none" : isShare ? "share" : "");
  if (isShare && row.decided) {
    const track = element("div", "", "track"), bar = element("div");
    bar.style.width = percent(row.in_time, row.decided) + "%";
    track.append(bar);
    made.append(track);
  }
  return made;
}

function label(report, row) {
  const name = row.name;
  if (name === null) return report.by === "manager" ? words.nobody : words.none;
  if (report.by === "hour") return name + ":00";
  if (report.by !== "day") return name;
  return day(name, { weekday: "short", day: "numeric", month: "short" });
}

const day = (text, form) => new Date(text + "T00:00:00Z").toLocaleDateString(language, { ...form, timeZone: "UTC" });

function head(report, row) {
  const made = element("th");
  made.scope = "row";
  if (report.by !== "manager" || row.manager === null) {
    made.textContent = label(report, row);
    return made;
  }
  const link = element("a", label(report, row));
  const days = { manager: row.manager, from: report.from, to: report.to, timezone: report.timezone };
  link.href = "report/sheet?" + new URLSearchParams(days);
  link.target = "_blank";
  made.append(link);
  return made;
}

function show(report) {
  const empty = Object.values(report.total).every((figure) => !figure), byManager = report.by === "manager";
  const columns = COLUMNS.filter((column) =>
    (column[3] || text(column, report.total) !== NOTHING) && (byManager || !column[4]));
  const titles = TITLES[language];
  at("head").replaceChildren(...[words.groups[report.by], ...columns.map(([name]) => titles[name])].map((title) => {
    const made = element("th", title);
    made.scope = "col";
    return made;
  }));
  const line = (first, row) => {
    const made = element("tr");
    made.append(first, ...columns.map((column) => cell(column, row)));
    return made;
  };
  at("rows").replaceChildren(...report.rows.map((row) => line(head(report, row), row)));
  at("total").replaceChildren(...line(element("th", words.all), report.total).children);
  at("wide").hidden = empty;
  at("hint").hidden = !byManager || empty;
  at("recent").hidden = !empty || period === RECENT;
  at("from").value = report.from;
  at("to").value = report.to;
  const days = `${day(report.from, { dateStyle: "medium" })} – ${day(report.to, { dateStyle: "medium" })}, ${report.timezone}`;
  const missing = missed(report);
  tell([empty ? `${days}. ${words.empty}` : days, ...missing].join(" "), missing.length > 0);
}

// What is not in the figures; nothing if they are whole.
function missed(report) {
  const found = [];
  if (report.whole_from) {
    found.push(report.whole_from <= report.to ? words.notWhole(day(report.whole_from, { dateStyle: "medium" })) : words.neverWhole);
  }
  if (report.unreadable) found.push(words.unreadable(report.unreadable));
  return found;
}

function tell(text, broken = false) {
  say(at("state"), text);
  at("state").className = broken ? "broken" : "";
}

const ask = (query, accept = "application/json") => fetch("v1/report?" + query, { headers: { Accept: accept } });

function asked() {
  const days = period ? period : new URLSearchParams({ from: at("from").value, to: at("to").value });
  const query = new URLSearchParams(`by=${document.querySelector("#by input:checked").value}&${days}`);
  if (at("team").value) query.set("team", at("team").value);
  return query;
}

async function refresh() {
  at("days").hidden = period !== "";
  const query = asked();
  tell(words.loading);
  try {
    const answer = await ask(query);
    if (answer.status === 401) { toSignIn(); return; }
    const body = await answer.json();
    if (String(asked()) !== String(query)) return; // something else was asked for meanwhile
    if (!answer.ok) { tell(trouble(WORDS[language], answer.status, body.detail), true); return; }
    shown = body;
    show(shown);
    history.replaceState(null, "", "?" + query);
  } catch {
    tell(words.offline, true);
  }
}

async function findTeams() {
  const answer = await ask("by=team&last=30d").catch(() => null);
  if (!answer?.ok) return;
  teams = (await answer.json()).rows.filter((row) => row.team).map((row) => [row.team, row.name]);
  offer();
}

async function download() {
  const query = asked();
  query.set("excel", language);
  const answer = await ask(query, "text/csv").catch(() => null);
  if (!answer?.ok) { tell(answer ? trouble(WORDS[language], answer.status, (await answer.json()).detail) : words.offline, true); return; }
  const link = element("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition"))[1];
  link.click();
  URL.revokeObjectURL(link.href);
}

// The choices in the words of now; what is chosen stays chosen, though it be none of the usual ones.
function offer() {
  const periods = PERIODS.includes(period) || !period ? PERIODS : [...PERIODS, period];
  options(at("period"), [...periods, ""].map((each) => [each, called(words, each)]));
  at("period").value = period;
  const team = at("team").value, known = !team || teams.some(([id]) => id === team) ? teams : [...teams, [team, team]];
  options(at("team"), [["", words.everyTeam], ...known]);
  at("teams").hidden = known.length < 2 && !team;
  for (const input of document.querySelectorAll("#by input")) say(input.nextElementSibling, words.groups[input.value]);
}

function speak(chosen) {
  language = chosen;
  words = REPORT[chosen];
  document.title = words.title;
  fillIn(words);
  offer();
  if (shown) show(shown);
}

// What the address asks for.
function read() {
  const query = new URLSearchParams(location.search);
  const by = BY.includes(query.get("by")) ? query.get("by") : BY[0];
  for (const name of BY) {
    const choice = element("label"), input = element("input");
    Object.assign(input, { type: "radio", name: "by", value: name, checked: name === by });
    choice.append(input, element("span"));
    at("by").append(choice);
  }
  for (const name of ["last", "week"]) if (query.get(name)) period = `${name}=${encodeURIComponent(query.get(name))}`;
  if (query.get("from") && query.get("to")) {
    period = "";
    at("from").value = query.get("from");
    at("to").value = query.get("to");
  }
  const team = query.get("team");
  if (team) at("team").append(Object.assign(element("option", team), { value: team, selected: true }));
}

at("asked").addEventListener("submit", (event) => event.preventDefault());
at("asked").addEventListener("change", () => {
  period = at("period").value;
  refresh();
});
at("recent").addEventListener("click", () => {
  period = RECENT;
  offer();
  refresh();
  at("period").focus();
});
at("csv").addEventListener("click", download);

read();
watchSignOut();
new Looks(speak);
refresh().then(findTeams);
