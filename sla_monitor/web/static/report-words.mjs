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
  notWhole: (day) => `Not whole: outcomes of before ${day} are not kept any more; no figure of those days is right.`,
  neverWhole: "Not whole: outcomes of these days are not kept any more; no figure is right.",
  unreadable: (n) => `Not whole: ${n} records of the outcomes could not be read.`,
  offline: "No connection; what you see may be old.",
  groups: { manager: "Manager", team: "Team", source: "Source", policy: "Policy", day: "Day", hour: "Hour" },
  periods: { week: "Last week", month: "Last month" },
  daysToToday: (n) => `${n} days to today`,
  days: "From … to …",
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
  notWhole: (day) => `Неполно: решения до ${day} уже не хранятся, цифры тех дней неверны.`,
  neverWhole: "Неполно: решения этих дней уже не хранятся, цифры неверны.",
  unreadable: (n) => `Неполно: не прочитаны записи журнала решений, ${n}.`,
  offline: "Нет связи; данные могли устареть.",
  groups: { manager: "Менеджер", team: "Команда", source: "Источник", policy: "Правило", day: "День", hour: "Час" },
  periods: { week: "Прошлая неделя", month: "Прошлый месяц" },
  daysToToday: (n) => `${n} ${dayForms[new Intl.PluralRules("ru").select(n)]} по сегодня`,
  days: "С … по …",
};

export const REPORT = { en, ru };

// What a period is called: a value of the choice on the page, which is that part of the query which names the days.
export function called(words, period) {
  const [name, value] = period.split("=");
  const days = /^(\d+)d$/.exec(value ?? "");
  if (days) return words.daysToToday(Number(days[1]));
  return name === "week" ? value : words.periods[value] ?? words.days;
}
