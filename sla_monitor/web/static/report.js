"use strict";
// Asks for a report and shows it as a table. Everything shown goes through textContent.
const at = (id) => document.getElementById(id);

const WORDS = {
  en: {
    title: "Report", board: "Open leads", by: "For each",
    period: "Period", from: "From", to: "to", team: "Team", everyTeam: "all", loading: "Loading …", all: "all",
    hint: "A manager’s name leads to the sheet to print.", nobody: "nobody", none: "none", noData: "no data", of: "of",
    empty: "No lead of these days was in a promise.", offline: "No connection; what you see may be old.",
    manager: "Manager", source: "Source", policy: "Policy", day: "Day", hour: "Hour",
    "last=week": "last week", "last=month": "last month", "last=7d": "7 days to today", "last=30d": "30 days to today",
    days: "from … to …",
    received: "Leads", inTime: "In time", attempt: "First attempt, p50 / p90", away: "Lost to others",
    taken: "Got from others", open: "Still open", late: "Late", contact: "First contact, p50 / p90",
    missed: "Missed calls recovered", escalated: "Escalated", closed: "Closed unanswered", target: "Contact target met",
    later: "Later turns in time", unassignable: "Nobody eligible",
  },
  ru: {
    title: "Отчёт", board: "Открытые лиды", by: "По каждому",
    period: "Период", from: "С", to: "по", team: "Команда", everyTeam: "все", loading: "Загрузка …", all: "всего",
    hint: "Имя менеджера ведёт на лист для печати.", nobody: "никто", none: "нет", noData: "нет данных", of: "из",
    empty: "За эти дни не было лидов со сроком.", offline: "Нет связи; данные могли устареть.",
    manager: "Менеджер", source: "Источник", policy: "Правило", day: "День", hour: "Час",
    "last=week": "прошлая неделя", "last=month": "прошлый месяц", "last=7d": "7 дней по сегодня",
    "last=30d": "30 дней по сегодня", days: "с … по …",
    received: "Лиды", inTime: "В срок", attempt: "Первая попытка, p50 / p90", away: "Переданы другим",
    taken: "Получены от других", open: "Ещё ждут", late: "С опозданием", contact: "Первый разговор, p50 / p90",
    missed: "Перезвонили по пропущенным", escalated: "У руководителя", closed: "Закрыты без ответа",
    target: "Разговор в срок", later: "Следующие ходы в срок", unassignable: "Некому передать",
  },
};
const language = navigator.language.startsWith("ru") ? "ru" : "en";
const words = WORDS[language];
const BY = ["manager", "team", "source", "policy", "day", "hour"];
const PERIODS = ["last=week", "last=month", "last=7d", "last=30d", "days"];
const NOTHING = "–";

const count = (number) => (number ? String(number) : NOTHING);
const part = (some, all) => (all ? `${some} ${words.of} ${all}` : NOTHING);

function span(seconds) {
  if (seconds === null) return NOTHING;
  const two = (n) => String(n).padStart(2, "0");
  const all = Math.floor(seconds), h = Math.floor(all / 3600), m = Math.floor(all / 60) % 60;
  return (h ? h + ":" + two(m) : m) + ":" + two(all % 60);
}

const spans = (p50, p90) => (p50 === null ? NOTHING : `${span(p50)} / ${span(p90)}`);

// [word, text of a row, always shown]
const COLUMNS = [
  ["received", (r) => String(r.received), true],
  ["inTime", (r) => (r.decided ? `${Math.floor(r.in_time * 100 / r.decided)}% ${words.of} ${r.decided}` : words.noData), true],
  ["attempt", (r) => spans(r.attempt_p50_seconds, r.attempt_p90_seconds), true],
  ["away", (r) => count(r.reassigned_away)],
  ["taken", (r) => count(r.received_by_reassignment)],
  ["open", (r) => count(r.still_open)],
  ["late", (r) => count(r.late_responses)],
  ["contact", (r) => spans(r.contact_p50_seconds, r.contact_p90_seconds)],
  ["missed", (r) => part(r.missed_calls_recovered, r.missed_calls)],
  ["escalated", (r) => count(r.escalated)],
  ["closed", (r) => count(r.closed_unanswered)],
  ["target", (r) => part(r.contact_target_in_time, r.contact_target_decided)],
  ["later", (r) => part(r.later_turns_in_time, r.later_turns_decided)],
  ["unassignable", (r) => count(r.unassignable)],
];

function element(name, text = "", kind = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function cell(word, text, row) {
  const made = element("td", text, text === NOTHING || text === words.noData ? "none" : word === "inTime" ? "share" : "");
  if (word === "inTime" && row.decided) {
    const track = element("div", "", "track"), bar = element("div");
    bar.style.width = row.in_time * 100 / row.decided + "%";
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
  const day = new Date(name + "T00:00:00Z");
  return day.toLocaleDateString(language, { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" });
}

function head(report, row) {
  const made = element("th");
  made.scope = "row";
  if (report.by !== "manager" || row.manager === null) {
    made.textContent = label(report, row);
    return made;
  }
  const link = element("a", label(report, row));
  const days = { manager: row.manager, from: report.from, to: report.to, timezone: report.timezone };
  link.href = "/report/sheet?" + new URLSearchParams(days);
  link.target = "_blank";
  made.append(link);
  return made;
}

function show(report) {
  const told_apart = report.by === "manager";
  const columns = COLUMNS.filter(([word, text, always]) =>
    (always || text(report.total) !== NOTHING) && (told_apart || word !== "taken"));
  const titles = [report.by, ...columns.map(([word]) => word)].map((word) => {
    const made = element("th", words[word]);
    made.scope = "col";
    return made;
  });
  at("head").replaceChildren(...titles);
  const line = (first, row) => [first, ...columns.map(([word, text]) => cell(word, text(row), row))];
  at("rows").replaceChildren(...report.rows.map((row) => {
    const made = element("tr");
    made.append(...line(head(report, row), row));
    return made;
  }));
  at("total").replaceChildren(...line(element("th", words.all), report.total));
  at("wide").hidden = report.rows.length === 0;
  at("hint").hidden = !told_apart || report.rows.length === 0;
  at("from").value = report.from;
  at("to").value = report.to;
  const day = (text) => new Date(text + "T00:00:00Z").toLocaleDateString(language, { dateStyle: "medium", timeZone: "UTC" });
  const days = `${day(report.from)} – ${day(report.to)}, ${report.timezone}`;
  say(report.rows.length ? days : `${days}. ${words.empty}`, false);
}

function say(text, broken) {
  at("state").textContent = text;
  at("state").className = broken ? "broken" : "";
}

const ask = (path, accept = "application/json") => fetch(path, { headers: { Accept: accept } });

function asked() {
  const query = new URLSearchParams({ by: document.querySelector("#by input:checked").value });
  const period = at("period").value;
  if (period === "days") { query.set("from", at("from").value); query.set("to", at("to").value); }
  else query.set("last", period.slice(5));
  if (at("team").value) query.set("team", at("team").value);
  return query;
}

async function refresh() {
  at("days").hidden = at("period").value !== "days";
  const query = asked();
  say(words.loading, false);
  try {
    const answer = await ask("/v1/report?" + query);
    if (answer.status === 401) { location.assign("/sign-in"); return; }
    if (!answer.ok) { say((await answer.json()).detail, true); return; }
    if (String(asked()) !== String(query)) return; // something else was asked for meanwhile
    show(await answer.json());
    history.replaceState(null, "", "?" + query);
  } catch {
    say(words.offline, true);
  }
}

async function offerTeams(chosen) {
  const answer = await ask("/v1/report?by=team&last=30d").catch(() => null);
  if (!answer || !answer.ok) return;
  const teams = (await answer.json()).rows.map((row) => row.team).filter(Boolean);
  if (chosen && !teams.includes(chosen)) teams.push(chosen);
  at("team").replaceChildren(new Option(words.everyTeam, ""), ...teams.map((team) => new Option(team, team)));
  at("team").value = chosen;
  at("teams").hidden = teams.length < 2;
}

async function download() {
  const answer = await ask("/v1/report?" + asked(), "text/csv");
  if (!answer.ok) { say((await answer.json()).detail, true); return; }
  const link = element("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition"))[1];
  link.click();
  URL.revokeObjectURL(link.href);
}

function prepare() {
  document.documentElement.lang = language;
  document.title = words.title;
  for (const part of document.querySelectorAll("[data-word]")) part.textContent = words[part.dataset.word];
  at("wide").setAttribute("aria-label", words.title);
  const query = new URLSearchParams(location.search);
  const by = BY.includes(query.get("by")) ? query.get("by") : "manager";
  for (const name of BY) {
    const choice = element("label"), input = element("input");
    Object.assign(input, { type: "radio", name: "by", value: name, checked: name === by });
    choice.append(input, element("span", words[name]));
    at("by").append(choice);
  }
  at("period").append(...PERIODS.map((name) => new Option(words[name], name)));
  const last = "last=" + query.get("last");
  if (PERIODS.includes(last)) at("period").value = last;
  if (query.get("from") && query.get("to")) {
    at("period").value = "days";
    at("from").value = query.get("from");
    at("to").value = query.get("to");
  }
  return query.get("team") || "";
}

at("asked").addEventListener("submit", (event) => event.preventDefault());
at("asked").addEventListener("change", refresh);
at("csv").addEventListener("click", download);

const team = prepare();
if (team) at("team").append(new Option(team, team));
refresh().then(() => offerTeams(team));
