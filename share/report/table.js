// The table of all points, sorted by any column; the filters, which the plot obeys too; the list of
// what failed.
"use strict";

const table = { columns: [], sort: "", descending: false };

// A figure with its interval below it, smaller.
function withInterval(text, interval) {
    return interval ? [text, " ", el("span", { class: "interval" }, interval)] : [text];
}

const stateKind = (point) => point.chosen ? "chosen" : point.front ? "front"
    : isDone(point) ? "done" : point.state;
// "front", or "front, dropped" for what halving dropped and nothing beats.
const stateText = (point) => isDone(point) || stateKind(point) === point.state ? stateKind(point)
    : `${stateKind(point)}, ${point.state}`;

// A column's value for sorting comes from value; cell makes what stands there.
function tableColumns() {
    const columns = [{
        key: "name", label: "Point", value: (point) => point.name, text: true,
    }, {
        key: "state", label: "State", text: true,
        value: (point) => ["chosen", "front", "done", "failed", "dropped"]
            .indexOf(stateKind(point)),
        cell: (point) => [el("span", { class: "state " + stateKind(point) }, stateText(point))],
    }];
    for (const name of parameterNames) {
        const values = allPoints.map((point) => (point.parameters || {})[name]);
        const numeric = values.every((value) => value === undefined || value === null
                                     || typeof value === "number");
        columns.push({
            key: "parameters." + name, label: name, text: !numeric, parameter: true,
            value: (point) => {
                const value = (point.parameters || {})[name];
                return value === undefined || value === null ? null
                    : numeric ? value : parameterValue(value);
            },
            cell: (point) => {
                const value = (point.parameters || {})[name];
                return [value === undefined ? "–" : parameterValue(value)];
            },
        });
    }
    const wanted = ["accuracy.value", "baseline.difference", "energy.joules", "ratio.energy",
                    "model.bytes", "model.macs_nonzero", "energy.measured.joules",
                    "seconds_per_inference", "cost.joules"];
    const axes = availableAxes();
    for (const axis of wanted.map((key) => axes.find((one) => one.key === key)).filter(Boolean)) {
        columns.push({
            key: axis.key, label: capital(axis.short),
            title: axis.label, descending: axis.better === "higher",
            value: (point) => axisValue(axis, point),
            cell: (point) => {
                const value = axisValue(axis, point);
                if (value === null) {
                    return [el("span", { class: "unknown" }, isShown(point) ? UNKNOWN : "–")];
                }
                const wide = axis.key === "energy.joules" || axis.key === "ratio.energy"
                    || axis.key === "cost.joules";
                return withInterval(axis.write(value),
                                    wide ? null : pair(axisInterval(axis, point), axis.write));
            },
        });
    }
    return columns;
}

// Unknown sorts last whichever way.
function compareBy(column, descending) {
    const sign = descending ? -1 : 1;
    return (a, b) => {
        const [va, vb] = [column.value(a), column.value(b)];
        if (va === null || vb === null) {
            return va === vb ? a.index - b.index : va === null ? 1 : -1;
        }
        const order = typeof va === "number" && typeof vb === "number" ? va - vb
            : String(va).localeCompare(String(vb), "en", { numeric: true });
        return sign * order || a.index - b.index;
    };
}

function sortBy(column) {
    table.descending = table.sort === column.key ? !table.descending : !!column.descending;
    table.sort = column.key;
    fillTable();
}

function headCell(column) {
    const sorted = table.sort === column.key;
    const order = !sorted ? "none" : table.descending ? "descending" : "ascending";
    return el("th", { scope: "col", "aria-sort": order, class: column.text ? null : "number",
                      "data-key": column.key },
        el("button", { type: "button", title: column.title || null,
                       on: { click: () => {
                           sortBy(column);
                           headButton(column.key).focus();
                       } } },
           column.label, el("span", { class: "arrow", "aria-hidden": "true" },
                            !sorted ? "" : table.descending ? " ↓" : " ↑")));
}

const headButton = (key) => [...byId("table").querySelectorAll("thead th")]
    .find((cell) => cell.dataset.key === key).querySelector("button");

// One button a row; arrows walk through them, so that Tab passes the table in one step.
function rowOf(point, first) {
    const button = el("button", { type: "button", class: "link", tabindex: first ? "0" : "-1",
                                  on: { click: (event) => {
                                      event.stopPropagation();
                                      choose(point, true);
                                  } } }, point.name);
    const cells = table.columns.slice(1).map((column) =>
        el("td", { class: column.text ? null : "number" },
           column.cell ? column.cell(point) : String(column.value(point))));
    return el("tr", { "data-point": String(point.index),
                      "aria-current": point === view.selected ? "true" : null,
                      class: kindOf(point), on: { click: () => choose(point) } },
              el("th", { scope: "row" }, button), cells);
}

function tableKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const buttons = [...byId("table").querySelectorAll("tbody button")];
    const at = buttons.indexOf(document.activeElement);
    if (step && at >= 0 && buttons[at + step]) {
        event.preventDefault();
        buttons[at].tabIndex = -1;
        buttons[at + step].tabIndex = 0;
        buttons[at + step].focus();
    }
}

function shownPoints() {
    const wanted = byId("filter").value;
    const words = byId("find").value.toLowerCase().split(/\s+/).filter(Boolean);
    return allPoints.filter((point) => {
        const fits = wanted === "all" || wanted === point.state
            || (wanted === "done" && isDone(point))
            || (wanted === "front" && (point.front || point.chosen));
        const text = (point.name + " " + point.id + " " + parameterText(point)).toLowerCase();
        return fits && words.every((word) => text.includes(word));
    });
}

function fillTable() {
    const column = table.columns.find((one) => one.key === table.sort) || table.columns[0];
    const rows = shownPoints().sort(compareBy(column, table.descending));
    const current = rows.indexOf(view.selected);
    byId("table").replaceChildren(
        el("caption", { class: "unseen" }, "All points; a button in a column's head sorts by it"),
        el("thead", {}, el("tr", {}, table.columns.map(headCell))),
        el("tbody", {}, rows.map((point, i) => rowOf(point, i === Math.max(0, current)))));
    byId("count").textContent = rows.length === allPoints.length
        ? `${rows.length} ${rows.length === 1 ? "point" : "points"}`
        : `${rows.length} of ${allPoints.length} points`;
}

function markSelectedRow() {
    for (const row of byId("table").querySelectorAll("tbody tr")) {
        if (view.selected && row.dataset.point === String(view.selected.index)) {
            row.setAttribute("aria-current", "true");
        } else {
            row.removeAttribute("aria-current");
        }
    }
}

function fillFilters() {
    const number = (test) => allPoints.filter(test).length;
    const choices = [["all", "all", () => true], ["done", "finished", isDone],
                     ["front", "the front", (point) => point.front || point.chosen],
                     ["failed", "failed", (point) => point.state === "failed"],
                     ["dropped", "dropped", (point) => point.state === "dropped"]];
    byId("filter").replaceChildren(...choices.filter(([key, , test]) => key === "all" || number(test))
        .map(([key, label, test]) => el("option", { value: key }, `${label} (${number(test)})`)));
    const refresh = () => {
        fillTable();
        drawScatter();
    };
    byId("filter").addEventListener("change", refresh);
    byId("find").addEventListener("input", refresh);
    byId("table").addEventListener("keydown", tableKey);
}

// Halving lets the better part of the trials go on with more of the option it names.
function whyDropped() {
    const option = at(report, "sweep.spec.search.halving.option");
    return "Dropped by halving: others led at " + (option ? `the same ${option}` : "its stage")
        + " and went on.";
}

function fillLost() {
    const lost = allPoints.filter((point) => !isDone(point));
    byId("lost").hidden = lost.length === 0;
    const many = lost.length > 8; // a long list opens when asked
    byId("lost-list").replaceChildren(el("details", { class: "lost", open: !many },
        el("summary", {}, `${lost.filter((point) => point.state === "failed").length} failed, `
            + `${lost.filter((point) => point.state === "dropped").length} dropped`),
        el("ul", { class: "lost" }, lost.map((point) => el("li", {},
            el("span", { class: "state " + point.state }, point.state), " ",
            el("strong", {}, point.name), " ", parameterText(point) || null,
            el("p", {}, point.error
                || (point.state === "dropped" ? whyDropped() : "No reason was recorded.")))))));
}
