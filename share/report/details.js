// What is known of the selected point: figures, where the energy goes, layers, curves, how it was
// made and what that cost.
"use strict";

const details = { curves: [], allLayers: false, beside: null };

const fact = (label, ...value) => value.some((part) => part !== null && part !== undefined)
    ? el("div", {}, el("dt", {}, label), el("dd", {}, ...value)) : null;
const heading = (text) => el("h3", {}, text);
const note = (text) => text ? el("p", { class: "help" }, text) : null;

function withRange(value, interval, write) {
    const range = pair(interval, write);
    return [write(value), range ? el("span", { class: "interval" }, " " + range) : null];
}

function accuracyFacts(document, label) {
    const write = writeMetric(at(document, "accuracy.metric") || metric);
    const reached = at(document, "accuracy.value");
    return fact(label, reached === null ? UNKNOWN
        : withRange(reached, at(document, "accuracy.ci95"), write).filter(Boolean));
}

function figuresOf(point) {
    const document = anyEvaluation(point);
    const name = metricName(at(document, "accuracy.metric") || metric);
    const both = point.eval && point.test;
    const difference = at(document, "baseline.difference");
    const write = FRACTIONS.has(metric) ? (value) => points(value) + " points" : signed;
    const ratio = at(document, "ratio.energy");
    return el("dl", { class: "facts" },
        both ? accuracyFacts(point.eval, name + ", search data") : null,
        both ? accuracyFacts(point.test, name + ", test data") : null,
        both ? null : accuracyFacts(document, name),
        difference === null ? null : fact("against the baseline",
            withRange(difference, at(document, "baseline.difference_ci95"), write)),
        known(at(document, "baseline.agreement")) ? fact("same answer as the baseline",
            percent(at(document, "baseline.agreement"))) : null,
        fact("energy per inference", known(at(document, "energy.joules"))
            ? withRange(at(document, "energy.joules"), at(document, "energy.interval"), joules)
            : UNKNOWN + (at(document, "energy.reason") ? `: ${at(document, "energy.reason")}` : "")),
        known(at(document, "energy.measured.joules")) ? fact("energy by a counter",
            withRange(at(document, "energy.measured.joules"),
                      at(document, "energy.measured.interval"), joules),
            ` (${at(document, "energy.measured.counter")})`) : null,
        fact("energy, baseline / model", known(ratio)
            ? withRange(ratio, at(document, "ratio.energy_interval"), plain) : UNKNOWN),
        known(at(document, "ratio.measured.energy")) ? fact("the same by a counter",
            withRange(at(document, "ratio.measured.energy"),
                      at(document, "ratio.measured.energy_interval"), plain),
            ` (${at(document, "ratio.measured.counter")})`) : null,
        at(document, "energy.fits") === false ? fact("does not fit the device",
            at(document, "energy.fits_reason")) : null,
        fact("bytes", bytes(at(document, "model.bytes"))),
        fact("weights, of them not zero", count(at(document, "model.parameters")) + ", "
            + count(at(document, "model.nonzero"))),
        fact("multiply-accumulates, without zeros", count(at(document, "model.macs")) + ", "
            + count(at(document, "model.macs_nonzero"))),
        fact("bits of weights / activations", [at(document, "model.weight_bits"),
            at(document, "model.activation_bits")].map((bits) => bits ?? UNKNOWN).join(" / ")));
}

const PARTS = [["mac", "arithmetic"], ["weights", "weights moved"],
               ["activations", "activations moved"], ["fixed", "fixed"]];

// One bar of the parts that sum to the energy.
function breakdownOf(document) {
    const parts = PARTS.map(([key, label]) => [key, label, at(document, "energy.breakdown." + key)])
        .filter(([, , value]) => known(value) && value > 0);
    const sum = parts.reduce((total, [, , value]) => total + value, 0);
    if (sum <= 0) {
        return null;
    }
    const bar = el("div", { class: "stack", "aria-hidden": "true" });
    for (const [key, , value] of parts) {
        const piece = el("span", { class: "part " + key });
        piece.style.flexGrow = String(value / sum);
        bar.append(piece);
    }
    return el("div", {}, heading("Where the energy goes"), bar,
        el("ul", { class: "legend" }, parts.map(([key, label, value]) => el("li", {},
            el("span", { class: "sign part " + key, "aria-hidden": "true" }),
            `${label} ${joules(value)}, ${percent(value / sum, 0)}`))));
}

// The factors of the energy ratio; bars are as long as their logarithms, so that lengths add up.
function factorsOf(document) {
    const factors = Object.entries(at(document, "ratio.factors") || {})
        .filter(([, value]) => known(value) && value > 0);
    const ratio = at(document, "ratio.energy");
    if (factors.length === 0 || !known(ratio)) {
        return null;
    }
    const measured = new Set(at(document, "ratio.factors_measured") || []);
    const longest = Math.max(...factors.map(([, value]) => Math.abs(Math.log(value))), 1e-9);
    const rows = factors.map(([name, value]) => {
        const bar = el("span", { class: value >= 1 ? "bar" : "bar worse", "aria-hidden": "true" });
        bar.style.width = `${Math.abs(Math.log(value)) / longest * 100}%`;
        return el("tr", {}, el("th", { scope: "row" }, name + (measured.has(name) ? "*" : "")),
                  el("td", { class: "number" }, "× " + plain(value)),
                  el("td", { class: "bars" }, bar));
    });
    return el("div", {}, heading("Factors of the energy ratio"),
        el("table", { class: "plain" },
           el("caption", { class: "unseen" }, "Factors whose product is the energy ratio"),
           el("thead", { class: "unseen" }, el("tr", {},
               ["factor", "value", "bar"].map((text) => el("th", { scope: "col" }, text)))),
           el("tbody", {}, rows)),
        note(`Their product is the energy ratio, ${plain(ratio)}; a bar's length is the factor's `
             + "logarithm" + (factors.some(([, value]) => value < 1)
                              ? ", hatched where it costs energy." : ".")
             + (measured.size ? " * Measured, together: the ratio by a counter." : "")));
}

// Weights and activations, "8/8"; a single width where the other is unknown.
function bitsText(layer) {
    return [layer.bits, layer.activation_bits].filter(known).join("/") || "–";
}

function heatCell(sparsity, text, spoken) {
    const cell = el("td", { class: known(sparsity) ? "heat number" : "number" }, text,
                    spoken ? el("span", { class: "unseen" }, spoken) : null);
    if (known(sparsity)) {
        cell.style.setProperty("--heat", String(Math.round(sparsity * 100) / 100));
    }
    return cell;
}

function energyBar(value, largest, kind) {
    const bar = el("span", { class: kind, "aria-hidden": "true" });
    const share = known(value) && largest > 0 ? Math.max(0, value / largest) : 0;
    bar.style.width = `calc((100% - 4.4em) * ${share})`; // the rest is the text's
    return bar;
}

function layerRow(layer, shown) {
    const sparsity = sparsityOf(layer);
    const other = shown.beside ? shown.beside.get(layer.node) : null;
    return el("tr", {},
        el("th", { scope: "row" }, String(layer.node ?? UNKNOWN), " ",
           el("span", { class: "soft" }, String(layer.op ?? ""))),
        el("td", { class: "number" }, joules(layer.joules)),
        shown.beside ? el("td", { class: "number soft" }, other ? joules(other.joules) : "–") : null,
        el("td", { class: "bars" }, energyBar(layer.joules, shown.largest, "bar"),
           el("span", { class: "soft" }, known(layer.joules) && shown.total > 0
               ? percent(layer.joules / shown.total, 1) : ""),
           other ? energyBar(other.joules, shown.largest, "bar beside") : null),
        shown.sparsity ? heatCell(sparsity, known(sparsity) ? percent(sparsity, 0) : "–") : null,
        shown.bits ? el("td", { class: "number bits" }, bitsText(layer)) : null,
        el("td", { class: "number" }, bytes(layer.bytes)),
        el("td", { class: "number" }, count(layer.macs)));
}

const carries = (layer) => layer.macs > 0 || layer.parameters > 0;
const sumOf = (layers) =>
    layers.reduce((sum, layer) => sum + (known(layer.joules) ? layer.joules : 0), 0);

// The points that a point's layers may be set beside: the front's, or all of a few.
function besideChoices(point) {
    return allPoints.filter((other) => other !== point && (other.front || other.chosen
        || allPoints.length <= 12) && layersOf(other).length > 0).slice(0, 60);
}

// The box and the choice above the table; both draw it anew and keep the focus.
function layerControls(point, rest) {
    const redraw = (event) => {
        const fresh = layersTable(point);
        event.target.closest(".layers").replaceWith(fresh);
        fresh.querySelector(event.target.tagName).focus();
    };
    const box = el("input", { type: "checkbox", on: { change: (event) => {
        details.allLayers = event.target.checked;
        redraw(event);
    } } });
    box.checked = details.allLayers;
    const choices = besideChoices(point);
    const select = el("select", { on: { change: (event) => {
        details.beside = choices.find((one) => String(one.index) === event.target.value) || null;
        redraw(event);
    } } }, el("option", { value: "" }, "no other"),
        choices.map((one) => el("option", { value: String(one.index) }, shortened(one.name, 48))));
    select.value = choices.includes(details.beside) ? String(details.beside.index) : "";
    return el("div", { class: "controls" },
        choices.length > 0 ? el("label", {}, "Beside ", select) : null,
        rest > 0 ? el("label", { class: "tick" }, box,
            ` with the ${rest} nodes that take less than 1 % and hold no weights`) : null);
}

// Per-layer energy bars with sparsity and bits. The glue between layers is left out at first.
function layersTable(point) {
    const layers = layersOf(point);
    if (layers.length === 0) {
        return el("div", {}, heading("Layers"), note("No figures per layer were recorded."));
    }
    const total = sumOf(layers);
    const main = layers.filter((layer) => carries(layer) || layer.joules >= total * 0.01);
    const rows = details.allLayers || main.length === 0 ? layers : main;
    const other = besideChoices(point).includes(details.beside) ? layersOf(details.beside) : null;
    const largest = Math.max(0, ...layers.concat(other || []).map((layer) => layer.joules || 0));
    const shown = {
        total, largest, beside: other && new Map(other.map((layer) => [layer.node, layer])),
        sparsity: layers.some((layer) => sparsityOf(layer) !== null),
        bits: layers.some((layer) => known(layer.bits)),
    };
    const head = ["Layer", "Energy", other ? shortened(details.beside.name, 28) : null, "Share",
                  shown.sparsity ? "Zeros" : null, shown.bits ? "Bits" : null, "Bytes", "MACs"];
    const missing = other ? other.filter((layer) => carries(layer)
        && !layers.some((one) => one.node === layer.node)).length : 0;
    return el("div", { class: "layers" }, heading("Energy, zeros and bits by layer"),
        layerControls(point, main.length > 0 ? layers.length - main.length : 0),
        el("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": "Layers" },
           el("table", { class: "tight" },
              el("caption", { class: "unseen" }, "Layers of " + point.name),
              el("thead", {}, el("tr", {}, head.filter(Boolean).map((text, i) =>
                  el("th", { scope: "col", class: i === 0 || text === "Share" ? null : "number" },
                     text)))),
              el("tbody", {}, rows.map((layer) => layerRow(layer, shown))))),
        missing > 0 ? note(`${missing} layers of ${details.beside.name} have no namesake here.`)
            : null);
}

function curveOptions(curve, write) {
    const soft = { color: colour("soft"), maxTicksLimit: 5, maxRotation: 0 };
    return {
        type: "line",
        data: { labels: curve.values.map((_, i) => i + 1),
                datasets: [{ data: curve.values, borderColor: colour("front"), borderWidth: 2,
                             pointRadius: curve.values.length < 3 ? 3 : 0, pointHitRadius: 12,
                             backgroundColor: colour("front"), spanGaps: false }] },
        options: {
            animation: false, maintainAspectRatio: false,
            interaction: { mode: "index", intersect: false },
            scales: { x: { ticks: soft, grid: { display: false },
                           title: { display: true, text: "epoch", color: colour("soft") } },
                      y: { ticks: { ...soft, callback: (value) => write(value) },
                           grid: { color: colour("line"), borderColor: "transparent" } } },
            plugins: { legend: { display: false }, tooltip: {
                ...tooltipOptions(), callbacks: {
                    title: ([entry]) => entry ? "epoch " + entry.label : "",
                    label: (entry) => write(entry.parsed.y),
                } } },
        },
    };
}

function curvesOf(point) {
    const curves = (point.curves || []).filter((curve) => (curve.values || []).some(known));
    if (curves.length === 0) {
        return null;
    }
    return el("div", {}, heading("Training"), el("div", { class: "curves" }, curves.map((curve) => {
        const values = curve.values.filter(known);
        const write = (value) => plain(value, 4);
        const text = `${curve.name}: ${values.length} values, first ${write(values[0])}, last `
            + `${write(values[values.length - 1])}, least ${write(Math.min(...values))}, most `
            + `${write(Math.max(...values))}`;
        const canvas = el("canvas", { role: "img", "aria-label": text });
        details.curves.push({ canvas, curve, write });
        return el("figure", {}, el("figcaption", {}, el("strong", {}, String(curve.name)), " ",
                      el("span", { class: "soft" },
                         `${write(values[0])} → ${write(values[values.length - 1])}`)),
                  el("div", { class: "curve" }, canvas));
    })));
}

function drawCurves() {
    for (const entry of details.curves) {
        if (entry.chart) {
            entry.chart.destroy();
        }
        entry.chart = new Chart(entry.canvas, curveOptions(entry.curve, entry.write));
    }
}

function payBack(cost) {
    const inferences = cost.inferences_to_pay_back;
    return known(inferences) ? `after ${wholeNumber(inferences)} inferences`
        : UNKNOWN + (cost.reason ? `: ${cost.reason}` : "");
}

function costTable(cost, title) {
    if (!cost) {
        return null;
    }
    const centre = cost.pue > 1 ? `, PUE ${plain(cost.pue)}` : "";
    const grid = cost.grid && cost.grid.name
        ? ` (${cost.grid.name}, ${plain(cost.grid.grams_per_kwh)} g/kWh${centre})` : "";
    return el("div", {}, heading(title), el("dl", { class: "facts" },
        fact("multiply-accumulates", count(cost.macs)),
        fact(`energy, ${cost.basis || "estimated"}` + (cost.device ? ` for ${cost.device}` : ""),
             withRange(cost.joules, cost.interval, joules)),
        known(at(cost, "measured.joules")) ? fact("energy, measured",
            joules(at(cost, "measured.joules")), ` (${at(cost, "measured.counter")})`) : null,
        fact("CO₂" + grid, si(cost.grams, "g")),
        "inferences_to_pay_back" in cost ? fact("paid back", payBack(cost)) : null));
}

async function copyText(text, button) {
    let done = false;
    try {
        await navigator.clipboard.writeText(text);
        done = true;
    } catch {
        const area = el("textarea", { "aria-label": "commands" });
        area.value = text;
        button.after(area);
        area.select();
        done = document.execCommand("copy");
        area.remove();
        button.focus();
    }
    byId("live").textContent = done ? "copied" : "could not copy";
    button.textContent = done ? "Copied" : "Could not copy";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
}

function commandsOf(point) {
    const document = anyEvaluation(point);
    const commands = point.commands && point.commands.length > 0 ? point.commands
        : [at(document, "provenance.command")].filter(Boolean);
    if (commands.length === 0) {
        return null;
    }
    const text = commands.join("\n");
    const evaluated = commands[0] === at(document, "provenance.command");
    const title = commands.length > 1 ? "The commands that make this point"
        : evaluated ? "The command that evaluated this model" : "The command that makes this point";
    const button = el("button", { type: "button", class: "quiet", id: "copy",
                                  "aria-label": "Copy the commands" }, "Copy");
    button.addEventListener("click", () => copyText(text, button));
    return el("div", {},
        el("div", { class: "row" }, heading(title), button),
        el("pre", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Commands" },
           el("code", {}, text)));
}

function requirementsOf(document) {
    const list = at(document, "requirements") || [];
    if (list.length === 0) {
        return null;
    }
    const word = (holds) => holds === true ? "holds" : holds === false ? "missed" : "not judged";
    return el("div", {}, heading("Requirements"), el("ul", { class: "requirements" },
        list.map((one) => el("li", {},
            el("span", { class: "state " + word(one.holds).replace(" ", "-") }, word(one.holds)), " ",
            el("code", {}, String(one.expression)),
            known(one.value) ? ` is ${plain(one.value, 4)}` : ""))));
}

function provenanceOf(point) {
    const document = anyEvaluation(point);
    const inputs = at(document, "provenance.inputs") || [];
    const warnings = at(document, "warnings") || [];
    const timing = at(document, "timing") || {};
    return el("div", {}, heading("Provenance"), el("dl", { class: "facts" },
        fact("model", el("code", {}, String(at(document, "model.file") ?? UNKNOWN))),
        at(document, "model.sha256") ? fact("sha256",
            el("code", { class: "hash" }, at(document, "model.sha256"))) : null,
        ...inputs.map((input) => input.sha256 && input.sha256 !== at(document, "model.sha256")
            ? fact("read", el("code", {}, String(input.file)), " ",
                   el("code", { class: "hash" }, input.sha256)) : null),
        fact("ecai", String(at(document, "provenance.ecai") || report.ecai || UNKNOWN)),
        fact("seed", String(at(document, "provenance.seed") ?? UNKNOWN)),
        known(timing.seconds) ? fact("evaluated in", `${seconds(timing.seconds)}, `
            + `${timing.threads} ${timing.threads === 1 ? "thread" : "threads"}, ${timing.isa}`) : null,
        report.sweep && point.id ? fact("trial", el("code", {}, String(point.id))) : null,
        ...warnings.map((text) => fact("warning", String(text)))));
}

function drawDetails() {
    const point = view.selected;
    const section = byId("details");
    details.curves.forEach((entry) => entry.chart && entry.chart.destroy());
    details.curves = [];
    section.hidden = !point;
    if (!point) {
        return;
    }
    const document = anyEvaluation(point);
    const state = stateKind(point);
    section.replaceChildren(
        el("h2", { id: "details-title" }, point.name, " ",
           state === "done" ? null : el("span", { class: "state " + state }, stateText(point))),
        ...(parameterText(point) ? [el("p", { class: "parameters" }, parameterText(point))] : []),
        ...(point.error ? [el("p", { class: "error" }, point.error)] : []),
        ...(document ? [el("div", { class: "columns" },
            el("div", {}, heading("Figures"), figuresOf(point)),
            el("div", {}, breakdownOf(document), factorsOf(document), requirementsOf(document))),
            layersTable(point)] : []),
        ...[curvesOf(point), commandsOf(point)].filter(Boolean),
        el("div", { class: "columns" },
           ...[costTable(costOf(point, document), "What compressing it cost"),
               document ? provenanceOf(point) : null].filter(Boolean)));
    drawCurves();
}
