// The page as a whole: the result in one sentence, the selection, the theme, and what the figures
// rest on.
"use strict";

const strong = (text) => el("strong", {}, text);

// "reaches 93.28 % top-1 accuracy on test data", "its perplexity is 12.3".
function reachedWords(point, document) {
    const reached = at(document, "accuracy.value");
    const write = writeMetric(metric);
    const range = pair(at(document, "accuracy.ci95"), write);
    if (reached === null) {
        return [`its ${metricName(metric)} is unknown`];
    }
    const name = metricName(metric);
    return [...(FRACTIONS.has(metric) ? ["reaches ", strong(write(reached)), ` ${name}`]
                : [`its ${name} is `, strong(write(reached))]),
            report.selected_on === "search" ? ` on ${point.test ? "test" : "search"} data` : "",
            range ? ` (95 %: ${range})` : ""];
}

// Several sweeps have chosen one each; the headline is the first's.
function othersChosen() {
    const others = chosenPoints.slice(1);
    const one = (point) => {
        const document = point.test || point.eval;
        return [strong(point.name), ` (${joules(at(document, "energy.joules"))}, `
                + `${metricName(metric)} ${writeMetric(metric)(at(document, "accuracy.value"))})`];
    };
    return others.length === 0 ? [] : [" Also chosen, by ",
        others.length > 1 ? "other sweeps: " : "another sweep: ",
        ...others.flatMap((point, i) => [i > 0 ? ", " : "", ...one(point)]), "."];
}

// "net.onnx needs 650 nJ an inference, 2727 times less than teacher.onnx, and reaches 93.28 %."
function sentence(point) {
    const document = point.test || point.eval;
    const ratio = at(document, "ratio.energy");
    const smaller = at(document, "ratio.bytes");
    const baseline = at(document, "baseline.file");
    const than = (isEven(ratio) ? " as " : " than ")
        + (baseline ? baseline.replace(/^.*\//, "") : "the baseline");
    const energy = at(document, "energy.joules");
    return [strong(point.name), " needs ",
        known(energy) ? [strong(joules(energy)), " an inference"] : "an unknown energy an inference",
        known(ratio) ? [", ", strong(times(ratio, "less", "more", "as much")), than] : "",
        ", and ", reachedWords(point, document), ", in ",
        strong(bytes(at(document, "model.bytes"))),
        known(smaller) ? ` (${times(smaller, "smaller", "larger", "as large")})` : "", ".",
        othersChosen()].flat(2);
}

function sentenceWithoutChoice() {
    const document = (point) => point.test || point.eval;
    const least = (key, sign) => allPoints.filter((p) => isShown(p) && known(at(document(p), key)))
        .sort((a, b) => sign * (at(document(a), key) - at(document(b), key)))[0];
    const frugal = least("energy.joules", 1);
    const best = least("accuracy.value", higherIsBetter ? -1 : 1);
    const parts = [`${allPoints.length} points compared, none chosen.`];
    if (frugal) {
        parts.push(" Least energy: ", strong(joules(at(document(frugal), "energy.joules"))),
                   ` an inference (${frugal.name}).`);
    }
    if (best) {
        parts.push(` Best ${metricName(metric)}: `,
                   strong(writeMetric(metric)(at(document(best), "accuracy.value"))),
                   ` (${best.name}).`);
    }
    return parts;
}

function badge(kind, text) {
    return el("span", { class: "badge " + kind }, text);
}

function drawMarks(point) {
    const data = at(point && (point.test || point.eval), "data") || report.data || {};
    const done = allPoints.filter(isDone).length;
    const lost = (state) => allPoints.filter((one) => one.state === state).length;
    const requirements = point ? at(point.test || point.eval || {}, "requirements") || [] : [];
    const held = requirements.filter((one) => one.holds === true).length;
    const missed = requirements.some((one) => one.holds !== true);
    const marks = [
        report.selected_on === "test" ? badge("warn", "selected on test data: optimistic")
            : report.selected_on === "search" ? badge("good", "selected on search data") : null,
        requirements.length > 0 ? badge(missed ? "bad" : "good",
            `${held} of ${requirements.length} requirements hold`) : null,
        badge("", `${data.name || "data unknown"}`
              + (known(data.samples) ? `, ${spaced(String(data.samples))} samples` : "")),
        badge("", `energy estimated, profile ${at(report, "profile.name") || UNKNOWN}`),
        badge("", `${done} ${done === 1 ? "point" : "points"}`
              + ["failed", "dropped"].filter(lost).map((state) => `, ${lost(state)} ${state}`)
                  .join("")),
    ];
    byId("marks").replaceChildren(...marks.filter(Boolean));
}

// What ecai warned of when it made the report, and an axis asked for that has no figures.
function drawWarnings() {
    const texts = (report.warnings || []).map(String);
    const usual = ["energy.joules", "accuracy.value"]; // nobody need have asked for these
    for (const key of [at(report, "axes.x"), at(report, "axes.y")]) {
        if (key && !usual.includes(key) && !namedAxis(availableAxes(), key)) {
            texts.push(`${key}: no point has a figure here; the chart shows another axis`);
        }
    }
    byId("warnings").hidden = texts.length === 0;
    byId("warnings").replaceChildren(...texts.map((text) => el("li", {}, text)));
}

function figure(label, value, below) {
    return el("div", {}, el("dt", {}, label), el("dd", {}, el("strong", {}, value),
        below ? el("span", { class: "interval" }, below) : null));
}

function drawFigures(point) {
    const document = point ? point.test || point.eval : null;
    byId("figures-of").hidden = chosenPoints.length < 2;
    if (!document) {
        byId("figures").hidden = true;
        return;
    }
    const cost = costOf(point, document);
    const writeBeside = writeDifference(metric);
    const difference = pair(at(document, "baseline.difference_ci95"), writeBeside);
    const unit = FRACTIONS.has(metric) ? "points" : "";
    const write = writeMetric(metric);
    const range = (key, writer) => pair(at(document, key), writer);
    const items = [
        figure("Energy per inference", joules(at(document, "energy.joules")),
               range("energy.interval", joules)),
        known(at(document, "ratio.energy")) ? figure("Energy ratio",
            plain(at(document, "ratio.energy")) + " ×", range("ratio.energy_interval", plain)) : null,
        figure(capital(metricName(metric)),
               at(document, "accuracy.value") === null ? UNKNOWN
                   : write(at(document, "accuracy.value")), range("accuracy.ci95", write)),
        known(at(document, "baseline.difference"))
            ? figure("Against the baseline", writeBeside(at(document, "baseline.difference")),
                     [difference, unit].filter(Boolean).join(" ")) : null,
        figure("Size", bytes(at(document, "model.bytes")), known(at(document, "ratio.bytes"))
            ? times(at(document, "ratio.bytes"), "smaller", "larger", "as large as the baseline")
            : null),
        cost ? figure("Paid back after", known(cost.inferences_to_pay_back)
            ? wholeNumber(cost.inferences_to_pay_back) : UNKNOWN, known(cost.inferences_to_pay_back)
            ? `inferences; cost ${joules(cost.joules)}`
            : `${cost.reason ? cost.reason + "; " : ""}cost ${joules(cost.joules)}`) : null,
    ];
    byId("figures-of").textContent = `Figures of ${point.name}:`;
    byId("figures").replaceChildren(...items.filter(Boolean));
}

function drawResult() {
    const point = chosenPoint();
    byId("version").textContent = report.ecai || "";
    byId("sentence").replaceChildren(...(point && (point.test || point.eval) ? sentence(point)
        : allPoints.length === 0 ? ["The report holds no point."] : sentenceWithoutChoice()));
    drawMarks(point);
    drawWarnings();
    drawFigures(point);
}

// Front points across, layers down: how sparse, how many bits.
function drawMap() {
    const energy = (point) => at(anyEvaluation(point), "energy.joules") ?? Infinity;
    const rows = allPoints.filter((point) => isShown(point) && (point.front || point.chosen
                                                                || allPoints.length <= 12))
        .sort((a, b) => energy(a) - energy(b)).slice(0, 40)
        .map((point) => ({ point, layers: layersOf(point).filter((layer) => layer.macs > 0) }))
        .filter((row) => row.layers.some((layer) => sparsityOf(layer) !== null
                                         || known(layer.bits)));
    byId("map").hidden = rows.length === 0;
    if (rows.length === 0) {
        return;
    }
    const names = [...new Set(rows.flatMap((row) => row.layers.map((layer) => layer.node)))];
    const cells = (row) => names.map((name) => {
        const layer = row.layers.find((one) => one.node === name);
        if (!layer) {
            return el("td", { class: "number none" }, el("span", { class: "unseen" }, "no layer"));
        }
        const sparsity = sparsityOf(layer);
        return heatCell(sparsity, known(layer.bits) ? String(layer.bits) : "–",
            known(sparsity) ? ` bits, ${percent(sparsity, 0)} zeros` : " bits, zeros unknown");
    });
    byId("map-body").replaceChildren(
        el("p", { class: "help" }, "A row is a point of the front, from least energy on; a column is "
           + "a layer. The number is the weights' bits, the shade their share of zeros."),
        el("div", { class: "scale", "aria-hidden": "true" }, "0 %", el("span", {}), "100 % zeros"),
        el("div", { class: "scroll", role: "region", tabindex: "0",
                    "aria-label": "Map of points and layers" },
           el("table", { class: "map" },
              el("caption", { class: "unseen" }, "Bits and share of zeros by point and layer"),
              el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Point"),
                  names.map((name) => el("th", { scope: "col", class: "tall" },
                                         el("span", { title: name }, tail(String(name), 24)))))),
              el("tbody", {}, rows.map((row) => el("tr", {},
                  el("th", { scope: "row" }, shortened(row.point.name, 40)), cells(row)))))));
}

function profileFacts() {
    const profile = report.profile;
    if (!profile) {
        return el("div", {}, heading("Energy profile"), note("No energy was estimated."));
    }
    return el("div", {}, heading("Energy profile"), el("dl", { class: "facts" },
        fact("name", String(profile.name || UNKNOWN)),
        profile.summary ? fact("what it is", String(profile.summary)) : null,
        fact("scope", String(profile.scope || UNKNOWN)),
        fact("error", known(profile.error_percent) ? `${plain(profile.error_percent)} %: a factor of `
             + `${plain(1 + profile.error_percent / 100)} either way` : UNKNOWN),
        fact("validated by", String(profile.validated_by || "nothing: not validated")),
        profile.runtime ? fact("runtime", String(profile.runtime)) : null,
        fact("unverified figures", profile.unverified ? String(profile.unverified) : "none named"),
        profile.sha256 ? fact("sha256", el("code", { class: "hash" }, profile.sha256)) : null));
}

function dataFacts() {
    const data = report.data || {};
    const sweep = report.sweep;
    const spec = (key) => at(sweep, key) ?? at(sweep, "spec." + key);
    const named = (value) => value === null || value === undefined ? null
        : typeof value === "object" ? JSON.stringify(value) : String(value);
    return el("div", {}, heading("Data and choice"), el("dl", { class: "facts" },
        fact("data", String(data.name || UNKNOWN)),
        known(data.samples) ? fact("samples", spaced(String(data.samples))) : null,
        data.sha256 ? fact("sha256 of the samples", el("code", { class: "hash" }, data.sha256)) : null,
        fact("chosen on", report.selected_on === "search" ? "search data; the test data was opened for "
            + "the front alone" : report.selected_on === "test" ? "the test data itself: the figures "
            + "of the chosen point are optimistic" : "nothing was chosen"),
        sweep ? [["search data", "search_data"], ["test data", "test_data"]]
            .map(([label, key]) => fact(label, named(spec(key)))) : null,
        known(at(sweep, "seconds")) ? fact("the sweep took", seconds(at(sweep, "seconds"))) : null,
        fact("ecai", String(report.ecai || UNKNOWN))));
}

// Shows a point everywhere; with goTo the details come into view.
function choose(point, goTo) {
    view.selected = point;
    markSelectedRow();
    drawDetails();
    scatter.chart.update("none");
    byId("live").textContent = `details of ${point.name}`;
    try {
        history.replaceState(null, "", "#" + encodeURIComponent(point.id || point.name));
    } catch {
        // A page without an address of its own works all the same.
    }
    if (goTo) {
        byId("details").focus({ preventScroll: true });
        const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
        byId("details").scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
    }
}

// The theme: as the system says until the button is pressed.
function applyTheme(theme) {
    const dark = theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    palette.clear();
    byId("theme").textContent = dark ? "Light" : "Dark";
    byId("theme").setAttribute("aria-label", dark ? "Light colours" : "Dark colours");
    if (scatter.chart) {
        drawScatter();
        drawCurves();
    }
}

function stored(value) {
    try {
        if (value) {
            localStorage.setItem("ecai-theme", value);
        }
        return localStorage.getItem("ecai-theme");
    } catch {
        return null; // a page that may keep nothing follows the system
    }
}

function startTheme() {
    applyTheme(stored());
    byId("theme").addEventListener("click", () => {
        const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
        stored(next);
        applyTheme(next);
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
        applyTheme(stored());
    });
    window.addEventListener("beforeprint", () => applyTheme("light"));
    window.addEventListener("afterprint", () => applyTheme(stored()));
}

function startSources() {
    byId("source-label").hidden = !hasBoth;
    byId("source").replaceChildren(el("option", { value: "eval" }, "search data"),
                                   el("option", { value: "test" }, "test data"));
    byId("source").value = view.source;
    byId("source").addEventListener("change", () => {
        view.source = byId("source").value;
        fillTable();
        drawScatter();
        drawDetails();
    });
}

// The id behind "#"; "" where that is no text that this page could have made.
function wantedId() {
    try {
        return decodeURIComponent(location.hash.slice(1));
    } catch {
        return "";
    }
}

function start() {
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    startTheme();
    startSources();
    drawResult();
    fillAxes();
    table.columns = tableColumns();
    table.sort = "state";
    fillFilters();
    const wanted = wantedId();
    view.selected = allPoints.find((point) => point.id && String(point.id) === wanted)
        || chosenPoint() || allPoints.find((point) => point.front) || allPoints[0] || null;
    fillTable();
    drawScatter();
    drawDetails();
    drawMap();
    fillLost();
    byId("basis-body").replaceChildren(...[profileFacts(), dataFacts(),
        costTable(at(report, "sweep.cost"), "What the whole sweep cost")].filter(Boolean));
}

start();
