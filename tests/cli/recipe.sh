# `ecai compress`: what a recipe brings back, what candidates that lie in the work folder depend on,
# and what everything cost.
cp "$(dirname "$1")/model.txt" model.txt
cp "$(dirname "$1")/../../testdata/samples/x.npy" .
data=synthetic:classes=4,shape=1x8x8,samples=640,seed=1
line="ecai compress -q --teacher model.txt --data $data --energy-ratio 5"
# The options of the line and the device come back, and the goal as it was.
s "$line --tries 0 --preprocess unit --device asic-7nm --max-drop 90% --eval-data $data@0:64 --json s.json -o s.onnx 2>&1"
s "sed -n '/^  \"line\"/,/^  }/p; /^  \"goal\"/,/^  }/p' s.onnx.recipe.json"
recipe="ecai compress --teacher model.txt --data $data -o r.onnx"
s "$recipe -q --recipe s.onnx.recipe.json --eval-data $data@0:64 --json r.json 2>/dev/null && cmp s.onnx r.onnx && cmp s.onnx.recipe.json r.onnx.recipe.json && echo same"
s "sed -n '/^  \"goal\"/,/^  }/p; /^  \"chosen\"/p; /\"chosen\": true/p; /^      \"label\"/p; /^      \"meets\"/p' r.json"
s "sed -n '/^  \"chosen\"/p; /\"chosen\": true/p' s.json"
t $recipe --recipe s.onnx.recipe.json --preprocess none
t $recipe --recipe s.onnx.recipe.json --scale 1/3
t $recipe -q --recipe s.onnx.recipe.json --preprocess unit
s "sed '/^  \"line\"/,/}/s/preprocess/preproces/' s.onnx.recipe.json >bad.json"
t $recipe --recipe bad.json
s "sed 's/\"max_drop\": 0.9/\"max_drop\": \"much\"/' s.onnx.recipe.json >bad.json"
t $recipe --recipe bad.json
# Bytes that differ without a reason are an error, and nothing is replaced.
s "sed '/^  \"model\"/,/}/s/\"sha256\": \"[0-9a-f]*\"/\"sha256\": \"00\"/' s.onnx.recipe.json >bad.json"
s "echo mine >w.onnx; ecai compress -q --recipe bad.json --teacher model.txt --data $data -o w.onnx 2>&1 | sed -E 's/[0-9a-f]{16}[.]/HASH./g'; cat w.onnx; ls -d w.onnx*"
t cmp s.onnx r.onnx
s "sed 's/\"ecai\": \"[^\"]*\"/\"ecai\": \"0.0.1\"/' bad.json >old.json; $recipe -q --recipe old.json 2>&1 | sed -E 's/[0-9a-f]{16}[.]/HASH./g; s/this is [0-9.]*/this is VERSION/'"
# What is judged by is not what was seen.
s "$line --tries 0 --preprocess unit --eval-data $data@600:640 -o o.onnx"
s "echo 'x:f32[n,3]  w:f32[3,4] init=he  y = MatMul(x, w)  output y' >mlp.txt; cp x.npy y.npy"
s "ecai compress -q --teacher mlp.txt --data npy:x.npy --holdout 5 --max-drop 50% --tries 0 --eval-data npy:y.npy -o u.onnx"
# A loss is a fraction; what candidates differ in is no option.
t ecai compress --teacher model.txt --data $data --max-drop 1% --metric mse -o x.onnx
for option in quantize.bits=4/4 distill.width=0.5 distill.depth=0.5 prune.global=true; do
    t ecai compress --teacher model.txt --data $data --energy-ratio 5 --option $option -o x.onnx
done
# The work of all of it: with the evaluation at the end, and in spite of a candidate that fails.
cat >macs <<'END_MACS'
/^  "cost"/ { cost = 1 }
/^  "test": [{]/ { test = 1 }
/^  [}]/ { cost = test = 0 }
/"macs"/ && cost { printf "cost %s\n", $2 }
/"timing"/ && test { timing = 1 }
/"macs"/ && timing { printf "test %s\n", $2; timing = 0 }
END_MACS
s "$line --tries 0 --preprocess unit --device asic-7nm --max-drop 90% --json n.json -o n.onnx"
s "cat s.json n.json | awk -f macs | tr -d , | awk '{ at[NR] = \$2 } END { print (at[1] > 0), (at[2] - at[1] == at[3]) }'"
s "ecai compress -q --teacher mlp.txt --data npy:x.npy --holdout 5 --max-drop 50% --strategy retrain --strategy quantize --tries 1 --json f.json -o f.onnx"
s "sed -n '/\"seconds\": null/p; /^          \"report\": null/p; /^  \"cost\"/,/^  }/p' f.json | grep -E 'macs|reason|seconds|report'"
# Candidates of an earlier start serve unless something that they depend on is another.
s "ecai distill none -q --student model.txt --data $data --preprocess unit --epochs 8 --seed 7 -o teacher.onnx"
missed="ecai compress --teacher teacher.onnx --data $data --energy-ratio 5 --max-drop 0% --preprocess p.json --strategy student --tries 1 --epochs 1 --option distill.learning-rate=0 -o m.onnx"
s "echo '{\"scale\": 0.004}' >p.json; $missed 2>&1 | grep -c 'from before'"
s "$missed 2>&1 | grep -c 'from before'"
s "echo '{\"scale\": 0.005}' >p.json; $missed 2>&1 | grep -c 'from before'"
s "$missed 2>&1 | grep -c 'from before'"
s "echo 1 >teacher.onnx.data; $missed 2>&1 | grep -c 'from before'"
# A counter that may be read: what it says is of this start alone.
zone=sys/class/powercap/intel-rapl:0
mkdir -p $zone && echo package-0 >$zone/name && echo 1000000 >$zone/energy_uj
(
    joules=1
    while [ ! -e stop ] && [ "$joules" -lt 6000 ]; do
        joules=$((joules + 1))
        echo "${joules}000000" >energy && mv energy $zone/energy_uj
        sleep 0.01
    done
) 2>/dev/null &
rm -f teacher.onnx.data
measured="ECAI_SYSFS=sys $(echo "$missed" | sed 's/-o m.onnx/--json m.json -o k.onnx/')"
s "$measured 2>&1 | grep -c 'from before'; sed -n '/^  \"cost\"/,/^  }/p' m.json | grep -c '\"measured\": {'"
s "$measured 2>&1 | grep -c 'from before'; sed -n '/^  \"cost\"/,/^  }/p' m.json | grep -c '\"measured\": {'"
touch stop
wait
