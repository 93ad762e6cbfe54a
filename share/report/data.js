// The report's data (ecai/report/1) as the page asks for it: a point's evaluation, its layers, and
// the keys that may be axes. Of an evaluation the page reads all but data.preprocess,
// baseline.preprocess, accuracy.per_class, energy.profile (the report's own stands at the top),
// energy_by_device and ratio_by_device; of a step nothing but its command.
"use strict";

const report = JSON.parse(byId("data").textContent);
const allPoints = report.points || [];
allPoints.forEach((point, index) => {
    point.index = index;
    point.name = String(point.label || point.id || index + 1);
});
const metric = report.metric || at(allPoints[0] || {}, "eval.accuracy.metric");
const higherIsBetter = report.better !== "lower";
const isDone = (point) => point.state === undefined || point.state === "done";

// Which evaluation the page shows: "eval" (search data, or the only one there is) or "test".
const view = { source: "eval", selected: null };
const evaluation = (point) =>
    view.source === "test" ? point.test || null : point.eval || point.test || null;
// What is the same whatever the data: sizes, energy and layers.
const anyEvaluation = (point) => evaluation(point) || point.eval || point.test || null;

// Layers stand in one of two forms: objects in energy.layers, or columns. Columns are compact: a
// point's "layers" maps a column's name to its index in the report's "columns", where equal columns
// of many points (names, operators, MACs) stand once.
function layersOf(point) {
    const columns = point.layers;
    if (columns && typeof columns === "object" && report.columns) {
        const names = Object.keys(columns);
        const lists = names.map((name) => report.columns[columns[name]] || []);
        const count = Math.max(0, ...lists.map((list) => list.length));
        return Array.from({ length: count }, (_, row) =>
            Object.fromEntries(names.map((name, i) => [name, lists[i][row] ?? null])));
    }
    for (const document of [point.eval, point.test]) {
        const layers = at(document, "energy.layers");
        if (Array.isArray(layers)) {
            return layers;
        }
    }
    return [];
}

function sparsityOf(layer) {
    return known(layer.nonzero) && known(layer.parameters) && layer.parameters > 0
        ? 1 - layer.nonzero / layer.parameters : null;
}

const joules = (value) => si(value, "J");
const bytes = (value) => si(value, "B", 1);
const count = (value) => si(value, "", 1);
const wholeNumber = (value) => value < 1e6 ? spaced(String(Math.ceil(value))) : count(value);

// What may be an axis: a dotted key into the evaluation; better: the direction that is preferred,
// or null. get overrides the key.
const AXES = [
    { key: "energy.joules", label: "Energy per inference", short: "energy", better: "lower",
      write: joules, interval: "energy.interval", log: true },
    { key: "accuracy.value", label: "", short: "accuracy", better: "higher", write: plain,
      interval: "accuracy.ci95" },
    { key: "baseline.difference", label: "Difference to the baseline", short: "difference",
      better: "higher", write: points, interval: "baseline.difference_ci95",
      tick: (value) => plain(value * 100, 4) },
    { key: "ratio.energy", label: "Energy ratio, baseline / model", short: "energy ratio",
      better: "higher", write: plain, interval: "ratio.energy_interval", log: true },
    { key: "model.bytes", label: "Bytes of the file", short: "bytes", better: "lower", write: bytes,
      log: true },
    { key: "ratio.bytes", label: "Bytes ratio, baseline / model", short: "bytes ratio",
      better: "higher", write: plain, log: true },
    { key: "model.macs", label: "Multiply-accumulates", short: "MACs", better: "lower", write: count,
      log: true },
    { key: "model.macs_nonzero", label: "Multiply-accumulates, zeros left out",
      short: "MACs, no zeros", better: "lower", write: count, log: true },
    { key: "model.nonzero", label: "Non-zero weights", short: "non-zero", better: "lower",
      write: count, log: true },
    { key: "energy.measured.joules", label: "Energy measured by a counter", short: "measured",
      better: "lower", write: joules, interval: "energy.measured.interval", log: true },
    { key: "seconds_per_inference", label: "Time per inference, as run", short: "time",
      better: "lower", write: seconds, log: true,
      get: (point, document) => {
          const rate = at(document, "timing.inferences_per_second");
          return known(rate) && rate > 0 ? 1 / rate : null;
      } },
    { key: "cost.joules", label: "Energy that compressing took", short: "cost", better: "lower",
      write: joules, interval: "cost.interval", log: true,
      get: (point, document) => at(costOf(point, document), "joules") },
    { key: "cost.grams", label: "CO₂ that compressing took", short: "CO₂", better: "lower",
      write: (value) => si(value, "g"), log: true,
      get: (point, document) => at(costOf(point, document), "grams") },
];

const costOf = (point, document) => point.cost || at(document, "cost");

function axisValue(axis, point) {
    const document = evaluation(point);
    const value = axis.get ? axis.get(point, document) : at(document, axis.key);
    return known(value) ? value : null;
}

function axisInterval(axis, point) {
    const interval = axis.interval ? at(evaluation(point), axis.interval) : null;
    return Array.isArray(interval) && known(interval[0]) && known(interval[1]) ? interval : null;
}

// Swept parameters, in the order of their first appearance.
const parameterNames = [...new Set(allPoints.flatMap((point) =>
    Object.keys(point.parameters || {})))];

// The axes that some point has a figure for, with those that the report itself or the sweep adds.
function availableAxes() {
    const axes = AXES.slice();
    const accuracy = axes.find((axis) => axis.key === "accuracy.value");
    accuracy.label = metricName(metric).replace(/^./, (letter) => letter.toUpperCase());
    accuracy.short = metric || "accuracy";
    accuracy.write = writeMetric(metric);
    accuracy.tick = FRACTIONS.has(metric) ? (value) => plain(value * 100, 4) + " %" : null;
    accuracy.better = higherIsBetter ? "higher" : "lower";
    for (const key of [at(report, "axes.x"), at(report, "axes.y")]) {
        if (typeof key === "string" && !axes.some((axis) => axis.key === key)) {
            axes.push({ key, label: key, short: key, better: null, write: plain });
        }
    }
    for (const name of parameterNames) {
        axes.push({ key: "parameters." + name, label: name, short: name, better: null, write: plain,
                    get: (point) => (point.parameters || {})[name] });
    }
    const documents = allPoints.filter(isDone);
    const values = (axis) => documents.map((point) => {
        const both = [point.eval, point.test].filter(Boolean);
        return both.map((document) => axis.get ? axis.get(point, document)
                                               : at(document, axis.key)).find(known);
    }).filter(known);
    return axes.filter((axis) => values(axis).length > 0);
}

// The points that no other beats in both directions, from left to right.
function nonDominated(list, x, y) {
    const sign = (axis) => axis.better === "higher" ? -1 : 1;
    const [sx, sy] = [sign(x), sign(y)];
    const sorted = list.slice().sort((a, b) => sx * (a.x - b.x) || sy * (a.y - b.y));
    const front = [];
    for (const item of sorted) {
        if (front.length === 0 || sy * item.y < sy * front[front.length - 1].y) {
            front.push(item);
        }
    }
    return front.sort((a, b) => a.x - b.x);
}

const parameterText = (point) => Object.entries(point.parameters || {})
    .map(([name, value]) => `${name} ${parameterValue(value)}`).join(", ");
const parameterValue = (value) => value === null || value === undefined ? "not given"
    : typeof value === "object" ? JSON.stringify(value) : String(value);

const chosenPoint = () => allPoints.find((point) => point.chosen)
    || (allPoints.length === 1 ? allPoints[0] : null);
