// The report's data (ecai/report/1) as the page asks for it: a point's evaluation, its layers, and
// the keys that may be axes. Of an evaluation the page reads all but data.preprocess,
// baseline.preprocess, accuracy.per_class, energy.profile (the report's own stands at the top),
// energy_by_device and ratio_by_device; it does not read a point's steps.
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
// Whether it stands in charts: a front may hold what halving dropped.
const isShown = (point) => (isDone(point) || !!point.front || !!point.chosen)
    && !!(point.eval || point.test);

// Which evaluation the page shows: "eval" (search data, or the only one there is) or "test".
const hasBoth = allPoints.some((point) => point.test) && allPoints.some((point) => point.eval);
const view = { source: hasBoth && report.on === "test" ? "test" : "eval", selected: null };
const evaluation = (point) => view.source === "test" ? point.test || null
    : point.eval || (hasBoth ? null : point.test) || null;
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
// or null; interval: a key too, and error what that says: "95" (per cent, of each point by itself)
// or "profile" (the energy profile's, which moves all points together). get and getInterval
// override the keys.
const AXES = [
    { key: "energy.joules", label: "Energy per inference", short: "energy", better: "lower",
      write: joules, interval: "energy.interval", error: "profile", log: true },
    { key: "accuracy.value", label: "", short: "accuracy", better: "higher", write: plain,
      interval: "accuracy.ci95", error: "95" },
    { key: "baseline.difference", label: "Difference to the baseline", short: "difference",
      better: "higher", write: points, interval: "baseline.difference_ci95", error: "95" },
    { key: "ratio.energy", label: "Energy ratio, baseline / model", short: "energy ratio",
      better: "higher", write: plain, interval: "ratio.energy_interval", error: "profile",
      log: true },
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
      better: "lower", write: joules, interval: "energy.measured.interval", error: "95",
      log: true },
    { key: "seconds_per_inference", label: "Time per inference, as run", short: "time",
      better: "lower", write: seconds, log: true,
      get: (point, document) => {
          const rate = at(document, "timing.inferences_per_second");
          return known(rate) && rate > 0 ? 1 / rate : null;
      } },
    { key: "cost.joules", label: "Energy that compressing took", short: "cost", better: "lower",
      write: joules, log: true, error: "profile",
      get: (point, document) => at(costOf(point, document), "joules"),
      getInterval: (point, document) => at(costOf(point, document), "interval") },
    { key: "cost.grams", label: "CO₂ that compressing took", short: "CO₂", better: "lower",
      write: (value) => si(value, "g"), log: true,
      get: (point, document) => at(costOf(point, document), "grams") },
];

const costOf = (point, document) => point.cost || at(document, "cost");

function valueIn(axis, point, document) {
    const value = axis.get ? axis.get(point, document) : at(document, axis.key);
    return typeof value === "boolean" ? Number(value) : known(value) ? value : null;
}
const axisValue = (axis, point) => valueIn(axis, point, evaluation(point));

function axisInterval(axis, point) {
    const document = evaluation(point);
    const interval = axis.getInterval ? axis.getInterval(point, document)
        : axis.interval ? at(document, axis.interval) : null;
    return Array.isArray(interval) && known(interval[0]) && known(interval[1]) ? interval : null;
}

// How the page writes values of the units that ecai names.
const UNITS = { "%": percent, points, B: bytes, J: joules, s: seconds, g: (value) => si(value, "g"),
                "#": count };

// An axis that the report names and the page does not know, as the report describes it.
function describedAxis(key, description) {
    const { title, unit, better } = description || {};
    const axis = { key, label: capital(title || key), short: title || key, better: better || null,
                   write: UNITS[unit] || plain };
    if (unit === "points") {
        axis.tick = (value) => plain(value * 100, 4);
    }
    if (key.startsWith("cost.")) {
        axis.get = (point, document) => at(costOf(point, document), key.slice("cost.".length));
    }
    return axis;
}

// Swept parameters, in the order of their first appearance.
const parameterNames = [...new Set(allPoints.flatMap((point) =>
    Object.keys(point.parameters || {})))];

// The axes that some point has a figure for, with those that the report itself or the sweep adds.
function availableAxes() {
    const axes = AXES.slice();
    const better = higherIsBetter ? "higher" : "lower";
    const hundredth = (unit) => FRACTIONS.has(metric)
        ? (value) => plain(value * 100, 4) + unit : null;
    Object.assign(axes.find((axis) => axis.key === "accuracy.value"), {
        label: capital(metricName(metric)), short: metric || "accuracy",
        write: writeMetric(metric), tick: hundredth(" %"), better,
    });
    Object.assign(axes.find((axis) => axis.key === "baseline.difference"),
                  { write: writeDifference(metric), tick: hundredth(""), better });
    for (const side of ["x", "y"]) {
        const key = at(report, "axes." + side);
        if (typeof key === "string" && !parameterNames.includes(key)
            && !axes.some((axis) => axis.key === key)) {
            axes.push(describedAxis(key, at(report, `axes.${side}_axis`)));
        }
    }
    for (const name of parameterNames) {
        axes.push({ key: "parameters." + name, label: name, short: name, better: null, write: plain,
                    get: (point) => (point.parameters || {})[name] });
    }
    const hasValue = (axis) => (point) => [point.eval, point.test].some((document) =>
        document && valueIn(axis, point, document) !== null);
    return axes.filter((axis) => allPoints.filter(isShown).some(hasValue(axis)));
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

// One, or one of each sweep where several are shown.
const chosenPoints = allPoints.filter((point) => point.chosen);
const chosenPoint = () => chosenPoints[0] || (allPoints.length === 1 ? allPoints[0] : null);
