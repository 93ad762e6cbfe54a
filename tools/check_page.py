#!/usr/bin/python3
"""Opens html reports in headless Chromium and checks what ecai promises of them: nothing on the
console, no accessibility violation by axe-core, no network, small, fast, no sideways scrolling on a
phone, all of it by keyboard, every point of the data in the table. Screenshots go to a folder.

check_page.py AXE SCREENSHOTS PAGE.html...    AXE: axe.min.js, or - where there is none
"""

import base64
import json
import pathlib
import re
import statistics
import sys
import tempfile

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

MOST_BYTES = 1_500_000
MOST_MS = 1000
VIEWS = [(1280, "light"), (1280, "dark"), (360, "light"), (360, "dark")]
PATIENCE = 110  # seconds that axe-core may take on a busy machine
MOST_WALKED = 60  # points that the arrows are tried on
PREFIX = {"P": 1e15, "T": 1e12, "G": 1e9, "M": 1e6, "k": 1e3, "m": 1e-3, "µ": 1e-6, "n": 1e-9,
          "p": 1e-12, "f": 1e-15}
TILE = 4000  # pixels of one screenshot

failures = []


def check(holds, claim, detail=""):
    if not holds:
        failures.append(claim)
        print(f"page: FAILED: {claim}: {detail}")


def browser(profile):
    options = webdriver.ChromeOptions()
    for switch in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
                   "--hide-scrollbars", "--force-color-profile=srgb", f"--user-data-dir={profile}"):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    driver.set_script_timeout(PATIENCE)
    driver.set_page_load_timeout(PATIENCE)
    return driver


def open_page(driver, page, width, theme):
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                           {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False})
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
        {"name": "prefers-color-scheme", "value": theme},
        {"name": "prefers-reduced-motion", "value": "reduce"}]})
    driver.get("about:blank")
    driver.get_log("browser")
    driver.get_log("performance")
    driver.get(page.as_uri())
    shown = driver.execute_script("return document.documentElement.dataset.theme")
    check(shown == theme, f"{page.stem} follows the system's colours", f"{shown}, not {theme}")


def requests_of(driver):
    """Addresses that the page asked for, itself and what it carries as data left out."""
    urls = set()
    for entry in driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            urls.add(message["params"]["request"]["url"])
    return {url for url in urls if not re.match(r"file:.*\.html(#|$)|data:|about:", url)}


def check_load(driver, name):
    took = driver.execute_script(
        "return performance.getEntriesByType('navigation')[0].loadEventEnd")
    messages = driver.get_log("browser")
    check(not messages, f"{name} leaves the console empty", messages)
    urls = requests_of(driver)
    check(not urls, f"{name} asks nothing of a network", urls)
    resources = driver.execute_script(
        "return performance.getEntriesByType('resource').map((entry) => entry.name)")
    resources = [url for url in resources if not url.startswith("data:")]
    check(not resources, f"{name} loads nothing", resources)
    return took


def check_axe(driver, axe, name, view):
    if axe is None:
        return
    driver.execute_script(axe)
    result = driver.execute_async_script("""
        const done = arguments[0];
        axe.run(document, {resultTypes: ['violations', 'incomplete', 'passes']}).then((result) =>
            done({violations: result.violations.map((rule) => ({id: rule.id, help: rule.help,
                      nodes: rule.nodes.slice(0, 3).map((node) => node.html.slice(0, 160) + ' '
                          + node.failureSummary)})),
                  passes: result.passes.length}), (error) => done({error: String(error)}));""")
    check(result.get("passes", 0) > 10, f"{name}: axe-core ran its rules", result)
    check(not result.get("violations"), f"{name} has no accessibility violation, {view}",
          json.dumps(result.get("violations"), indent=1))


def check_width(driver, name, width):
    wide = driver.execute_script("return document.documentElement.scrollWidth")
    check(wide <= width, f"{name} does not scroll sideways at {width} px", wide)


def data_of(driver):
    return json.loads(driver.execute_script(
        "return document.getElementById('data').textContent"))


def name_of(point):
    return str(point.get("label") or point.get("id"))


def rows(driver):
    return driver.execute_script("""
        return [...document.querySelectorAll('#table tbody tr')].map((row) =>
            [...row.cells].map((cell) => cell.textContent));""")


def check_points(driver, name):
    points = data_of(driver)["points"]
    names = [row[0] for row in rows(driver)]
    wanted = [name_of(point) for point in points]
    check(sorted(names) == sorted(wanted), f"{name}: every point stands in the table",
          f"{len(names)} rows of {len(wanted)} points")
    lost = [point for point in points if point.get("state") in ("failed", "dropped")]
    items = driver.find_elements(By.CSS_SELECTOR, "#lost-list li")
    check(len(items) == len(lost), f"{name}: what failed is listed", len(items))
    for point in (point for point in lost if point.get("error")):
        check(point["error"] in driver.execute_script(
            "return document.getElementById('lost-list').textContent"),
            f"{name}: a failure comes with its reason", point["error"])


def number_of(text):
    """What a cell says, "91.40 % 88.62 ... 93.55 %" or "147 µJ", as a number; None: unknown."""
    match = re.match(r"([-+\u2212]?[\d.\u202f]+)(?: (%|[PTGMkmµnpf]?[JBs]?))?(?= |$)", text)
    if not match:
        return None
    digits = match.group(1).replace("\u202f", "").replace("\u2212", "-")
    unit = match.group(2) or ""
    return float(digits) * (0.01 if unit == "%" else PREFIX.get(unit[:1], 1))


def figure_of(point, shown_on, key):
    """What a point's evaluation holds at a dotted key, or its parameter of that name; else None."""
    value = point.get(shown_on) or point.get("eval") or point.get("test")
    for part in key.split("."):
        value = (value or {}).get(part)
    return (point.get("parameters") or {}).get(key) if value is None else value


def check_axes(driver, name):
    """The chart opens with the axes asked for, where there are figures, and says its bars."""
    report = data_of(driver)
    shown_on = "test" if report.get("on") == "test" else "eval"
    shown = [point for point in report["points"] if point.get("eval") and
             (point["state"] == "done" or point["front"] or point["chosen"])]
    drawn = len(shown)
    for side in ("x", "y"):
        key = report["axes"][side]
        values = [figure_of(point, shown_on, key) for point in shown]
        drawn = min(drawn, sum(value is not None for value in values))
        if drawn:
            selected = Select(driver.find_element(By.ID, f"axis-{side}")).first_selected_option
            check(selected.get_attribute("value") in (key, f"parameters.{key}"),
                  f"{name}: {side} is {key}", selected.get_attribute("value"))
        described = report["axes"].get(f"{side}_axis")
        if drawn and described:
            title = selected.text.lower()
            check(title == described["title"].lower() or key in ("energy.joules", "accuracy.value"),
                  f"{name}: {side} is called as the report says", title)
    if drawn:
        items = driver.execute_script("return scatter.items.length")
        check(items == drawn, f"{name}: done points and those of the front are drawn",
              f"{items} of {drawn}")
    better = driver.execute_script("""
        return availableAxes().filter((axis) => axis.key === 'accuracy.value'
            || axis.key === 'baseline.difference').map((axis) => axis.better);""")
    check(all(one == report["better"] for one in better if report["better"]),
          f"{name}: the metric and its difference are better {report['better']}", better)
    note = driver.find_element(By.ID, "plot-note").text
    for side, bar in (("x", "orizontal"), ("y", "ertical")):
        if drawn and report["axes"][side] == "energy.joules":
            check(f"{bar} bar of the selected point is the energy profile's error" in note,
                  f"{name}: the profile's error is called so", note)
        elif drawn and report["axes"][side] == "accuracy.value" and f"{bar} bar" in note:
            check(f"{bar} bars: 95 %" in note, f"{name}: 95 % intervals are called so", note)


def check_said(driver, name):
    """Warnings, what was dropped but stands on the front, costs not paid back, commands."""
    report = data_of(driver)
    text = driver.find_element(By.ID, "warnings").text
    for warning in report.get("warnings", []):
        check(warning in text, f"{name}: a warning of the report is shown", text)
    states = {row[0]: row[1] for row in rows(driver)}
    for point in report["points"]:
        if point["state"] == "dropped" and point["front"]:
            check(states[name_of(point)] in ("front, dropped", "chosen, dropped"),
                  f"{name}: what was dropped says that it is on the front", states[name_of(point)])
    result = driver.find_element(By.ID, "result").text
    check(" 1 times" not in result, f"{name}: a ratio of 1 is none", result)
    chosen = [point for point in report["points"] if point["chosen"]]
    for point in chosen[1:]:
        check(name_of(point) in driver.find_element(By.ID, "sentence").text,
              f"{name}: what another sweep chose is named", name_of(point))
    if chosen and chosen[0].get("cost"):
        reason = chosen[0]["cost"].get("reason")
        check(not reason or reason in result, f"{name}: why a cost is not paid back", result)
    details = driver.find_element(By.ID, "details").text
    point = driver.execute_script("return view.selected && view.selected.commands") or []
    if len(point) == 1:
        check("The command that evaluated this model" in details,
              f"{name}: one evaluation is not called what makes the point", details[-400:])


def check_address(driver, name, page):
    """An address whose end is no text leaves the page as it is without."""
    driver.get("about:blank")
    driver.get_log("browser")
    driver.get(page.as_uri() + "#%")
    check(len(rows(driver)) == len(data_of(driver)["points"]),
          f"{name}: opens with '#%' behind its address", len(rows(driver)))
    messages = driver.get_log("browser")
    check(not messages, f"{name}: '#%' leaves the console empty", messages)


def check_figures(driver, name):
    """Figures in the table are those of the data, read back from their text; unknown is a word."""
    report = data_of(driver)
    shown_on = "test" if report.get("on") == "test" else "eval"
    scale = 100 if report["metric"] in ("top1", "top5", "balanced") else 1
    heads = [cell.text.split("\n")[0].rstrip(" ↑↓").lower() for cell in
             driver.find_elements(By.CSS_SELECTOR, "#table thead th")]
    shown = {row[0]: row for row in rows(driver)}
    for key, head in (("accuracy.value", str(report["metric"]).lower()),
                      ("energy.joules", "energy"), ("model.bytes", "bytes"),
                      ("baseline.difference", "difference")):
        values = {}
        for point in report["points"]:
            value = figure_of(point, shown_on, key)
            values[name_of(point)] = value * scale if value and head == "difference" else value
        if head not in heads:
            check(all(value is None for value in values.values()),
                  f"{name}: there is a column for {key}", heads)
            continue
        rounding = 0.0051 if head == "difference" and scale == 100 else 0
        for point, value in values.items():
            text = shown[point][heads.index(head)]
            if value is None:
                check(text in ("unknown", "–"), f"{name}: unknown {key} is no number", text)
            else:
                read = number_of(text)
                check(read is not None and abs(read - value) <= max(0.006 * abs(value), rounding),
                      f"{name}: the table's {key} is the data's", f"{text}, not {value}")


def check_bars(driver, name):
    """A layer's bar is as long, beside the longest, as its energy says."""
    bars = driver.execute_script("""
        return [...document.querySelectorAll('.layers tbody tr')].map((row) =>
            [row.cells[1].textContent, row.querySelector('.bar').getBoundingClientRect().width]);""")
    energies = [(number_of(text), width) for text, width in bars]
    energies = [(energy, width) for energy, width in energies if energy]
    if energies:
        most, widest = max(energies)
        for energy, width in energies:
            check(abs(width / widest - energy / most) < 0.01 + 1.5 / widest,
                  f"{name}: bars are as long as energies", f"{energy}: {width} of {widest}")


def check_result(driver, name):
    """The first sentence is about the chosen point; what it was selected on can be seen."""
    report = data_of(driver)
    chosen = [point for point in report["points"] if point.get("chosen")]
    sentence = driver.find_element(By.ID, "sentence").text
    marks = driver.find_element(By.ID, "marks").text
    if chosen:
        document = chosen[0].get("test") or chosen[0]["eval"]
        accuracy = f"{document['accuracy']['value'] * 100:.2f} %"
        check(sentence.startswith(name_of(chosen[0])) and accuracy in sentence,
              f"{name} opens with the chosen point and its accuracy", sentence)
    if report.get("selected_on"):
        check(f"selected on {report['selected_on']}" in marks, f"{name} says what chose", marks)
    check(str((report.get("profile") or {}).get("name")) in marks or not report.get("profile"),
          f"{name} names its energy profile", marks)


def check_order(driver, name, index):
    order = driver.find_elements(By.CSS_SELECTOR, "#table thead th")[index].get_attribute(
        "aria-sort")
    numbers = [number_of(row[index]) for row in rows(driver)]
    shown = [number for number in numbers if number is not None]
    check(shown == sorted(shown, reverse=order == "descending"),
          f"{name}: column {index} is {order}", shown[:8])
    check(numbers[:len(shown)] == shown, f"{name}: unknown comes last in column {index}",
          numbers)


def check_sorting(driver, name):
    count = len(driver.find_elements(By.CSS_SELECTOR, "#table thead button"))
    for index in range(count):
        for direction in range(2):
            button = driver.find_elements(By.CSS_SELECTOR, "#table thead button")[index]
            button.send_keys(Keys.ENTER)
            cell = driver.find_elements(By.CSS_SELECTOR, "#table thead th")[index]
            check(cell.get_attribute("aria-sort") in ("ascending", "descending"),
                  f"{name}: column {index} says how it is sorted", cell.get_attribute("aria-sort"))
            check(driver.execute_script("return document.activeElement.closest('th') !== null"),
                  f"{name}: sorting keeps the focus", index)
            check_order(driver, name, index)
        sorts = driver.execute_script("""
            return [...document.querySelectorAll('#table thead th')]
                .filter((cell) => cell.getAttribute('aria-sort') !== 'none').length""")
        check(sorts == 1, f"{name}: one column is sorted", sorts)


def tab_to(driver, target, most=60):
    """Presses Tab from the top until the element has the focus; whether it was reached."""
    driver.execute_script("document.activeElement.blur(); window.scrollTo(0, 0)")
    driver.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    for _ in range(most):
        if driver.execute_script("return document.activeElement.matches(arguments[0])", target):
            return True
        driver.switch_to.active_element.send_keys(Keys.TAB)
    return False


def said(driver):
    return driver.execute_script("return document.getElementById('live').textContent")


def heading(driver):
    return driver.find_element(By.ID, "details-title").text


def check_keyboard(driver, name):
    check(tab_to(driver, "#plot"), f"{name}: Tab reaches the scatter plot", "")
    drawn = driver.execute_script("return scatter.items.length")
    if drawn == 0:
        return
    plot = driver.switch_to.active_element
    plot.send_keys(Keys.HOME)
    first = said(driver)
    check(first != "", f"{name}: the point under the keyboard is said", first)
    seen = {first}
    for _ in range(min(drawn, MOST_WALKED) - 1):
        plot.send_keys(Keys.ARROW_RIGHT)
        seen.add(said(driver))
    every = driver.execute_script("return scatter.items.map((item) => describe(item).join('; '))")
    check(seen == set(every[:MOST_WALKED]), f"{name}: arrows walk through all points", f"{len(seen)} of {drawn}")
    plot.send_keys(Keys.END)
    last = driver.execute_script("return scatter.items[scatter.items.length - 1].point.name")
    plot.send_keys(Keys.ENTER)
    check(heading(driver).startswith(last), f"{name}: Enter shows the details", heading(driver))
    marked = driver.find_elements(By.CSS_SELECTOR, "#table tr[aria-current] th")
    check([cell.text for cell in marked] == [last], f"{name}: the row of the point is marked", last)
    check(tab_to(driver, "#table tbody button"), f"{name}: Tab reaches the rows", "")
    driver.switch_to.active_element.send_keys(Keys.HOME)
    if len(rows(driver)) > 1:
        before = driver.switch_to.active_element.text
        key = Keys.ARROW_DOWN if rows(driver)[-1][0] != before else Keys.ARROW_UP
        driver.switch_to.active_element.send_keys(key)
        after = driver.switch_to.active_element.text
        check(before != after, f"{name}: arrows walk through the rows", after)
        driver.switch_to.active_element.send_keys(Keys.ENTER)
        check(heading(driver).startswith(after), f"{name}: a row shows its point", heading(driver))


def check_controls(driver, name):
    """Every axis, range and interval draws; the theme turns; a filter filters."""
    for box in ("axis-x", "axis-y", "range", "intervals"):
        chosen = Select(driver.find_element(By.ID, box))
        for option in range(len(chosen.options)):
            chosen.select_by_index(option)
            drawn = driver.execute_script("return scatter.items.every((item) =>"
                                          " isFinite(item.x) && isFinite(item.y))")
            check(drawn, f"{name}: {box} draws numbers alone", option)
    before = driver.execute_script("return getComputedStyle(document.body).backgroundColor")
    driver.find_element(By.ID, "theme").click()
    after = driver.execute_script("return getComputedStyle(document.body).backgroundColor")
    check(before != after, f"{name}: the button turns the colours", after)
    driver.execute_script("localStorage.clear()")
    driver.find_element(By.ID, "find").send_keys("no point is called this")
    check(len(rows(driver)) == 0, f"{name}: the filter filters", len(rows(driver)))
    driver.find_element(By.ID, "find").send_keys(Keys.CONTROL + "a", Keys.DELETE)
    check(len(rows(driver)) == len(data_of(driver)["points"]), f"{name}: and lets go", "")
    messages = driver.get_log("browser")
    check(not messages, f"{name}: the controls leave the console empty", messages)


def check_words(driver, name):
    found = driver.execute_script("""
        return document.body.innerText.match(/\\b(null|undefined|NaN|Infinity|object Object)\\b/g)""")
    check(not found, f"{name}: unknown is a word of the reader's", found)


def check_harmless(driver, name):
    """Text from files is text: no element came of it, none of its scripts ran."""
    found = driver.execute_script("""
        return {images: document.querySelectorAll('img, iframe, object, embed, a[href]:not(.skip)')
                    .length,
                scripts: document.scripts.length, ran: typeof window.hurt}""")
    check(found == {"images": 0, "scripts": 3, "ran": "undefined"},
          f"{name}: names from files stay text", found)


def screenshots(driver, folder, name, width, theme):
    height = driver.execute_script("return document.documentElement.scrollHeight")
    for part, top in enumerate(range(0, height, TILE)):
        shot = driver.execute_cdp_cmd("Page.captureScreenshot", {
            "captureBeyondViewport": True,
            "clip": {"x": 0, "y": top, "width": width, "height": min(TILE, height - top),
                     "scale": 1}})
        part = f"-{part}" if part else ""
        (folder / f"{name}-{width}-{theme}{part}.png").write_bytes(
            base64.b64decode(shot["data"]))


def check_page(driver, axe, folder, page):
    name = page.stem
    size = page.stat().st_size
    check(size < MOST_BYTES, f"{name} is under {MOST_BYTES} bytes", size)
    took = []
    for width, theme in VIEWS:
        view = f"{width} px, {theme}"
        open_page(driver, page, width, theme)
        took.append(check_load(driver, name))
        check_width(driver, name, width)
        check_axe(driver, axe, name, view)
        screenshots(driver, folder, name, width, theme)
        check_points(driver, name)
        check_words(driver, name)
        check_harmless(driver, name)
    # The median: a first start of the browser, or a busy machine, is not the page's.
    took = statistics.median(took)
    check(0 < took < MOST_MS, f"{name} opens in under a second", f"{took:.0f} ms")
    open_page(driver, page, *VIEWS[0])
    check_result(driver, name)
    check_figures(driver, name)
    check_axes(driver, name)
    check_said(driver, name)
    check_bars(driver, name)
    check_sorting(driver, name)
    check_keyboard(driver, name)
    check_controls(driver, name)
    check_axe(driver, axe, name, "after use")
    check_address(driver, name, page)
    count = len(data_of(driver)["points"])
    print(f"page: {name}: {count} points, {size} bytes, open after {took:.0f} ms")


def main():
    axe = sys.argv[1]
    axe = None if axe == "-" else pathlib.Path(axe).read_text(encoding="utf-8")
    folder = pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as profile:
        driver = browser(profile)
        try:
            for page in sys.argv[3:]:
                check_page(driver, axe, folder, pathlib.Path(page).resolve())
        finally:
            driver.quit()
    print(f"page: {len(failures)} failures; screenshots in {folder}")
    sys.exit(1 if failures else 0)


main()
