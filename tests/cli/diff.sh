# Two reports of eval compared: what is told, what is refused, verdicts and exit codes. Reports are
# made up where a figure matters: trained ones would differ between instruction sets.
cp "$(dirname "$1")/model.txt" model.txt
ecai simplify -q model.txt -o model.onnx
ecai prune magnitude -q --sparsity 0.5 model.onnx -o pruned.onnx
run="--data synthetic:classes=4,shape=1x8x8,samples=64,seed=1 --preprocess unit"
# report FILE MODEL ACCURACY LOW HIGH JOULES BYTES [OUTPUTS]
report() {
    cat >"$1" <<EOF
{"schema": "ecai/eval/1",
 "model": {"file": "$2", "bytes": $7, "parameters": 2000, "nonzero": 1000, "macs": 50000},
 "data": {"name": "some:data", "samples": 1000, "sha256": "0123456789abcdef"},
 "accuracy": {"metric": "top1", "value": $3, "ci95": [$4, $5], "better": "higher"},
 "energy": {"device": "asic-45nm", "joules": $6},
 "energy_by_device": {"asic-45nm": {"device": "asic-45nm", "joules": $6, "profile": {"sha256": "aa"}},
  "board.v2": {"device": "board.v2", "joules": null, "profile": {"sha256": "bb"}}},
 "timing": {"seconds": 1, "inferences_per_second": 1000, "threads": 2, "isa": "avx2"},
 "provenance": {"outputs": ${8:-null}}}
EOF
}
report a.json big.onnx 0.9 0.88 0.92 4e-05 8000
report b.json 'small|_.onnx' 0.901 0.881 0.921 3.52e-05 5520
t ecai diff a.json b.json
t ecai diff a.json b.json --format markdown
t ecai diff a.json b.json --min ratio.energy=1.1 --require 'baseline.difference > -5%' --max model.bytes=6kB
s "ecai diff a.json b.json --max model.bytes=5kB --margin 0.1% -o d.txt; echo \$?; grep -E '^(requirement|no loss)' d.txt"
s "ecai diff a.json b.json --max model.bytes=5kB --annotate github --junit j.xml --format json -o d.json; echo \$?; sed '/^  \"energy\"/,/^  \"ratio\"/d; /\"provenance\"/,\$d' d.json; cat j.xml"
s "ecai diff a.json b.json --min ratio.factors.bits=1 --max model.bytes=5kB >d.txt"
s "ecai diff - b.json <a.json | head -1; ecai diff a.json - </dev/null"
t ecai diff a.json b.json --min energy_by_device.vax.joules=1
t ecai diff none.json b.json --require 'acuracy.value > 0'
t ecai diff none.json b.json
t ecai diff a.json
t ecai diff a.json b.json -o a.json
t ecai diff - -
t ecai diff model.onnx b.json
echo '{"schema": "ecai/prune/1"}' >prune.json
t ecai diff a.json prune.json
ecai eval -q model.onnx pruned.onnx $run --json list.json >/dev/null 2>&1
t ecai diff a.json list.json
echo '[]' >none.json
t ecai diff a.json none.json
sed 's/0123456789abcdef/fedcba9876543210/; s/some:data/some:other/' b.json >other.json
t ecai diff a.json other.json
sed 's/"top1"/"mse"/' b.json >other.json
t ecai diff a.json other.json
sed 's/"accuracy".*/"accuracy": null,/' b.json >other.json
t ecai diff a.json other.json
sed 's/"aa"/"cc"/' b.json >other.json
t ecai diff a.json other.json
sed 's/asic-45nm/vax/; s/"asic-45nm": {/"vax": {/; s/board.v2/boat/' b.json >other.json
t ecai diff a.json other.json
sed 's/"threads": 2/"threads": 1/' b.json >other.json
s "ecai diff a.json other.json | grep ^time"
# Saved outputs: paired, and the same numbers that eval gives; looked for beside the report.
mkdir old
s "ecai eval -q model.onnx $run --json old/a.json --save-outputs old/a.npz >/dev/null 2>&1; ecai eval -q pruned.onnx $run --baseline model.onnx --json b.json --save-outputs b.npz >/dev/null 2>&1; ecai diff old/a.json b.json --format json -o d.json; sed -n '/^  \"baseline\"/,/^  }/p' b.json >b.txt; sed -n '/^  \"baseline\"/,/^  }/p' d.json | cmp - b.txt && grep '\"paired\"' d.json"
s "mv old moved; ecai diff moved/a.json b.json | grep -c '^difference *paired'"
s "cp b.npz moved/a.npz; ecai diff moved/a.json b.json | grep ^difference"
s "rm moved/a.npz; ecai diff moved/a.json b.json | grep ^difference"
