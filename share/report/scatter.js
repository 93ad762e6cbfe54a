// The scatter plot: points, their intervals, the front as a step line; pointer and keyboard.
"use strict";

const scatter = { chart: null, x: null, y: null, items: [], focus: -1 };

// The theme's colours, by their names in the style sheet; forgotten when the theme changes.
const palette = new Map();

function colour(name) {
    if (!palette.has(name)) {
        palette.set(name, getComputedStyle(document.documentElement)
            .getPropertyValue("--" + name).trim());
    }
    return palette.get(name);
}

// Round ticks between lo and hi: 1-2-5 steps, or 1-2-5 decades where a log axis spans enough.
function ticksBetween(lo, hi, log, wanted) {
    const ticks = [];
    const decades = log ? Math.log10(hi / lo) : 0;
    if (decades > 0.9) {
        const steps = decades > 3 ? [1] : decades > 1.6 ? [1, 3] : [1, 2, 5];
        for (let power = Math.floor(Math.log10(lo)); power <= Math.log10(hi); power++) {
            for (const step of steps) {
                const tick = Number(`${step}e${power}`);
                if (tick >= lo && tick <= hi) {
                    ticks.push(tick);
                }
            }
        }
        const every = Math.ceil(ticks.length / (wanted + 3));
        return ticks.filter((_, i) => i % every === 0);
    }
    const rough = (hi - lo) / wanted;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= rough);
    for (let i = Math.ceil(lo / step); i * step <= hi; i++) {
        ticks.push(Number((i * step).toPrecision(12)));
    }
    return ticks;
}

// The range of some values with room around it; a single value gets a range of its own.
function paddedRange(values, log) {
    const to = log ? Math.log10 : (v) => v;
    const from = log ? (v) => 10 ** v : (v) => v;
    const lo = to(Math.min(...values));
    const hi = to(Math.max(...values));
    const pad = hi > lo ? (hi - lo) * 0.07 : log ? 0.3 : Math.abs(hi) * 0.05 || 1;
    return [from(lo - pad), from(hi + pad)];
}

const wantsIntervals = (point) => {
    const wanted = byId("intervals").value;
    return wanted === "all" || (wanted === "front" && (point.front || point.chosen));
};
// The interval of an energy is the profile's own error: it moves all points together, so it is
// drawn for the point that is looked at alone.
const wantsBar = (item, axis) => item.point === view.selected || item.at === scatter.focus
    || (axis.error === "95" && wantsIntervals(item.point));

function drawBar(context, from, to, fixed, vertical) {
    const cap = 3;
    context.beginPath();
    if (vertical) {
        context.moveTo(fixed, from);
        context.lineTo(fixed, to);
        context.moveTo(fixed - cap, from);
        context.lineTo(fixed + cap, from);
        context.moveTo(fixed - cap, to);
        context.lineTo(fixed + cap, to);
    } else {
        context.moveTo(from, fixed);
        context.lineTo(to, fixed);
        context.moveTo(from, fixed - cap);
        context.lineTo(from, fixed + cap);
        context.moveTo(to, fixed - cap);
        context.lineTo(to, fixed + cap);
    }
    context.stroke();
}

function drawIntervals(chart) {
    const { ctx: context, scales: { x, y } } = chart;
    for (const item of scatter.items) {
        const important = item.point.chosen || item.point === view.selected;
        context.strokeStyle = colour(item.point.chosen ? "chosen"
            : item.point.front ? "front" : "other");
        context.globalAlpha = important ? 0.95 : 0.5;
        context.lineWidth = important ? 1.6 : 1;
        if (item.yi && wantsBar(item, scatter.y)) {
            drawBar(context, y.getPixelForValue(item.yi[0]), y.getPixelForValue(item.yi[1]),
                    x.getPixelForValue(item.x), true);
        }
        if (item.xi && wantsBar(item, scatter.x)) {
            drawBar(context, x.getPixelForValue(item.xi[0]), x.getPixelForValue(item.xi[1]),
                    y.getPixelForValue(item.y), false);
        }
    }
    context.globalAlpha = 1;
}

// The border of what was reached: to its worse side every point is beaten.
function drawFront(chart) {
    const { x: ax, y: ay } = scatter;
    if (!ax.better || !ay.better) {
        return;
    }
    const { ctx: context, chartArea: area, scales: { x, y } } = chart;
    const front = nonDominated(scatter.items, ax, ay);
    if (scatter.items.length < 2) {
        return;
    }
    const corner = front.map((item) => [x.getPixelForValue(item.x), y.getPixelForValue(item.y)]);
    const [first, last] = [corner[0], corner[corner.length - 1]];
    const down = ay.better === "higher" ? area.bottom : area.top;
    const flatFirst = ax.better === "lower";
    context.beginPath();
    context.moveTo(flatFirst ? first[0] : area.left, flatFirst ? down : first[1]);
    corner.forEach(([px, py], i) => {
        const [bx, by] = corner[i - 1] || [px, py];
        context.lineTo(flatFirst ? px : bx, flatFirst ? by : py);
        context.lineTo(px, py);
    });
    context.lineTo(flatFirst ? area.right : last[0], flatFirst ? last[1] : down);
    context.strokeStyle = colour("front");
    context.globalAlpha = 0.65;
    context.lineWidth = 1.5;
    context.stroke();
    context.globalAlpha = 1;
}

function drawSelected(chart) {
    const { ctx: context, scales: { x, y } } = chart;
    for (const item of scatter.items) {
        const looked = item.at === scatter.focus && document.activeElement === byId("plot");
        if (item.point === view.selected || looked) {
            context.beginPath();
            context.arc(x.getPixelForValue(item.x), y.getPixelForValue(item.y), looked ? 12 : 10, 0,
                        2 * Math.PI);
            context.strokeStyle = colour("ink");
            context.lineWidth = looked ? 2.5 : 1.5;
            context.stroke();
        }
    }
}

const marksPlugin = {
    id: "ecai",
    beforeDatasetsDraw(chart) {
        const { ctx: context, chartArea: area } = chart;
        context.save();
        context.beginPath();
        context.rect(area.left, area.top, area.width, area.height);
        context.clip();
        drawFront(chart);
        drawIntervals(chart);
        context.restore();
    },
    afterDatasetsDraw(chart) {
        chart.ctx.save();
        drawSelected(chart);
        chart.ctx.restore();
    },
};

// The first lies on top.
const KINDS = [
    { name: "chosen", label: "chosen", style: "rectRot", radius: 8 },
    { name: "front", label: "on the front", style: "circle", radius: 5 },
    { name: "other", label: "other points", style: "circle", radius: 4, hollow: true },
];
const kindOf = (point) => point.chosen ? "chosen" : point.front ? "front" : "other";

function datasets() {
    return KINDS.map((kind) => ({
        label: kind.label,
        data: scatter.items.filter((item) => kindOf(item.point) === kind.name),
        pointStyle: kind.style,
        radius: kind.radius,
        hoverRadius: kind.radius + 2,
        backgroundColor: kind.hollow ? "transparent" : colour(kind.name),
        borderColor: colour(kind.hollow ? kind.name : "card"),
        hoverBackgroundColor: colour(kind.name),
        borderWidth: kind.hollow ? 1.5 : 1,
    }));
}

function axisOptions(axis, values, log) {
    const [min, max] = paddedRange(values.length > 0 ? values : [1], log);
    const fewer = byId("plot").clientWidth < 480;
    return {
        type: log ? "logarithmic" : "linear",
        min, max,
        title: { display: true, text: axis.label + (log ? ", log scale" : ""),
                 color: colour("soft"), font: { size: 13 } },
        grid: { color: colour("line"), borderColor: colour("line"), tickLength: 4 },
        ticks: { color: colour("soft"), maxRotation: 0, autoSkipPadding: 12,
                 callback: (value) => (axis.tick || axis.write)(value) },
        afterBuildTicks: (scale) => {
            const ticks = ticksBetween(min, max, log, fewer ? 4 : 7);
            scale.ticks = ticks.map((value) => ({ value }));
        },
    };
}

const whole = (item, axis, value, interval) => {
    const range = pair(interval, axis.write);
    return `${axis.short} ${axis.write(value)}` + (range ? ` (${range})` : "");
};

// What is said of a point by tooltip and by screen readers.
function describe(item) {
    const { x, y } = scatter;
    const state = item.point.chosen ? "chosen" : item.point.front ? "on the front" : null;
    return [item.point.name + (state ? `, ${state}` : ""),
            whole(item, y, item.y, item.yi), whole(item, x, item.x, item.xi),
            ...Object.entries(item.point.parameters || {})
                .map(([name, value]) => `${name}: ${parameterValue(value)}`)];
}

function tooltipOptions() {
    return {
        backgroundColor: colour("ink"), titleColor: colour("paper"), bodyColor: colour("paper"),
        padding: 10, cornerRadius: 4, displayColors: false, animation: false,
        filter: (_, index) => index === 0,
        callbacks: {
            title: (entries) => entries.length ? shortened(describe(entries[0].raw)[0], 48) : "",
            label: (entry) => describe(entry.raw).slice(1).map((line) => shortened(line, 60)),
        },
    };
}

// Keeps the better half or tenth of the vertical range, where a few bad points would squeeze the rest.
function inRange(item, _, items) {
    const share = Number(byId("range").value);
    if (share === 1) {
        return true; // not by figures: most - (most - least) may round to more than the least
    }
    const heights = items.map((one) => one.y);
    const [least, most] = [Math.min(...heights), Math.max(...heights)];
    return scatter.y.better === "lower" ? item.y <= least + share * (most - least)
        : item.y >= most - share * (most - least);
}

// The points with figures on both axes, of those that the filters let through.
function plotted(list) {
    const { x, y } = scatter;
    const positive = (value, id) => value > 0 || !byId(id).checked;
    return list.filter(isShown).map((point) => ({
        point, x: axisValue(x, point), y: axisValue(y, point), xi: axisInterval(x, point),
        yi: axisInterval(y, point),
    })).filter((item) => item.x !== null && item.y !== null && positive(item.x, "log-x")
               && positive(item.y, "log-y"))
        .filter(inRange)
        .sort((a, b) => a.x - b.x || a.y - b.y)
        .map((item, index) => Object.assign(item, { at: index }));
}

// The values of one axis, with the ends of the intervals that are drawn for more than one point.
function rangeOf(side, log) {
    const values = scatter.items.map((item) => item[side]);
    const few = scatter.items.length <= 3; // alone, the interval is what there is to see
    for (const item of scatter.items) {
        const interval = item[side + "i"];
        if ((scatter[side].error === "95" || few) && interval && wantsIntervals(item.point)) {
            values.push(...interval.filter((end) => end > 0 || !log));
        }
    }
    return values;
}

function drawScatter() {
    const shown = shownPoints();
    scatter.items = plotted(shown);
    scatter.focus = scatter.items.findIndex((item) => item.point === view.selected);
    const [logX, logY] = [byId("log-x").checked, byId("log-y").checked];
    if (scatter.chart) {
        scatter.chart.destroy();
    }
    scatter.chart = new Chart(byId("scatter"), {
        type: "scatter",
        data: { datasets: datasets() },
        plugins: [marksPlugin],
        options: {
            animation: false, maintainAspectRatio: false, responsive: true,
            layout: { padding: { right: 12, top: 8 } },
            interaction: { mode: "nearest", intersect: true },
            scales: { x: axisOptions(scatter.x, rangeOf("x", logX), logX),
                      y: axisOptions(scatter.y, rangeOf("y", logY), logY) },
            plugins: { legend: { display: false }, tooltip: tooltipOptions() },
            onClick: (event) => {
                const item = itemNear(event);
                if (item) {
                    choose(item.point);
                }
            },
            onHover: (event, elements) => {
                event.native.target.style.cursor = elements.length ? "pointer" : "default";
            },
        },
    });
    describePlot(shown);
}

function itemNear(event) {
    const [element] = scatter.chart.getElementsAtEventForMode(event, "nearest",
                                                              { intersect: false }, true);
    if (!element) {
        return null;
    }
    const { x, y } = element.element;
    return Math.hypot(x - event.x, y - event.y) < 24
        ? scatter.chart.data.datasets[element.datasetIndex].data[element.index] : null;
}

// What the bars along an axis say; "" where it has none.
function barNote(direction, axis, present) {
    return !present ? "" : axis.error === "95" ? `${capital(direction)} bars: 95 % intervals.`
        : `The ${direction} bar of the selected point is the energy profile's error, which moves `
        + "all points together.";
}

function describePlot(shown) {
    const { x, y, items } = scatter;
    const front = x.better && y.better && items.length > 1 ? nonDominated(items, x, y).length : 0;
    const left = shown.filter(isShown).length - items.length;
    const why = byId("range").value === "1" ? "" : ", or out of the range chosen";
    const summary = `${items.length} ${items.length === 1 ? "point" : "points"}: ${y.label} against `
        + `${x.label}` + (front ? `; ${front} on the step line` : "")
        + ". The table of all points has the same figures.";
    byId("scatter").setAttribute("aria-label", summary);
    byId("plot").setAttribute("aria-label", "Scatter plot, " + summary);
    const notes = [];
    if (items.length === 0) {
        notes.push("No point has both figures: nothing is drawn.");
    } else if (left > 0) {
        notes.push(`${left} ${left === 1 ? "point is" : "points are"} not drawn: a figure is `
                   + "unknown, or not above 0 on a log scale" + why + ".");
    }
    if (front) {
        notes.push("Step line: no point is better in both.");
    }
    notes.push(barNote("vertical", y, items.some((item) => item.yi)),
               barNote("horizontal", x, items.some((item) => item.xi)));
    byId("plot-note").textContent = notes.filter(Boolean).join(" ");
    const present = KINDS.filter((kind) => items.some((item) => kindOf(item.point) === kind.name));
    byId("legend").replaceChildren(...present.map((kind) =>
        el("li", {}, el("span", { class: "sign " + kind.name, "aria-hidden": "true" }), kind.label)));
}

// Puts the tooltip at an item, as hovering would.
function pointTo(index) {
    scatter.focus = index;
    const item = scatter.items[index];
    for (const [datasetIndex, dataset] of scatter.chart.data.datasets.entries()) {
        const at = dataset.data.indexOf(item);
        if (at >= 0) {
            const element = scatter.chart.getDatasetMeta(datasetIndex).data[at];
            const active = [{ datasetIndex, index: at }];
            scatter.chart.setActiveElements(active);
            scatter.chart.tooltip.setActiveElements(active, { x: element.x, y: element.y });
        }
    }
    scatter.chart.update("none");
    byId("live").textContent = describe(item).join("; ");
}

function clearPointer() {
    scatter.focus = -1;
    scatter.chart.setActiveElements([]);
    scatter.chart.tooltip.setActiveElements([], { x: 0, y: 0 });
    scatter.chart.update("none");
}

// Left and right walk along the horizontal axis, up and down along the vertical one.
function plotKey(event) {
    const { items } = scatter;
    const up = items.map((_, index) => index).sort((a, b) => items[a].y - items[b].y || a - b);
    const at = scatter.focus < 0 ? 0 : scatter.focus;
    const moved = (step) => Math.min(items.length - 1, Math.max(0, step));
    const targets = {
        ArrowRight: () => moved(scatter.focus < 0 ? 0 : at + 1), ArrowLeft: () => moved(at - 1),
        ArrowUp: () => up[moved(up.indexOf(at) + 1)], ArrowDown: () => up[moved(up.indexOf(at) - 1)],
        Home: () => 0, End: () => items.length - 1,
    };
    if (items.length === 0 || event.altKey || event.ctrlKey || event.metaKey) {
        return;
    }
    if (targets[event.key]) {
        event.preventDefault();
        pointTo(targets[event.key]());
    } else if ((event.key === "Enter" || event.key === " ") && scatter.focus >= 0) {
        event.preventDefault();
        choose(items[scatter.focus].point);
    } else if (event.key === "Escape") {
        clearPointer();
    }
}

// The axis of a key, or of a swept parameter's bare name.
const namedAxis = (axes, key) => axes.find((axis) => axis.key === key)
    || axes.find((axis) => axis.key === "parameters." + key);

function fillAxes() {
    const axes = availableAxes();
    const named = (key, fallback) => namedAxis(axes, key) || namedAxis(axes, fallback);
    scatter.x = named(at(report, "axes.x") || "energy.joules", "model.bytes") || axes[0] || AXES[0];
    scatter.y = named(at(report, "axes.y") || "accuracy.value", "baseline.difference")
        || axes.find((axis) => axis !== scatter.x) || AXES[1];
    for (const side of ["x", "y"]) {
        const select = byId("axis-" + side);
        select.replaceChildren(...axes.map((axis) => el("option", { value: axis.key }, axis.label)));
        select.value = scatter[side].key;
        const log = byId("log-" + side);
        log.checked = at(report, "axes.log_" + side) ?? (side === "x" && !!scatter.x.log);
        select.addEventListener("change", () => {
            scatter[side] = named(select.value);
            log.checked = side === "x" && !!scatter.x.log;
            drawScatter();
        });
        log.addEventListener("change", drawScatter);
    }
    byId("intervals").addEventListener("change", drawScatter);
    byId("range").addEventListener("change", drawScatter);
    byId("intervals").value = allPoints.length > 30 ? "front" : "all";
    byId("plot").addEventListener("keydown", plotKey);
    byId("plot").addEventListener("blur", clearPointer);
    byId("plot").addEventListener("focus", () => {
        if (scatter.items.length > 0) {
            const here = scatter.items.findIndex((item) => item.point === view.selected);
            pointTo(Math.max(0, here));
        }
    });
}
