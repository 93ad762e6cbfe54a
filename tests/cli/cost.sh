# What compressing cost: counted, told, and the same at any number of threads.
cp "$(dirname "$1")/model.txt" model.txt
data=synthetic:classes=4,shape=1x8x8,samples=256,seed=1
ecai distill none -q --student model.txt --data $data --preprocess unit --epochs 2 -o teacher.onnx
ecai prune magnitude -q --sparsity 0.8 teacher.onnx -o pruned.onnx
# 852 weights, 7424 MACs. Calibration runs twice over 64 samples.
s "ecai quantize int8 pruned.onnx --data $data@0:64 -o small.onnx --json q.json 2>&1 | grep -o 'compressing.*'"
s "sed -n '/\"cost\"/,/^  }/p' q.json | sed 's/es_to_pay_back\": [0-9]*/es_to_pay_back\": N/'"
s "ecai quantize int8 pruned.onnx --data $data@0:64 --host-device asic-45nm -o x.onnx --json q.json 2>&1 | grep -o 'compressing.*'; sed -n '/\"cost\"/,/^  }/p' q.json | grep -E 'joules|interval|grams\"|pay_back|reason'"
s "ecai eval -q small.onnx --data $data --baseline teacher.onnx --host-device cpu-phone-a76 2>/dev/null | grep ^cost"
s "ecai quantize int8 -q pruned.onnx --data $data@0:64 --threads 1 --host-device cpu-server-x86 --grid FR -o again.onnx --json q.json; cmp small.onnx again.onnx; grep -E '\"(device|name|grams_per_kwh)\": \"?(cpu|France|56)' q.json"
s "ecai show small.onnx | grep '^made with'"
# Only what the baseline did not cost too.
s "ecai eval -q small.onnx --data $data --baseline teacher.onnx --json r.json 2>/dev/null | sed -n 's/after .* inf/after N inf/; /^cost/p'; grep -A1 '\"cost\"' r.json"
s "ecai eval -q small.onnx --data $data --baseline teacher.onnx --grid 56gCO2/kWh 2>/dev/null | sed -n 's/after .* inf/after N inf/; /^cost/p'"
s "ecai eval -q small.onnx --data $data 2>/dev/null | sed -n 's/after .* inf/after N inf/; /^cost/p'"
s "ecai eval -q teacher.onnx --data $data --baseline small.onnx 2>/dev/null | sed -n 's/after .* inf/after N inf/; /^cost/p'"
s "ecai eval -q teacher.onnx --data $data --baseline teacher.onnx 2>/dev/null | sed -n 's/after .* inf/after N inf/; /^cost/p'"
s "ecai eval -q teacher.onnx --data $data --save-outputs o.npz >/dev/null 2>&1; ecai eval -q small.onnx --data $data --baseline o.npz 2>/dev/null | sed -n 's/after .* inf/after N inf/; /^cost/p'"
# A model from elsewhere has no history.
s "ecai eval -q model.txt --data $data --preprocess unit --json r.json 2>/dev/null | sed -n 's/after .* inf/after N inf/; /^cost/p'; grep '\"cost\"' r.json"
s "ecai eval -q small.onnx --data $data --baseline teacher.onnx --max cost.inferences_to_pay_back=1 --min cost.joules=1uJ 2>/dev/null | grep ^requirement | sed 's/ (.*//'"
# Grams of the model's own inferences: told when somebody asks for grams, and always in JSON. 3.6 mJ
# x 1.5 x 56 g/kWh are 84 ng.
echo '{"schema": "ecai/device/1", "name": "fixed", "summary": "", "kind": "calibrated", "scope": "a board",
    "zero_weights": "cost", "error_percent": 20, "fit": {"int8": {"fixed_mj": 3.6, "mac_pj": 0}}}' >fixed.json
s "ecai eval -q small.onnx --data $data --device ./fixed.json --grid FR --pue 1.5 --inferences-per-day 1e6 --json r.json 2>/dev/null | grep -E '^(energy|carbon)'; sed -n '/\"carbon\"/,/^  }/p' r.json"
s "for device in cpu-phone-a76 cpu-server-x86; do ecai eval -q small.onnx --data $data --device \$device --grid FR --pue 1.5 2>/dev/null | grep -o 'PUE.*'; done"
s "ecai eval -q small.onnx --data $data --max carbon.per_year.grams=1 --inferences-per-day 10 2>/dev/null | grep ^requirement"
t ecai eval small.onnx --data $data --pue 0.9
t ecai eval small.onnx --data $data --pue 0
t ecai eval small.onnx --data $data --inferences-per-day -1
t ecai eval small.onnx --data $data --grid 100g/MJ
t ecai eval small.onnx --data $data --grid Germny
t ecai eval small.onnx --data $data --grid 0.4
t ecai eval small.onnx --data $data --grid 400kg
t ecai eval small.onnx --data $data --host-device vax
t ecai prune magnitude small.onnx -o x.onnx --grid ''
# A counter that may be read, but stands still, and one that is not there.
mkdir -p sys/class/powercap/intel-rapl:0
echo package-0 >sys/class/powercap/intel-rapl:0/name
echo 5000000 >sys/class/powercap/intel-rapl:0/energy_uj
s "ECAI_SYSFS=sys ecai prune magnitude -v small.onnx -o x.onnx 2>&1 | grep 'not measured' | sed 's/in .* s:/in T s:/'"
s "ecai prune magnitude -v small.onnx -o x.onnx 2>&1 | grep 'not measured'"
# What ran nothing is paid back at once where it saves anything, and says so where it does not.
s "ecai simplify -q teacher.onnx -o same.onnx --json - | sed -n '/\"cost\"/,/^  }/p' | grep -E 'pay_back|\"reason\"'"
