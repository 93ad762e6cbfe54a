// Numbers and elements: how the page writes what it is given. Unknown is a word, never 0; text from
// files only ever enters as text, never as markup.
"use strict";

const UNKNOWN = "unknown";
const known = (value) => typeof value === "number" && Number.isFinite(value);

// The value at a dotted key ("accuracy.ci95.0"), or null where anything on the way is missing.
function at(object, key) {
    let value = object;
    for (const part of key.split(".")) {
        if (value === null || typeof value !== "object" || !Object.hasOwn(value, part)) {
            return null;
        }
        value = value[part];
    }
    return value === undefined ? null : value;
}

// Three significant digits without an exponent where that stays readable.
function plain(value, digits = 3) {
    if (!known(value)) {
        return UNKNOWN;
    }
    const size = Math.abs(value);
    if (size !== 0 && (size < 1e-4 || size >= 1e7)) {
        return value.toExponential(digits - 1).replace("e", " × 10^").replace("^+", "^");
    }
    const rounded = Number(value.toPrecision(Math.max(digits, Math.ceil(Math.log10(size + 1)))));
    return spaced(String(rounded));
}

// Thin spaces between thousands, from five digits before the point on.
function spaced(text) {
    const [whole, rest] = text.split(".");
    const digits = whole.replace("-", "");
    const grouped = digits.length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, "\u202f") : whole;
    return rest === undefined ? grouped : grouped + "." + rest;
}

const PREFIXES = [
    [1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""], [1e-3, "m"], [1e-6, "µ"],
    [1e-9, "n"], [1e-12, "p"], [1e-15, "f"],
];

// 6.5e-7, "J" -> "650 nJ"; smallest is the least prefix that makes sense (1 for bytes).
function si(value, unit, smallest = 0, digits = 3) {
    if (!known(value)) {
        return UNKNOWN;
    }
    if (value === 0) {
        return ("0 " + unit).trim();
    }
    // 999.7 rounds up to the next prefix.
    const size = Number(Math.abs(value).toPrecision(digits));
    const [factor, prefix] = PREFIXES.find(([f]) => f <= size && f >= smallest)
        || (size < 1 && smallest ? [smallest, ""] : PREFIXES[PREFIXES.length - 1]);
    return (plain(value / factor, digits) + " " + prefix + unit).trim();
}

const percent = (value, digits = 2) =>
    known(value) ? (value * 100).toFixed(digits) + " %" : UNKNOWN;

function points(value) {
    return known(value) ? (value < 0 ? "−" : "+") + Math.abs(value * 100).toFixed(2) : UNKNOWN;
}

function seconds(value) {
    if (!known(value) || value < 120) {
        return si(value, "s");
    }
    const hours = Math.floor(value / 3600);
    const minutes = Math.round(value / 60) % 60;
    return hours > 0 ? `${hours} h ${minutes} min` : `${Math.round(value / 60)} min`;
}

// "12.9 times less", "1.3 times more": a ratio baseline / model in words; same: it rounds to 1.
const isEven = (ratio) => plain(Math.max(ratio, 1 / ratio)) === "1";
function times(ratio, less, more, same) {
    return isEven(ratio) ? same
        : ratio > 1 ? `${plain(ratio)} times ${less}` : `${plain(1 / ratio)} times ${more}`;
}

// "86.8 … 92.2 %": an interval's ends; a unit that both have stands once.
function pair(interval, write) {
    if (!Array.isArray(interval) || !known(interval[0]) || !known(interval[1])) {
        return null;
    }
    const [from, to] = interval.map((end) => write(end));
    const unit = (to.match(/ [^ ]+$/) || [""])[0];
    return (unit && from.endsWith(unit) ? from.slice(0, -unit.length) : from) + " … " + to;
}

const FRACTIONS = new Set(["top1", "top5", "balanced"]);
const METRIC_NAMES = {
    top1: "top-1 accuracy", top5: "top-5 accuracy", balanced: "balanced accuracy",
    auc: "area under the ROC curve", mse: "mean squared error", cosine: "cosine similarity",
    mae: "mean absolute error", perplexity: "perplexity",
};
const metricName = (metric) => !metric || metric.startsWith("exec:") ? "accuracy"
    : METRIC_NAMES[metric] || metric;
const writeMetric = (metric) =>
    (value) => FRACTIONS.has(metric) ? percent(value) : plain(value, 4);
// A difference of two values of the metric, with its sign.
const signed = (value) =>
    known(value) ? ["−", "", "+"][Math.sign(value) + 1] + plain(Math.abs(value), 4) : UNKNOWN;
const writeDifference = (metric) => FRACTIONS.has(metric) ? points : signed;

const capital = (text) => text.replace(/^./, (letter) => letter.toUpperCase());

// An element with attributes and children; strings become text nodes. A null child is left out.
function el(name, attributes, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) {
        if (key === "on") {
            Object.entries(value).forEach(([event, act]) => element.addEventListener(event, act));
        } else if (value !== null && value !== false && value !== undefined) {
            element.setAttribute(key, value === true ? "" : value);
        }
    }
    element.append(...children.flat().filter((child) => child !== null && child !== undefined));
    return element;
}

const byId = (id) => document.getElementById(id);

// The end of a long name: where layers of one network differ.
const tail = (text, length) =>
    text.length <= length ? text : "…" + text.slice(text.length - length + 1);

// A long name with its middle left out, as canvas labels need it.
function shortened(text, length) {
    if (text.length <= length) {
        return text;
    }
    const head = Math.ceil((length - 1) / 2);
    return text.slice(0, head) + "…" + text.slice(text.length - (length - 1 - head));
}
