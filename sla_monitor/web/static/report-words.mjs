// All that the report says, in English and Russian.

const en = {
  title: "Report",
  board: "Open leads",
  by: "For each",
  period: "Period",
  from: "From",
  to: "to",
  team: "Team",
  everyTeam: "All teams",
  loading: "Loading …",
  all: "all",
  hint: "A manager’s name leads to the sheet to print.",
  nobody: "nobody",
  none: "none",
  noData: "no data",
  of: "of",
  empty: "No response was due in these days.",
  recent: "Show the last 7 days",
  offline: "No connection; what you see may be old.",
  groups: { manager: "Manager", team: "Team", source: "Source", policy: "Policy", day: "Day", hour: "Hour" },
  periods: { week: "Last week", month: "Last month" },
  daysToToday: (n) => `${n} days to today`,
  days: "From … to …",
  received: "Leads",
  inTime: "In time",
  attempt: "First attempt, p50 / p90",
  away: "Lost to others",
  taken: "Got from others",
  open: "Still open",
  late: "Late",
  contact: "First contact, p50 / p90",
  missed: "Missed calls recovered",
  escalated: "Escalated",
  closed: "Closed unanswered",
  target: "Contact target met",
  later: "Later turns in time",
  unassignable: "Nobody eligible",
};

const dayForms = { one: "день", few: "дня", many: "дней", other: "дня" };

const ru = {
  title: "Отчёт",
  board: "Открытые лиды",
  by: "По каждому",
  period: "Период",
  from: "С",
  to: "по",
  team: "Команда",
  everyTeam: "Все команды",
  loading: "Загрузка …",
  all: "всего",
  hint: "Имя менеджера ведёт на лист для печати.",
  nobody: "никто",
  none: "нет",
  noData: "нет данных",
  of: "из",
  empty: "В эти дни ни один ответ не ожидался.",
  recent: "Показать последние 7 дней",
  offline: "Нет связи; данные могли устареть.",
  groups: { manager: "Менеджер", team: "Команда", source: "Источник", policy: "Правило", day: "День", hour: "Час" },
  periods: { week: "Прошлая неделя", month: "Прошлый месяц" },
  daysToToday: (n) => `${n} ${dayForms[new Intl.PluralRules("ru").select(n)]} по сегодня`,
  days: "С … по …",
  received: "Лиды",
  inTime: "В срок",
  attempt: "Первая попытка, p50 / p90",
  away: "Переданы другим",
  taken: "Получены от других",
  open: "Ещё ждут",
  late: "С опозданием",
  contact: "Первый разговор, p50 / p90",
  missed: "Перезвонили по пропущенным",
  escalated: "У руководителя",
  closed: "Закрыты без ответа",
  target: "Разговор в срок",
  later: "Следующие ходы в срок",
  unassignable: "Некому передать",
};

export const REPORT = { en, ru };

// What a period is called: a value of the choice on the page, which is that part of the query which names the days.
export function called(words, period) {
  const [name, value] = period.split("=");
  const days = /^(\d+)d$/.exec(value ?? "");
  if (days) return words.daysToToday(Number(days[1]));
  return name === "week" ? value : words.periods[value] ?? words.days;
}
