// The few ways in which the page is written. Whatever comes from outside becomes text or an attribute's value, never HTML.

export const at = (id) => document.getElementById(id);

// A copy of a template's first element.
export function copy(id) {
  const found = at(id).content.firstElementChild;
  return document.importNode(found, true);
}

// The text of an element, touched only when it differs: what did not change is not read out again.
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function set(element, name, value) {
  if (value === null || value === undefined) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

export function element(name, text = "", className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

// The mark of a status: a shape beside its word.
export const mark = (holder, name) => set(holder.querySelector("use"), "href", `#m-${name}`);

// The options of a select: [value, text] each, and [[value, text], ...] by the title of a group; the chosen one stays
// while it is there.
export function options(select, pairs, groups = {}) {
  const signature = JSON.stringify([pairs, groups]);
  if (select.dataset.pairs === signature) return;
  const chosen = select.value;
  select.dataset.pairs = signature;
  const option = ([value, text]) => Object.assign(element("option", text), { value });
  const grouped = Object.entries(groups).filter(([, some]) => some.length).map(([label, some]) => {
    const group = Object.assign(element("optgroup"), { label });
    group.append(...some.map(option));
    return group;
  });
  select.replaceChildren(...pairs.map(option), ...grouped);
  if ([...pairs, ...Object.values(groups).flat()].some(([value]) => value === chosen)) select.value = chosen;
}

// Children of a list, one for each item by its key: those that stay are the same elements, so focus stays too.
export function each(list, items, key, make, fill) {
  const known = new Map([...list.children].map((child) => [child.dataset.key, child]));
  let after = null;
  for (const item of items) {
    const name = String(key(item));
    const child = known.get(name) ?? make(item);
    known.delete(name);
    child.dataset.key = name;
    fill(child, item);
    const place = after ? after.nextElementSibling : list.firstElementChild;
    if (place !== child) list.insertBefore(child, place);
    after = child;
  }
  for (const child of known.values()) child.remove();
}

// What is remembered in this browser; nothing where storage is forbidden.
export const memory = {
  get(name) {
    try { return localStorage.getItem(name); } catch { return null; }
  },
  set(name, value) {
    try { value ? localStorage.setItem(name, value) : localStorage.removeItem(name); } catch { /* forgotten then */ }
  },
};
