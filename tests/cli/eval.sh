# Accuracy, requirements and exit codes. Figures of a trained model would differ between
# instruction sets; the verdicts here do not.
cp "$(dirname "$1")/model.txt" model.txt
data=synthetic:classes=4,shape=1x8x8,samples=64,seed=1
ecai simplify -q model.txt -o model.onnx
ecai prune magnitude -q --sparsity 0.5 model.onnx -o pruned.onnx
t ecai eval model.onnx
t ecai eval model.onnx --data $data
t ecai eval model.onnx --data nothing:at-all
t ecai eval model.onnx --data "$data@0:65"
t ecai eval model.onnx --data $data --mean 0.3 --std 0.4
t ecai eval model.onnx --data $data --preprocess unit --device vax
t ecai eval model.onnx --data $data --preprocess unit --metric top3
t ecai eval model.onnx --data $data --preprocess unit --output z
t ecai eval missing.onnx --data $data --require 'accuracy.value'
t ecai eval missing.onnx --data $data --require 'acuracy.value >= 0.9'
t ecai eval missing.onnx --data $data --require 'accuracy.value >= 40uJ'
t ecai eval missing.onnx --data $data --min baseline.difference=-0.5
t ecai eval missing.onnx --data $data --min energy_by_device.vax.joules=1
t ecai eval missing.onnx --data $data --margin 5
t ecai eval missing.onnx --data $data
s "ecai eval -q model.onnx --data $data --preprocess unit --max model.bytes=64KiB >/dev/null"
s "ecai eval -q model.onnx --data $data --preprocess unit --max model.bytes=1kB --min accuracy.value=0 --json r.json | grep ^requirement"
s "ecai eval -q model.onnx --data $data --preprocess unit --max model.bytes=1kB >/dev/null"
s "ecai eval -q model.onnx --data $data --preprocess unit --min baseline.difference=0 --max model.bytes=1kB >/dev/null"
s "grep -A5 '\"requirements\"' r.json"
s "ecai eval -q pruned.onnx --data $data --preprocess unit --baseline model.onnx --require 'ratio.energy > 1.5' --require 'model.nonzero < 500' | grep -E '^(requirement|ratio)'"
s "ecai eval -q model.onnx --data $data --preprocess unit --save-outputs o.npz >/dev/null; ecai eval -q model.onnx --data $data --preprocess unit --baseline o.npz | grep -E '^(agreement|ratio)'"
s "ecai eval -q model.onnx --data $data --preprocess unit --save-outputs o.npz --json s.json >/dev/null; grep -A3 '\"outputs\"' s.json | grep -o '[0-9a-f]\\{64\\}' | sed 's/\$/  o.npz/' | sha256sum -c; grep -c '\"outputs\": null' r.json"
s "ecai eval -q pruned.onnx --data $data --preprocess unit --json - | grep -A40 '\"layers\"' | grep -E '\"(node|nonzero|parameters)\"'"
s "ecai eval -q model.onnx --data $data@0:8 --preprocess unit --baseline o.npz"
s "ecai eval -q model.onnx pruned.onnx --data $data --preprocess unit | cut -c1-12"
t ecai eval model.onnx pruned.onnx --data $data --min accuracy.value=0
s "ecai eval -q model.onnx --data $data --preprocess unit --json - | head -2"
s "ecai eval -q model.onnx --data $data --preprocess unit --json a.json --threads 1 >/dev/null; ecai eval -q model.onnx --data $data --preprocess unit --json b.json --threads 2 >/dev/null; sed '/\"timing\"/,/}/d; /\"provenance\"/,\$d' a.json >a; sed '/\"timing\"/,/}/d; /\"provenance\"/,\$d' b.json | cmp - a && echo same"
t ecai scan shrink model.onnx --data $data
t ecai scan prune model.onnx
s "ecai scan prune -q model.onnx --data $data --preprocess unit --sparsity 0 | cut -c1-20"
s "ecai scan quantize -q model.onnx --data $data --preprocess unit --json - | grep -E '\"(schema|node|method)\"'"
t ecai eval model.onnx --data $data --preprocess unit --device asic-45nm:memory.on_chip_byte=16
t ecai eval model.onnx --data $data --preprocess unit --device asic-45nm:memory.on_chip_bytes=-1
t ecai eval model.onnx --data $data --preprocess unit --energy-batch 0
s "ecai eval -q model.onnx --data $data --preprocess unit --device asic-45nm --device asic-45nm:memory.on_chip_bytes=16 --device cpu-sbc-a72 --energy-batch 1 2>/dev/null | grep ^energy"
s "ecai eval -q model.onnx --data $data --preprocess unit --device cpu-sbc-a72 --energy-batch 16 --json - 2>/dev/null | grep -E '\"(batch|seconds|utilisation|changed)\"' | head -4"
s "ecai eval -q pruned.onnx --baseline model.onnx --data $data --preprocess unit --device asic-45nm:memory.on_chip_bytes=2000 2>/dev/null | grep -A1 '^ratio'"
