"use strict";
// Everything that a record says is put into the page as text, never as markup.
const data = JSON.parse(document.getElementById("data").textContent);
const ROW = 28, MARGIN = 20, IN_PRINT = 2000, CARDS = 200;
const at = Object.fromEntries(data.columns.map((name, index) => [name, index]));
const NUMBERS = new Set([at.pid, at.count]);

function element(tag, text, kind) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function add(parent, ...children) {
  parent.append(...children);
  return parent;
}

function byId(id) {
  return document.getElementById(id);
}

function showHead() {
  const [first, last] = data.span;
  byId("about").textContent = data.sources.join(", ") + (first ? ` — ${first} to ${last}` : "");
  const total = (verdict) => data.rows.reduce((sum, row) => sum + (data.texts[row[at.verdict]] === verdict ? row[at.count] : 0), 0);
  const figures = [
    [total("deny") + total("kill"), "refused", "deny"], [total("log"), "only recorded", "log"], [total("allow"), "allowed", "allow"],
    [data.matrix.owners.length, "distributions and others"], [data.processes.length, "processes"],
  ];
  for (const [number, what, kind] of figures) {
    byId("figures").append(add(element("li"), element("b", number.toLocaleString("en"), number ? kind : ""), element("span", what)));
  }
}

function showDenials() {
  const place = byId("denials");
  if (!data.denials.length) place.append(element("p", "Nothing was refused.", "empty"));
  for (const denial of data.denials.slice(0, CARDS)) {
    const times = denial.count > 1 ? `  ×${denial.count.toLocaleString("en")}` : "";
    const head = add(element("p"), element("b", denial.owner), ` → ${denial.capability} `, element("span", denial.target, "mono"), times);
    const how = element("p", `${denial.time}  ${denial.phase}  ${denial.module}  ${denial.rule}  ${denial.id}`, "how mono");
    const card = add(element("div", undefined, `denial ${denial.verdict}`), head, how, element("pre", denial.settle));
    if (denial.stack.length) {
      card.append(add(element("details"), element("summary", "stack"), element("pre", denial.stack.join("\n"))));
    }
    place.append(card);
  }
  const rest = data.denials.length - CARDS;
  if (rest > 0) place.append(element("p", `${rest.toLocaleString("en")} kinds more: choose the verdict “deny” below.`, "empty"));
}

function showEvents() {
  byId("events-section").hidden = !data.events.length;
  for (const event of data.events) byId("events").append(element("li", `${event.time}  ${event.event}  ${event.reason}`, "mono"));
}

function showMatrix() {
  const table = element("table");
  const head = add(element("tr"), element("th", "owner"));
  for (const name of data.matrix.capabilities) head.append(element("th", name));
  table.append(add(element("thead"), head));
  const body = element("tbody");
  for (const [owner, cells] of data.matrix.owners) {
    const row = add(element("tr"), element("td", owner, "mono"));
    for (const name of data.matrix.capabilities) {
      const cell = cells[name];
      row.append(cell ? element("td", cell[1].toLocaleString("en"), cell[0]) : element("td", ""));
    }
    body.append(row);
  }
  byId("matrix").append(add(table, body));
}

function showTimeline() {
  if (!data.timeline.length) return;
  const start = Math.min(...data.timeline.map((row) => row[1]));
  const width = Math.max(...data.timeline.map((row) => row[2])) - start || 1;
  for (const [owner, first, last, verdict, count] of data.timeline) {
    const bar = element("div", undefined, `bar ${verdict}`);
    bar.style.left = `${(100 * (first - start)) / width}%`;
    bar.style.width = `${(100 * (last - first)) / width}%`;
    const label = element("span", owner, "mono");
    label.title = `${(first - start).toFixed(3)} s to ${(last - start).toFixed(3)} s`;
    byId("timeline").append(add(element("div", undefined, "lane"), label, add(element("div", undefined, "track"), bar),
      element("span", count.toLocaleString("en"), "n")));
  }
}

// The search: only the rows that can be seen are in the document.
let shown = data.rows;
const lower = data.texts.map((text) => text.toLowerCase());

function offer(id) {
  const used = [...new Set(data.rows.map((row) => row[at[id]]))].map((number) => [data.texts[number], number]).sort();
  byId(id).append(new Option(`any ${id}`, ""));
  for (const [text, number] of used) byId(id).append(new Option(text || "none", number));
}

function search() {
  const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  // Which texts hold a word is asked once for each text, and not once for each row.
  const holding = words.map((word) => new Set(lower.flatMap((text, number) => (text.includes(word) ? [number] : []))));
  const wanted = ["verdict", "capability", "phase"].filter((id) => byId(id).value !== "").map((id) => [at[id], Number(byId(id).value)]);
  shown = data.rows.filter((row) => wanted.every(([column, number]) => row[column] === number)
    && holding.every((numbers) => row.some((value, column) => !NUMBERS.has(column) && numbers.has(value))));
  byId("matches").textContent = `${shown.length.toLocaleString("en")} of ${data.rows.length.toLocaleString("en")}`;
  byId("records").scrollTop = 0;
  draw();
}

function rowOf(row) {
  const made = element("tr");
  row.forEach((value, column) => {
    const text = NUMBERS.has(column) ? String(value) : data.texts[value];
    const cell = element("td", text, column === at.verdict ? text : "mono");
    if (column === at.target) cell.title = text;
    made.append(cell);
  });
  return made;
}

function draw(everything) {
  const place = byId("records"), table = byId("spacer").firstElementChild;
  const first = everything ? 0 : Math.max(0, Math.floor(place.scrollTop / ROW) - MARGIN);
  const count = everything ? IN_PRINT : Math.ceil(place.clientHeight / ROW) + 2 * MARGIN;
  byId("spacer").style.height = `${(shown.length + 1) * ROW}px`;
  table.style.top = `${first * ROW}px`;
  table.tBodies[0].replaceChildren(...shown.slice(first, first + count).map(rowOf));
}

function start() {
  showHead();
  showDenials();
  showEvents();
  showMatrix();
  showTimeline();
  showImports();
  const head = element("tr");
  for (const name of data.columns) head.append(element("th", name));
  byId("spacer").firstElementChild.tHead.append(head);
  ["verdict", "capability", "phase"].forEach(offer);
  byId("filter").addEventListener("input", search);
  byId("filter").addEventListener("submit", (event) => event.preventDefault());
  byId("records").addEventListener("scroll", () => requestAnimationFrame(() => draw()), { passive: true });
  addEventListener("beforeprint", () => draw(true));
  addEventListener("afterprint", () => draw());
  search();
  document.documentElement.dataset.ready = Math.round(performance.now());
}

start();
