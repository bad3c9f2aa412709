// What narrows the list, as the address of the page says it: a reload or a link shows the same.

export const TESTS = "tests"; // in the place of a status: the test leads, which are on no other list

const NAMES = { team: "team", source: "source", status: "status", text: "q" };

export class Filter {
  constructor(search = location.search) {
    const query = new URLSearchParams(search);
    for (const [name, key] of Object.entries(NAMES)) this[name] = query.get(key) ?? "";
    this.mine = query.get("mine") === "1";
  }

  // some: of team, source, status, text, mine.
  set(some) {
    Object.assign(this, some);
    history.replaceState(null, "", `${location.pathname}${this.query()}${location.hash}`);
  }

  query() {
    const said = Object.entries(NAMES).filter(([name]) => this[name]).map(([name, key]) => [key, this[name]]);
    const query = new URLSearchParams([...said, ...(this.mine ? [["mine", "1"]] : [])]);
    return query.size ? `?${query}` : "";
  }

  // For the leads of a page: whose they are, if only those of whoever looks are wanted.
  of(page) {
    const { team, source, text } = this;
    const test = this.status === TESTS;
    return { team, source, text, test, status: test ? "" : this.status, mine: (this.mine && page.me?.manager_id) || "" };
  }
}
