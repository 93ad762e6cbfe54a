# A sweep: the same bytes each time, shared steps run once, resumed, with a trial that fails, by
# halving, and what is refused. Figures of the model would differ between instruction sets: only
# what does not is shown.
cp "$(dirname "$1")/model.txt" model.txt
ecai simplify -q model.txt -o model.onnx
data=synthetic:classes=4,shape=1x8x8,samples=256,seed=1
spec() {
    cat >"$1" <<EOF
{"model": "model.onnx",
 "chain": [{"run": "prune magnitude", "options": {"sparsity": [0.25, 0.5]}},
           {"run": "quantize int8", "options": {"data": "$data@0:64", "bits": ["8/8", "4/8"],
                                                "preprocess": "unit"}}],
 "eval": {"preprocess": "unit"}, "search_data": "$data@64:128", "test_data": "$data@128:256",
 "front": ["energy.joules", "model.bytes"]$2}
EOF
}
spec spec.json
t ecai sweep spec.json --dry-run
s "ecai sweep --progress never spec.json -o one --jobs 2 2>&1 >/dev/null"
s "ls one one/trials one/tmp; ls one/locks; cut -d, -f1-9 one/results.csv; wc -l <one/results.jsonl"
# Two prunings, four quantisations, four evaluations, those of the front on test data, and two of
# the baseline.
s "ls one/cache | grep -c ................................"
s "grep -h '\"cached\": false' one/trials/*.json | wc -l"
s "ecai sweep -q spec.json -o two --jobs 1 >two.txt && cmp one/results.csv two/results.csv && echo same"
# What the baseline's answers took, of 7424 multiply-accumulates each: 64 samples and 128.
spec alone.json ', "baseline": false'
s "ecai sweep -q alone.json -o alone >/dev/null"
for folder in one alone; do
    sed -n '/"cost"/,/macs/s/.*"macs": \([0-9]*\).*/\1/p' $folder/sweep.json >$folder/macs
done
s "echo \$((\$(cat one/macs) - \$(cat alone/macs))) = \$((7424 * 192))"
# A seed of the spec's own changes nothing about who is run once.
spec seeded.json ', "seed": 7'
s "ecai sweep -q seeded.json -o seeded >/dev/null; ls seeded/cache | grep -c ................................"
# Ended after two trials, then gone on with.
s "ecai sweep --progress never spec.json -o parts --limit 2 --jobs 1 2>&1; ls parts | grep results; ls parts/trials | wc -l"
s "ecai sweep -q spec.json -o parts >parts.txt && cmp one/results.csv parts/results.csv && cmp two.txt parts.txt && echo same"
# A record that is lost comes back from the cache: nothing is run again.
s "rm parts/trials/* && ecai sweep -q spec.json -o parts >/dev/null && grep -h '\"cached\": false' parts/trials/*.json | wc -l"
s "rm -r parts && ecai sweep -q spec.json -o parts --cache one/cache >/dev/null && grep -h '\"cached\": false' parts/trials/*.json | wc -l; cmp one/results.csv parts/results.csv && echo same"
# A record is of what was run: with another profile, script or option of ours the trials are open
# again, and what these have no part in comes from the cache.
cp "$ECAI_DEVICES/asic-45nm.json" mine.json
echo 'echo 0.5' >judge.sh
spec kept.json
sed -i 's/, "4.8"//; s:"eval".*unit"}:"eval"\: {"preprocess"\: "unit", "host_device"\: "./mine.json", "metric"\: "exec\:sh judge.sh"}:' kept.json
again='ecai sweep -q kept.json -o kept >/dev/null; cut -d, -f11 kept/results.csv; ls kept/cache | wc -l'
s "$again; cksum kept/trials/* >before"
s "$again; cksum kept/trials/* | cmp - before && echo kept"
s "echo 'echo 0.75' >judge.sh; $again"
s "echo >>mine.json; $again"
s "ecai sweep -q --deterministic kept.json -o kept >/dev/null; ls kept/cache | wc -l"
# What is judged on test data is what was chosen.
s "sed -i '/\"search\": {/,\$s/\"sha256\": \"[0-9a-f]*\"/\"sha256\": \"0\"/' kept/trials/*; ecai sweep -q --deterministic kept.json -o kept >/dev/null"
# Nor is what was made while a file changed.
s "echo 'echo >>mine.json; echo 0.5' >judge.sh; ecai sweep -q kept.json -o kept >/dev/null; ls kept/cache | wc -l"
# One trial of two fails: the other is there, the exit code is 1.
spec half.json ', "title": "half"'
sed -i 's/"sparsity": \[0.25, 0.5\]/"only": [["*"], ["nothing"]]/; s/, "4\/8"//' half.json
s "ecai sweep -q half.json -o half >/dev/null"
s "cut -d, -f1,3,8-9 half/results.csv; sed 's/.*,quantize/quantize/; s/.*,prune/prune/' half/results.csv | tail -1"
s "ecai sweep -q half.json -o half --retry-failed >/dev/null"
s "sed -n '/\"cost\"/,\$s/ *\"reason\"/reason/p' half/sweep.json"
# A step that has no report by design.
spec simple.json
sed -i 's/{"run": "prune magnitude"[^}]*}}/{"run": "simplify"}/; s/, "4\/8"//' simple.json
s "ecai sweep -q simple.json -o simple >/dev/null; sed -n '/\"cost\"/,\$s/ *\"reason\"/reason/p' simple/sweep.json"
# Requirements.
spec missed.json ', "require": ["accuracy.value > 1"]'
s "ecai sweep --progress never missed.json -o missed 2>&1 >/dev/null"
spec met.json ', "require": ["model.bytes < 1MB"], "minimise": "model.bytes"'
s "ecai sweep -q met.json -o met --json met.json.out >/dev/null; cut -d, -f1,6-8 met/results.csv; grep -c chosen met.json.out"
# Halving, random.
cat >halving.json <<EOF
{"chain": [{"run": "distill none", "options": {"student": "model.txt", "data": "$data@0:128",
            "preprocess": "unit", "learning-rate": {"log_uniform": [0.001, 0.1]}}}],
 "search": {"halving": {"option": "distill.epochs", "from": 1, "to": 4, "eta": 2, "trials": 4}},
 "eval": {"preprocess": "unit"}, "search_data": "$data@128:256", "front": ["accuracy.value"]}
EOF
s "ecai sweep -q halving.json -o halving | tail -1; cut -d, -f4,9 halving/results.csv; grep -c dropped halving/results.csv"
# What is refused.
t ecai sweep spec.json
t ecai sweep nothing.json -o x
s "echo '{' >broken.json; ecai sweep broken.json -o x"
s "sed 's/sparsity/sparsty/' spec.json >typed.json; ecai sweep typed.json -o x"
s "sed 's/@128:256/@128:2560/' spec.json >past.json; ecai sweep -q past.json -o past >/dev/null; ls past | grep results"
s "sed 's/synthetic[^ ]*@128:256/npy:nothing.npy/' spec.json >gone.json; ecai sweep -q gone.json -o gone; test -e gone || echo nothing"
spec null.json ', "baseline": false, "require": ["ratio.energy >= 1"]'
s "ecai sweep -q null.json -o null >/dev/null"
t ecai sweep met.json -o one
s "mkdir full; touch full/x; ecai sweep spec.json -o full"
s "sed 's:model.onnx:one/cache/model.onnx:' spec.json >cycle.json; ecai sweep cycle.json -o one"
s "sed 's/@64:128/@64:129/' spec.json >overlap.json; ecai sweep --progress never overlap.json -o overlap 2>&1 >/dev/null | sed 's/.synthetic[^ ]*/DATA/g'"
s "sed 's/synthetic[^ ]*@0:64/synthetic:seed=1,classes=4,shape=1x8x8,samples=256@128:256/' spec.json >renamed.json; ecai sweep --progress never renamed.json -o renamed 2>&1 >/dev/null | sed 's/.synthetic[^ ]*/DATA/g'"
t ls
