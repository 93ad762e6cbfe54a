# What stands behind a figure of energy: verdicts that the estimate's error leaves open, devices
# that a network does not fit, readings that there are none of.
cp "$(dirname "$1")/model.txt" model.txt
data="synthetic:classes=4,shape=1x8x8,samples=128,seed=1 --preprocess unit"
ecai simplify -q model.txt -o model.onnx
ecai quantize int8 -q --data $data model.onnx -o small.onnx
verdicts() { sed -n '/^  "requirements"/,/^  }]/p' "$1" | grep -E '"(expression|holds|certain)"'; }
s "ecai eval -q small.onnx --baseline model.onnx --data $data --min ratio.energy=7 --min ratio.energy=6 --max energy.joules=3nJ --json r.json --junit r.xml --annotate github 2>&1 | grep -E 'requirement|reaches' | grep -v guessing"
verdicts r.json
s "grep -A1 'testcase' r.xml | cut -c1-200"
s "ecai prune magnitude -q --max-energy 30nJ model.onnx -o p.onnx"
s "ecai prune magnitude -q --energy-ratio 1.5 model.onnx -o p.onnx --json - | grep -A1 '\"warnings\"'"
echo "{\"model\": \"model.onnx\", \"chain\": [{\"run\": \"prune magnitude\", \"options\": {\"sparsity\": [0.3, 0.6]}}], \"search_data\": \"${data%% *}\", \"eval\": {\"preprocess\": \"unit\"}, \"require\": [\"energy.joules <= 30nJ\"]}" >sweep.json
s "ecai sweep -q sweep.json -o trials; grep reaches trials/sweep.json"
# A device changed for a what-if, by its name.
one=mcu-cortex-m4:flash_bytes=1000 both=mcu-cortex-m4:flash_bytes=1000,ram_bytes=500
s "ecai eval -q small.onnx --baseline model.onnx --data $data --device mcu-cortex-m4 --device $one --device $both --require 'energy.fits == true' --require 'energy_by_device.$one.fits == true' --max energy_by_device.$both.memory.ram_needed=500 --json r.json 2>/dev/null | grep -E 'fit|^requirement' | sed 's/estimated: .*;/.../'"
s "ecai prune magnitude --sparsity 0.1 --device mcu-cortex-m4:flash_bytes=500 small.onnx -o q.onnx --json - 2>&1 | grep -o -E 'does not fit.*much\)|\"fits\".*'; ecai eval -q model.onnx small.onnx --data $data --device $one 2>/dev/null | cut -d' ' -f 1 | head -3; ecai eval -q model.onnx small.onnx --data $data --device $one 2>/dev/null | grep -c ', does not fit'"
s "ecai simplify model.txt -o s.onnx --device mcu-cortex-m4:flash_bytes=500 --json s.json; grep -A9 '\"fits\"' s.json; grep '\"warnings\"' s.json"
s "grep -E '\"(fits|fits_reason|flash|ram|flash_needed|ram_needed)\"' r.json | head -6; grep -c '\"fits\": false' r.json"
s "ecai eval -q small.onnx --data $data --device $one --json b.json >/dev/null 2>&1; ecai diff b.json b.json | grep fit; ecai report b.json -o b.md && grep -o 'does not fit' b.md"
s "ecai eval -q small.onnx --data $data --measure --json m.json 2>&1 >/dev/null | grep -v guessing; grep -A4 '\"measured\"' m.json | head -5"
s "ecai eval -q small.onnx --data $data --max energy.measured.joules=1 >/dev/null 2>m.txt; code=\$?; grep -v guessing m.txt; exit \$code"
# Every figure of a report can be required: `eval_report_keys` follows what is written. Left out: how
# the data were made ready, and the record of the run.
cat >leaves <<'END'
awk '{
    for (i = 1; i <= length($0); i++) {
        c = substr($0, i, 1)
        if (quoted) { if (c == "\\") i++; else if (c == "\"") quoted = 0; else word = word c; continue }
        if (c == "\"") { quoted = 1; word = ""; continue }
        if (c == ":") { key[depth] = word; word = ""; bare = ""; continue }
        if (c ~ /[,}\]]/ && bare ~ /^[-0-9tf]/) {
            path = ""
            for (d = 1; d <= depth; d++) path = path (d > 1 ? "." : "") (list[d] ? 0 : key[d])
            print path }
        if (c ~ /[,{}\[\]]/) bare = ""
        if (c == "{" || c == "[") { depth++; list[depth] = c == "["; continue }
        if (c == "}" || c == "]") { depth--; continue }
        if (c != "," && c != " ") bare = bare c } }' "$1" | sort -u |
    grep -vE '^(data.preprocess|baseline.preprocess|provenance|requirements)\.|[.]class$'
END
ecai prune magnitude -q --sparsity 0.5 model.onnx -o pruned.onnx
s "ecai eval -q pruned.onnx --baseline model.onnx --data $data --device eyeriss-65nm --device cpu-phone-a76 --baseline-device cpu-sbc-a72 --grid FR --inferences-per-day 5 --json r.json >/dev/null 2>&1; sh leaves r.json >keys; grep -c dram_bytes keys; while read -r key; do ecai diff none.json none.json --require \"\$key == true\" 2>&1 | grep -o 'unknown key [^ ]*'; done <keys >unknown; cat unknown"
s "ecai eval -q pruned.onnx --data $data --device cpu-phone-a76 --inferences-per-day 1000 --max carbon.per_year.grams=0.2 --max energy.seconds=500us --json r.json 2>&1 | grep -o 'the error of the profile.*'; grep -A3 '\"seconds\"' r.json | head -3 | sed 's/[0-9][-0-9.e]*/N/g'"
