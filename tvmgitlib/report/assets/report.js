"use strict";
// Draws the tables and the charts of a page from the JSON in it. Texts become text nodes, never markup.
(() => {
  const root = document.body.dataset.root;
  const data = JSON.parse(document.getElementById("data").textContent);
  const NUMBERS = new Set(["count", "seconds", "factor", "percent"]);
  const FEW = 4; // rows that need no search
  const UNITS = [["s", 1], ["ms", 1e-3], ["us", 1e-6], ["ns", 1e-9]];

  const make = (tag, classes, text) => {
    const element = document.createElement(tag);
    if (classes) element.className = classes;
    if (text !== undefined) write(element, text);
    return element;
  };

  // A text that wraps between words only where it has options: a line of `-mtriple` shall not end behind its hyphen.
  const write = (element, text) => {
    const words = / -/.test(text) ? text.split(" ") : [];
    if (words.length === 0) element.textContent = text;
    words.forEach((word, at) => element.append(at ? " " : "", make("span", "word", word)));
  };

  const seconds = (value) => {
    const [unit, length] = UNITS.find(([, length]) => Math.round(value / length * 100) / 100 >= 1) || UNITS[3];
    return `${(value / length).toFixed(2)} ${unit}`;
  };

  const shown = (kind, value) => {
    if (value === null || value === undefined) return "";
    if (kind === "count") return value.toLocaleString("en", { maximumFractionDigits: 2 });
    if (kind === "seconds") return seconds(value);
    if (kind === "factor") return `${value.toFixed(2)}x`;
    if (kind === "percent") return `${(100 * value).toFixed(1)}%`;
    if (kind === "date") return value.slice(0, 10);
    if (kind === "id") return value.slice(0, 10);
    return String(value);
  };

  const compare = (left, right) => {
    if (typeof left === "number" && typeof right === "number") return left - right;
    return String(left).localeCompare(String(right), "en", { numeric: true });
  };

  // The part of the address behind the #: `q` is what is searched for, any other name is a column.
  const asked = () => new URLSearchParams(location.hash.slice(1));

  class Table {
    constructor(place, table) {
      this.place = place;
      this.columns = table.columns;
      this.rows = table.rows;
      this.page = Number(place.dataset.page);
      this.limit = this.page;
      this.searched = "search" in place.dataset;
      this.sorted = null;
      this.down = false;
      this.widths = this.columns.map((column, at) => this.width(column, at));
      const label = this.columns.findIndex((column) => column.kind === "label");
      const text = this.columns.findIndex((column) => column.kind === "text" && column.linked);
      this.names = label >= 0 ? label : Math.max(text, 0);
      if (this.searched) {
        this.words = this.rows.map((row) => row.map((cell, at) => this.text(cell, at)).join("\n").toLowerCase());
      }
      this.build();
      if (this.searched) {
        addEventListener("hashchange", () => this.read());
        this.read();
      } else {
        this.draw();
      }
    }

    value(row, at) {
      return this.columns[at].linked ? row[at][0] : row[at];
    }

    text(cell, at) {
      const value = this.columns[at].linked ? cell[0] : cell;
      if (value === null) return "";
      return this.columns[at].kind === "id" ? value : shown(this.columns[at].kind, value);
    }

    // How much room a column of words asks for, by its longest.
    width(column, at) {
      if (column.kind !== "label" && column.kind !== "text") return "";
      const longest = this.rows.reduce((most, row) => Math.max(most, this.text(row[at], at).length), 0);
      return longest <= 16 ? "short" : longest <= 28 ? "medium" : "long";
    }

    build() {
      const tools = make("div", "tools");
      if (this.searched) {
        this.input = make("input");
        this.input.type = "search";
        this.input.placeholder = "Search";
        this.input.setAttribute("aria-label", `Search ${this.place.dataset.noun}s`);
        this.input.hidden = this.rows.length < FEW;
        this.input.addEventListener("input", () => this.search());
        tools.append(this.input);
      }
      if (this.rows.length > 1 && this.searched) {
        const sort = make("select", "sort");
        sort.setAttribute("aria-label", "Sort by");
        sort.append(new Option("Sort by", ""));
        this.columns.forEach((column, at) => sort.append(new Option(column.name, String(at))));
        sort.addEventListener("change", () => this.sort(sort.value === "" ? null : Number(sort.value)));
        tools.append(sort);
      }
      this.counted = make("span", "count");
      this.counted.setAttribute("aria-live", "polite");
      this.chips = make("span", "chips");
      tools.append(this.counted, this.chips);
      if (this.searched) this.place.append(tools);

      const table = make("table");
      const head = make("tr");
      this.columns.forEach((column, at) => {
        const cell = make("th", NUMBERS.has(column.kind) ? "number" : "");
        if (column.name.length > 24) cell.classList.add("wordy");
        cell.scope = "col";
        const button = make("button", "", column.name);
        button.type = "button";
        button.addEventListener("click", () => this.sort(at));
        cell.append(button);
        head.append(cell);
      });
      this.heads = [...head.children];
      const top = make("thead");
      top.append(head);
      this.body = make("tbody");
      table.append(top, this.body);
      const scroll = make("div", "scroll");
      scroll.append(table);
      this.scroll = scroll;
      this.nothing = make("p", "nothing");
      this.more = make("button", "more");
      this.more.type = "button";
      this.more.addEventListener("click", () => { this.limit *= 4; this.draw(); });
      this.place.append(scroll, this.nothing, this.more);
    }

    sort(at) {
      if (at === null) {
        this.sorted = null;
      } else if (this.sorted === at) {
        this.down = !this.down;
      } else {
        this.sorted = at;
        this.down = ["count", "factor", "percent", "date"].includes(this.columns[at].kind);
      }
      this.draw();
    }

    search() {
      const words = asked();
      if (this.input.value) words.set("q", this.input.value); else words.delete("q");
      history.replaceState(null, "", words.size ? `#${words}` : location.pathname + location.search);
      this.limit = this.page;
      this.draw();
    }

    read() {
      this.input.value = asked().get("q") || "";
      this.draw();
    }

    filters() {
      if (!this.searched) return [];
      return [...asked()].map(([name, value]) => [this.columns.findIndex((column) => column.name === name), value])
        .filter(([at]) => at >= 0);
    }

    chosen() {
      const filters = this.filters();
      const words = this.searched ? this.input.value.toLowerCase().split(/\s+/).filter(Boolean) : [];
      let rows = this.rows.map((row, number) => number).filter((number) =>
        filters.every(([at, value]) => this.text(this.rows[number][at], at) === value)
        && words.every((word) => this.words[number].includes(word)));
      if (this.sorted !== null) {
        const known = (number) => this.value(this.rows[number], this.sorted) !== null;
        const sign = this.down ? -1 : 1;
        rows = rows.filter(known)
          .sort((a, b) => sign * compare(this.value(this.rows[a], this.sorted), this.value(this.rows[b], this.sorted)))
          .concat(rows.filter((number) => !known(number)));
      }
      return rows;
    }

    cell(row, at) {
      const column = this.columns[at];
      const value = this.value(row, at);
      const cell = make("td", `kind-${column.kind} ${NUMBERS.has(column.kind) ? "number" : this.widths[at]}`);
      if (at === this.names) cell.classList.add("names");
      cell.dataset.name = column.name;
      if (value === null) {
        cell.classList.add("blank");
        return cell;
      }
      const text = shown(column.kind, value);
      const target = column.linked ? row[at][1] : null;
      const inner = target ? make("a", "", text) : column.kind === "grade" ? make("span", "badge", text) : null;
      if (target) inner.href = root + target;
      if (column.kind === "grade") inner.classList.add(`state-${text.replace(/[^a-z]/g, "-")}`);
      if (column.kind === "date" || column.kind === "id") cell.title = value;
      if (column.kind === "seconds") cell.title = `${value} s`;
      if (inner) cell.append(inner); else write(cell, text);
      return cell;
    }

    draw() {
      const rows = this.chosen();
      this.body.replaceChildren(...rows.slice(0, this.limit).map((number) => {
        const line = make("tr");
        line.append(...this.columns.map((column, at) => this.cell(this.rows[number], at)));
        return line;
      }));
      this.heads.forEach((head, at) => {
        if (at === this.sorted) head.setAttribute("aria-sort", this.down ? "descending" : "ascending");
        else head.removeAttribute("aria-sort");
      });
      const noun = this.place.dataset.noun;
      const total = this.rows.length.toLocaleString("en");
      const nouns = this.rows.length === 1 ? noun : noun === "person" ? "people" : `${noun}s`;
      this.counted.textContent = rows.length === this.rows.length
        ? `${total} ${nouns}` : `${rows.length.toLocaleString("en")} of ${total} ${nouns}`;
      this.scroll.hidden = rows.length === 0;
      this.nothing.hidden = rows.length > 0;
      this.nothing.textContent = this.rows.length ? `No ${noun} matches.` : this.place.dataset.empty;
      const left = rows.length - this.limit;
      this.more.hidden = left <= 0;
      this.more.textContent = `Show ${Math.min(left, this.limit * 3).toLocaleString("en")} more`;
      this.chips.replaceChildren(...this.filters().map(([at, value]) => {
        const chip = make("button", "chip", `${this.columns[at].name}: ${value} ✕`);
        chip.type = "button";
        chip.addEventListener("click", () => {
          const words = asked();
          words.delete(this.columns[at].name);
          location.hash = words.toString();
        });
        return chip;
      }));
    }
  }

  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

  const theme = () => ({
    background: "transparent",
    font: getComputedStyle(document.body).fontFamily,
    view: { stroke: null },
    axis: {
      labelColor: color("quiet"), titleColor: color("quiet"), gridColor: color("line"), domainColor: color("line"),
      tickColor: color("line"), labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal", titlePadding: 10,
      labelPadding: 6,
    },
    axisX: { grid: false },
    legend: { labelColor: color("ink"), labelFontSize: 12, symbolType: "circle" },
    point: { color: color("accent") },
    line: { color: color("accent") },
    area: { color: color("accent"), line: { color: color("accent") } },
    range: { category: ["accent", "warn", "good", "bad", "info", "grey"].map(color) },
  });

  // Expressions are interpreted, not compiled: the page's policy allows no eval.
  const draw = (place, spec) => vegaEmbed(place, { width: "container", height: 260, autosize: { type: "fit", contains: "padding" }, ...spec, config: theme() }, {
    mode: "vega-lite", ast: true, actions: false, renderer: "svg", defaultStyle: false,
    tooltip: { disableDefaultStyle: true, theme: "custom" },
  });

  const charts = () => {
    for (const place of document.querySelectorAll("[data-chart]")) {
      const found = data.charts[place.dataset.chart];
      if (!Array.isArray(found)) {
        draw(place, found);
        continue;
      }
      const before = place.previousElementSibling;
      let chooser = before && before.classList.contains("choose") ? before : null;
      if (!chooser && found.length > 1) {
        chooser = make("select", "choose");
        chooser.setAttribute("aria-label", "Workload");
        found.forEach(([name], at) => chooser.append(new Option(name, String(at))));
        chooser.addEventListener("change", () => draw(place, found[Number(chooser.value)][1]));
        place.before(chooser);
      }
      draw(place, found[chooser ? Number(chooser.value) : 0][1]);
    }
  };

  for (const place of document.querySelectorAll("[data-table]")) new Table(place, data.tables[place.dataset.table]);
  if (document.querySelector("[data-chart]")) {
    addEventListener("DOMContentLoaded", () => requestAnimationFrame(() => setTimeout(charts)));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", charts);
  }
})();
