# What a sweep tells that cannot be done or judged: with the spec's name and its key, and no figure
# lost that was found before.
cp "$(dirname "$1")/model.txt" model.txt
ecai simplify -q model.txt -o model.onnx
data=synthetic:classes=4,shape=1x8x8,samples=256,seed=1
spec() {
    cat >"$1" <<EOF
{"model": "model.onnx", "chain": [{"run": "prune magnitude", "options": {"sparsity": [0.25, 0.5]}}],
 "eval": {"preprocess": "unit"}, "search_data": "$data@64:128"$2}
EOF
}
# Nothing is known of what is minimised, or of a key of the front: no requirement is missed.
spec minimise.json ', "baseline": false, "require": ["model.bytes < 1MB"], "minimise": "ratio.energy"'
s "ecai sweep --progress never minimise.json -o minimise 2>&1 >/dev/null"
spec front.json ', "baseline": false, "front": ["ratio.energy"]'
s "ecai sweep --progress never front.json -o front 2>&1 >/dev/null; ls front | grep results"
# Test data that cannot be read are told once all else is written.
spec past.json ", \"test_data\": \"$data@128:2560\""
s "ecai sweep --progress never past.json -o past 2>&1 >/dev/null | sed 's/synthetic[^ ]*/DATA/'"
s "grep -h 'selected_on\\|done' past/sweep.json; sed 's/.*selected_on/selected_on/' past/results.jsonl | sort -u"
# Inputs, with the spec and the key.
spec search.json; sed -i 's/synthetic[^"]*/npy:nothing.npy/' search.json
s "ecai sweep search.json -o x"
spec model.json; sed -i 's/model.onnx/nothing.onnx/' model.json
s "ecai sweep model.json -o x"
spec step.json; sed -i 's/prune magnitude/quantize int8/; s/"sparsity": .0.25, 0.5./"data": "npy:nothing.npy"/' step.json
s "ecai sweep step.json -o x"
spec none.json; sed -i 's/"model": "model.onnx",//' none.json
s "ecai sweep none.json -o x"
t ecai sweep front.json -o x --jobs 257
# Names that look like options, and folders that have to be quoted.
cp model.onnx ./-m.onnx
spec dash.json; sed -i 's/model.onnx/-m.onnx/; s/, 0.5//' dash.json
s "ecai sweep -q dash.json -o \"a'b\" >/dev/null && grep -l tmp/ a\\'b/trials/*.json a\\'b/results.*; grep -ho 'ecai eval.*-m.onnx' a\\'b/trials/*.json"
s "grep -h '\"command\"' a\\'b/trials/*.json | sed 's/[0-9a-f]\\{64\\}/KEY/g; s/ --data.*--baseline/ ... --baseline/'"
