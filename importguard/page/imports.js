"use strict";
// What imports took: a bar for each distribution, and a waterfall of which only what can be seen is in the document.
const FALL_ROW = 22, FALL_MARGIN = 30, FALL_IN_PRINT = 400, LANES = 24, COLOURS = 8;
const fall = { process: null, rows: [], colours: new Map() };

function milliseconds(microseconds) {
  const value = microseconds / 1000;
  return `${value >= 100 ? Math.round(value).toLocaleString("en") : value.toFixed(value >= 10 ? 1 : 2)} ms`;
}

function showImports() {
  byId("imports-section").hidden = !data.imports.length;
  if (!data.imports.length) return;
  data.imports.forEach((process, number) => byId("import-process").append(
    new Option(`process ${process.pid}, ${milliseconds(process.total)}: ${process.command.slice(0, 120)}`, number)));
  byId("import-process").hidden = data.imports.length === 1;
  for (const [least, text] of [[0, "every module"], [1000, "1 ms or more"], [10000, "10 ms or more"], [100000, "100 ms or more"]]) {
    byId("import-least").append(new Option(text, least));
  }
  byId("import-filter").addEventListener("input", (event) => (event.target.id === "import-process" ? chooseProcess() : filterImports()));
  byId("import-filter").addEventListener("submit", (event) => event.preventDefault());
  byId("waterfall").addEventListener("scroll", () => requestAnimationFrame(() => drawFall()), { passive: true });
  addEventListener("beforeprint", () => drawFall(true));
  addEventListener("afterprint", () => drawFall());
  chooseProcess();
}

function chooseProcess() {
  fall.process = data.imports[Number(byId("import-process").value) || 0];
  fall.colours = new Map(fall.process.owners.slice(0, COLOURS).map(([owner], number) => [owner, `c${number}`]));
  byId("import-total").textContent = `${fall.process.rows.length.toLocaleString("en")} modules in ${milliseconds(fall.process.total)}`;
  showShares();
  filterImports();
}

function showShares() {
  const most = Math.max(1, fall.process.owners[0][1]);
  const lanes = fall.process.owners.slice(0, LANES).map(([owner, own, count]) => {
    const name = element("button", data.texts[owner], "mono");
    name.type = "button";
    name.addEventListener("click", () => {
      const search = byId("import-search");
      search.value = search.value === data.texts[owner] ? "" : data.texts[owner];
      filterImports();
    });
    const bar = element("div", undefined, `bar ${fall.colours.get(owner) || "rest"}`);
    bar.style.width = `${(100 * own) / most}%`;
    return add(element("div", undefined, "lane"), name, add(element("div", undefined, "track"), bar),
      element("span", `${milliseconds(own)} · ${count.toLocaleString("en")}`, "n"));
  });
  const rest = fall.process.owners.slice(LANES);
  if (rest.length) {
    const own = rest.reduce((sum, entry) => sum + entry[1], 0);
    lanes.push(element("p", `${rest.length.toLocaleString("en")} more: ${milliseconds(own)}`, "empty"));
  }
  byId("import-owners").replaceChildren(...lanes);
}

function filterImports() {
  const words = byId("import-search").value.toLowerCase().split(/\s+/).filter(Boolean), least = Number(byId("import-least").value);
  fall.rows = fall.process.rows.filter(([module, owner, , duration]) => duration >= least
    && words.every((word) => lower[module].includes(word) || lower[owner].includes(word)));
  byId("import-matches").textContent = `${fall.rows.length.toLocaleString("en")} of ${fall.process.rows.length.toLocaleString("en")}`;
  byId("waterfall").scrollTop = 0;
  drawFall();
}

function fallRow([module, owner, start, duration, own, depth], end) {
  const label = element("span", data.texts[module], "mono");
  label.style.paddingLeft = `${Math.min(depth, 20) * 0.7}rem`;
  const bar = element("div", undefined, `bar ${fall.colours.get(owner) || "rest"}`);
  bar.style.left = `${(100 * start) / end}%`;
  bar.style.width = `${(100 * duration) / end}%`;
  const row = add(element("div", undefined, "fall"), label, add(element("div", undefined, "track"), bar), element("span", milliseconds(duration), "n"));
  row.title = `${data.texts[module]}\n${data.texts[owner]}\nfrom ${milliseconds(start)}, ${milliseconds(duration)}, by itself ${milliseconds(own)}`;
  return row;
}

function drawFall(everything) {
  const place = byId("waterfall");
  const first = everything ? 0 : Math.max(0, Math.floor(place.scrollTop / FALL_ROW) - FALL_MARGIN);
  const count = everything ? FALL_IN_PRINT : Math.ceil(place.clientHeight / FALL_ROW) + 2 * FALL_MARGIN;
  const end = fall.process.rows.reduce((most, row) => Math.max(most, row[2] + row[3]), 1);
  byId("falling").style.height = `${fall.rows.length * FALL_ROW}px`;
  byId("fallen").style.top = `${first * FALL_ROW}px`;
  byId("fallen").replaceChildren(...fall.rows.slice(first, first + count).map((row) => fallRow(row, end)));
}
