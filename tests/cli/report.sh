# ecai report: tables and drawings of reports that ecai made (testdata/make_report.sh), and what
# it refuses. What a picture looks like: tests/test_chart.c; the page: tools/check-page.
from=$(cd "$(dirname "$1")/../../testdata/report" && pwd)
cp -r "$from"/* .
t ecai report
t ecai report half.json
t ecai report half.json small.json -o - --format markdown
s "ecai report list.json -o - --format csv | cut -d, -f1-6,8-9"
s "ecai report folder -o - --format markdown"
s "ecai report folder -o - --format csv | cut -d, -f2-9"
s "ecai report folder --on test -o - --format markdown | grep -c '| 1[0-9][0-9]*\.'"
s "ecai report folder --device asic-45nm -o folder.md && ecai report folder -o again.md && cmp folder.md again.md && echo same"
s "ecai report half.json small.json --device mcu-cortex-m4 -o - --format csv | cut -d, -f2,16,19"
# Whatever is shown, "eval" is on search data and "test" on test data.
s "ecai report folder --on test -o - --format json | grep -o '\"on\": .*\|\"value\": 0.9[0-9]*'"
s "ecai report folder -o - --format json | grep -o '\"on\": .*\|\"value\": 0.9[0-9]*'"
# On the device that is shown compressing is paid back by what that one saves: 0.000235667 J for
# 4.334e-06 J an inference, as half of the baseline's are saved.
s "sed '401s/null/2/' small.json >paid.json; ecai report paid.json --device mcu-cortex-m4 -o - --format json | grep -o '\"inferences_to_pay_back.*'"
s "ecai report small.json --device mcu-cortex-m4 -o - --format json | grep -o '\"inferences_to_pay_back.*\|\"reason\": \".*'"
s "ecai report - -o - --format csv <half.json | cut -d, -f1-3"
# What is not known is not spoken of.
s "sed 's/\"samples\": 300,//;s/\"ci95\": .0[^]]*./\"ci95\": null/;/\"energy\": {/,/\"fits\"/{s/\"joules\": [^n].*/\"joules\": null,/;s/\"interval\": .*/\"interval\": null,/}' half.json >little.json; ecai report little.json -o - --format markdown"
s "sed 's/\"value\": 0[0-9.]*,/\"value\": null,/' half.json >little.json; ecai report little.json -o - --format markdown | grep -o 'Accuracy:.*'"
# What the reader must know stands in every form.
s "sed '/\"baseline\": {/,/sha256/s/\"sha256\": \"5dbdea2f/\"sha256\": \"00000000/' small.json >mixed.json; ecai report half.json mixed.json -o - --format markdown | grep -o 'Warning.*'"
s "ecai report -q half.json mixed.json -o - --format json | grep '\"warnings\":'"
s "ecai report -q half.json mixed.json -o mixed.svg && grep -c 'Warning' mixed.svg"
s "mkdir moved; cp folder/sweep.json moved; sed 's/\"energy_by_device\": *{\"asic-45nm\"/\"energy_by_device\":{\"other\"/g' folder/results.jsonl >moved/results.jsonl; ecai report moved --device other -o - --format markdown | grep -o 'Warning.*'"
# Drawings: what is in them, by their marks and words.
s "ecai report half.json small.json -o front.svg --log-x && grep -o '<svg [^>]*width=\"[0-9]*\" height=\"[0-9]*\"' front.svg | cut -d' ' -f5-"
s "grep -c '<circle' front.svg; grep -c '>half<\\|>small<\\|>baseline<' front.svg; grep -o 'energy per inference ([^)]*)' front.svg"
s "ecai report half.json small.json -o layers.svg --chart layers && grep -o '>conv[0-9]<' layers.svg"
s "ecai report half.json small.json -o map.svg --chart sparsity && grep -o '>[0-9]* %, [0-9/]* bit<' map.svg"
s "ecai report folder -o curves.svg --chart curves --point 1 --point 5 && grep -c 'stroke-linejoin' curves.svg"
s "grep -o '>[^<]*: loss<' curves.svg"
s "sed 's/\"steps\": *\[{/&\"report\":{\"figures\":[{\"name\":\"loss after epoch 1\",\"value\":3},{\"name\":\"loss after epoch 2\",\"value\":2}]}},{/' folder/results.jsonl >moved/results.jsonl; ecai report moved -o two.svg --chart curves --point 1 && grep -o '>loss[^<]*<' two.svg"
s "ecai report folder -o group.svg --group distill.learning-rate --labels all && grep -o '>learning-rate [0-9.]*<' group.svg"
s "ecai report half.json small.json -o bytes.svg --x model.bytes --y ratio.energy --width 300 --height 200 --no-note --title 'A & B' && grep -o 'size of the file ([^)]*)\\|times less energy than the baseline\\|A &amp; B\\|Energy: estimated' bytes.svg | sort -u"
s "ecai report half.json small.json -o none.svg --x accuracy.top5 --y energy.measured.joules"
s "ecai report half.json small.json -o range.svg --y-range 0.9,1"
# A front is that of the axes: bytes are none of the sweep's, and equal of all three.
s "ecai report folder -o axes.svg --labels none && grep -o '>Pareto front<\|>sweep.s front<\|>other<\|>dominated<' axes.svg"
s "ecai report folder -o axes.svg --x model.macs_nonzero --y energy.joules --labels none && grep -o '>Pareto front<\|>dominated<' axes.svg; grep -c 'r=\"4\" fill=\"#0072b2\"' axes.svg"
s "sed 's/\"front\": *\[\"accuracy.value\",/&\"model.bytes\",/' folder/sweep.json >moved/sweep.json; cp folder/results.jsonl moved; ecai report moved -o axes.svg --labels none && grep -o '>Pareto front<\|>sweep.s front<\|>other<\|>dominated<' axes.svg"
s "ecai report folder --on test -o axes.svg --labels none && grep -o '>Pareto front<\|>sweep.s front<\|>other<\|>dominated<' axes.svg"
s "ecai report folder --x distill.epochs -o - --format json | grep -A5 '_axis'"
s "ecai report folder --x timing.seconds --y cost.joules -o - --format json | grep -A5 '_axis'"
# A range is where the axis begins and ends: ticks from one end to the other.
s "ecai report half.json small.json -o range.svg --x-range 0,1e-7 --y-range 0.5,0.7 && grep -o '>[0-9.]*<' range.svg | tr -d '<>' | paste -sd ' '"
# The page is one file: nothing in it is loaded from elsewhere, and data cannot end a script.
s "ecai report folder -o page.html && grep -c 'application/json' page.html"
s "sed 's/\"node\": \"conv1\"/\"node\": \"<\\/script><img src=x onerror=alert(1)>\"/' half.json >rude.json; ecai report rude.json -o rude.html && grep -c 'u003c/script>.u003cimg src=x' rude.html; grep -c '<img src=x' rude.html"
s "grep -o 'src=\"[^\"]*\"\\|href=\"http[^\"]*\"\\|url(http[^)]*)' page.html"
s "grep -o \"default-src 'none'\" page.html; grep -c 'sha256-[A-Za-z0-9+/=]*' page.html"
s "ecai report half.json small.json -o a.json && ecai report half.json small.json -o b.json && cmp a.json b.json && head -3 a.json"
# Refused: what does not compare.
t ecai report half.json other_data.json -o x.html
t ecai report half.json other_device.json -o x.html
t ecai report half.json other_metric.json -o x.html
s "sed 's/\"sha256\": \"9236864e/\"sha256\": \"00000000/' half.json >profile.json; ecai report half.json profile.json -o x.html"
t ecai report half.json --device asic-7nm -o x.html
t ecai report half.json --device vax -o x.html
t ecai report folder half.json -o x.html
# Bad input.
mkdir empty
t ecai report empty -o x.html
t ecai report missing.json -o x.html
t ecai report show.json -o x.html
s "echo '{\"schema\":\"ecai/eval/2\"}' >bad.json; ecai report bad.json -o x.html"
s "echo '{\"schema\":\"ecai/eval/1\"}' >bad.json; ecai report bad.json -o x.html"
s "echo '[1]' >bad.json; ecai report bad.json -o x.html"
s "echo 'accuracy 0.9' >bad.json; ecai report bad.json -o x.html"
s "sed 's/\"value\": 0[0-9.]*,/\"value\": NaN,/' half.json >bad.json; ecai report bad.json -o x.html"
s ": >bad.json; ecai report bad.json -o x.html"
s "ecai report - -o x.html </dev/null"
s "cp -r folder cut; head -c 5000 folder/results.jsonl >cut/results.jsonl; ecai report cut -o x.html"
s "sed 's/\"state\": *\"dropped\"/\"state\":\"lost\"/' folder/results.jsonl >cut/results.jsonl; ecai report cut -o x.html"
s ": >cut/results.jsonl; ecai report cut -o x.html"
s "rm cut/results.jsonl; ecai report cut -o x.html"
t ecai report half.json -o half.json
t ecai report folder -o folder/results.jsonl --format json
t ecai report half.json -o nowhere/x.html
t ecai report half.json -o x.svg --x energy.juoles
t ecai report half.json -o x.svg --y energy_by_device.vax.joules
t ecai report half.json -o x.svg --group prune.sparsity
t ecai report folder -o x.svg --group prune.sparsity
t ecai report half.json -o x.svg --width 20
t ecai report half.json -o x.svg --width 200 --height 160
t ecai report half.json -o x.svg --width 200 --chart sparsity
t ecai report half.json -o x.svg --x-range 2,1
t ecai report half.json -o x.svg --log-x --x-range 0,1
# What would do nothing, and endings that no form has.
t ecai report half.json -o x.html --chart layers
t ecai report half.json -o x.html --point 1
t ecai report half.json -o x.html --labels all
t ecai report half.json -o x.json --intervals none
t ecai report half.json -o x.md --no-note
t ecai report half.json -o x.csv --log-x
t ecai report half.json -o x.csv --title A
t ecai report half.json -o x.svg --point 1
t ecai report half.json -o x.svg --chart layers --x-range 1,2
t ecai report half.json -o x.svg --chart sparsity --log-y
t ecai report half.json -o x.svg --chart curves --y model.bytes
t ecai report half.json -o x.pdf
s "ecai report half.json small.json -o x.pdf --format svg && head -c 5 x.pdf"
t ecai report half.json -o x.svg --chart layers --point nan
s "ecai report half.json small.json -o second.svg --chart layers --point 2 && grep -o '>half<\|>small<' second.svg"
t ecai report half.json -o x.svg --chart curves
t ecai report half.json -o x.svg --chart layers --point nosuch
t ecai report half.json -o x.svg --format pdf
t ls
