# Bits x sparsity x architecture x memory x hardware is the ratio of energies, in every record that
# has one.
cp "$(dirname "$1")/model.txt" model.txt
data=synthetic:classes=4,shape=1x8x8,samples=128,seed=1
# Of every object with factors, whether their product is the ratio that stands before them.
cat >products <<'END'
tr '{},' '\n\n\n' | awk -F: '
    { gsub(/[ "\t]/, "", $1); gsub(/[ \]}\t]/, "", $2) }
    ($1 == "energy" || $1 == "energy_ratio") && $2 != "" { ratio = $2 }
    $1 == "factors" { seen++; product = 1; known = 0 }
    $1 ~ /^(bits|sparsity|architecture|memory|hardware)$/ && seen && known < 5 {
        product *= $2; if ($2 != "null") known++
        if (known == 5) {
            known = 9; checked++
            apart = product / ratio - 1
            if (apart > 1e-5 || apart < -1e-5) print "product", product, "is not", ratio } }
    END { print (checked ? "each product is its ratio" : "no factors"), checked + 0 }'
END
ecai simplify -q model.txt -o model.onnx
s "ecai simplify -q model.txt -o same.onnx --json - | sh products"
s "ecai prune magnitude -q --sparsity 0.5 model.onnx -o pruned.onnx --json - | sh products"
s "ecai quantize int8 -q --preprocess unit --data $data pruned.onnx -o small.onnx --json - | sh products"
s "ecai distill logits -q --teacher model.onnx --preprocess unit --data $data --width 0.5 --epochs 1 -o student.onnx --json - | sh products"
s "ecai eval -q small.onnx --baseline model.onnx --preprocess unit --data $data --device asic-45nm --device asic-45nm-onchip --device mcu-cortex-m4 --json r.json 2>/dev/null | grep -E '^(ratio|asic|mcu)' | sed 's/[0-9.][0-9.]*/N/g'; sh products <r.json"
s "ecai eval -q model.onnx --preprocess unit --data $data --json a.json >/dev/null 2>&1; ecai eval -q small.onnx --preprocess unit --data $data --json b.json >/dev/null 2>&1; ecai diff a.json b.json --format json 2>/dev/null | tee d.json | sh products; grep -A5 '\"factors\"' d.json | head -6 >1; grep -A5 '\"factors\"' r.json | head -6 | cmp - 1 && echo as eval has them"
s "ecai compress -q --teacher model.onnx --preprocess unit --data $data --energy-ratio 4 --strategy quantize -o c.onnx --json c.json 2>/dev/null; sh products <c.json; sh products <c.onnx.recipe.json"
echo "{\"model\": \"model.onnx\", \"chain\": [{\"run\": \"simplify\"}, {\"run\": \"prune magnitude\", \"options\": {\"sparsity\": [0.3, 0.6]}}], \"search_data\": \"$data\", \"eval\": {\"preprocess\": \"unit\"}, \"require\": [\"energy.joules <= 1uJ\"]}" >sweep.json
s "ecai sweep -q sweep.json -o trials >/dev/null 2>&1; for t in trials/trials/*.json; do sh products <\$t; done; sh products <trials/results.jsonl; head -1 trials/results.csv | grep -o 'energy_ratio.*'"
s "ecai report trials -o r.json && sh products <r.json; ecai report trials -o r.csv && head -1 r.csv | grep -o 'ratio.factors[^,]*'"
# Of every profile there is, between networks of one precision and of two.
all=$(for profile in "$ECAI_DEVICES"/*.json; do printf -- '--device %s ' "$(basename "$profile" .json)"; done)
s "ecai quantize int8 -q --data $data --preprocess unit model.onnx -o whole.onnx; for m in model whole; do ecai eval -q small.onnx --baseline \$m.onnx --preprocess unit --data $data $all --json every.json >/dev/null 2>&1; sh products <every.json | cut -d' ' -f 1-5; done" | sed '1s/--device .* --json/DEVICES --json/'
# Joules of batches are other joules: neither two reports nor saved outputs are divided by them.
run="--preprocess unit --data $data --device cpu-phone-a76"
s "ecai eval -q model.onnx $run --json one.json --save-outputs one.npz >/dev/null 2>&1; ecai eval -q small.onnx $run --energy-batch 64 --json many.json --save-outputs many.npz >/dev/null 2>&1; ecai diff one.json many.json --format json 2>&1 >d.json | grep batches; sh products <d.json; sed -n '/^  \"ratio\"/,/^  }/p' d.json | grep -E '\"(energy|bits|reason)\"'; ecai diff one.json many.json 2>/dev/null | grep ^energy; grep -A6 '\"energy, cpu' d.json | grep -E 'difference|change'; sed -n '/^  \"baseline\"/,/^  }/p' d.json | grep joules | head -1"
s "ecai diff many.json many.json --format json 2>&1 | sh products"
s "ecai eval -q small.onnx $run --energy-batch 64 --baseline one.npz --json r.json 2>&1 | grep -E 'batches of 1|^ratio|^energy, '; sed -n '/^  \"ratio\"/,/^  }/p' r.json | grep -E '\"(energy|bits|reason)\"'; ecai eval -q small.onnx $run --energy-batch 64 --baseline many.npz --json - 2>/dev/null | sh products; ecai eval -q small.onnx $run --baseline one.npz --json - 2>/dev/null | sh products"
# Grams stand beside the energy of their device, or not at all.
s "ecai eval -q small.onnx --preprocess unit --data $data --device mcu-cortex-m4 --device cpu-phone-a76 --json both.json >/dev/null 2>&1; ecai diff one.json both.json --format json 2>/dev/null | grep -A1 -E '^  \"(energy|carbon)\"'; ecai diff both.json both.json --format json 2>/dev/null | grep -A1 '^  \"carbon\"'"
# The baseline on hardware of its own.
across="ecai eval -q small.onnx --preprocess unit --data $data --device cpu-sbc-a72 --baseline-device cpu-phone-a76"
s "$across --device mcu-cortex-m4 --device asic-45nm --baseline model.onnx --min ratio.energy=1.4 --json r.json 2>&1 | grep -v guessing | grep -E '^(energy, |ratio|asic|cpu|mcu|ecai)'; sh products <r.json; sed -n '/^  \"baseline\"/,/^  }/p' r.json | grep -E '^    \"(joules|device)\"'; grep -A12 '^    \"asic-45nm\": {' r.json | tail -13 | grep -E 'energy|hardware|reason'"
s "$across --baseline model.onnx --json - 2>/dev/null | sed -n '/^  \"baseline\"/,/^  }/p' | grep -E '\"(device|scope|error_percent)\"'"
s "ecai eval -q model.onnx --preprocess unit --data $data --device cpu-sbc-a72 --device cpu-phone-a76 --save-outputs both.npz >/dev/null 2>&1; $across --baseline both.npz --json s.json >/dev/null 2>&1; sh products <s.json; ecai eval -q small.onnx --preprocess unit --data $data --device cpu-sbc-a72 --baseline-device cpu-phone-a76 --baseline model.onnx --json r.json >/dev/null 2>&1; grep -E '\"(energy|hardware|bits)\": [0-9n]' r.json >1; grep -E '\"(energy|hardware|bits)\": [0-9n]' s.json | cmp - 1 && echo as without saving; grep -A1 '\"energy\": [0-9]' s.json | grep -m1 interval"
s "$across"
s "$across --baseline model.onnx --device cpu-phone-a76 --json d.json >/dev/null 2>&1; ecai report d.json --device cpu-phone-a76 -o e.json && grep -o '\"hardware\": *[0-9.]*' e.json | head -1"
