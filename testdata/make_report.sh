#!/bin/sh
# Makes testdata/report/: reports of `ecai eval` and a small sweep with all kinds of trials, by the
# program itself: testdata/make_report.sh build/release/ecai. Bytes differ between machines (times).
set -eu
ecai=$(realpath "$1") here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin" && ln -s "$ecai" "$work/bin/ecai"
PATH=$work/bin:$PATH ECAI_DEVICES=$here/../share/devices
export PATH ECAI_DEVICES
cd "$work"
cp "$here/../tests/cli/model.txt" .
data=synthetic:classes=4,shape=1x8x8,samples=600,seed=1
ecai distill none -q --student model.txt --data $data@0:300 --preprocess unit --epochs 6 -o teacher.onnx
ecai prune magnitude -q --sparsity 0.5 teacher.onnx -o half.onnx
ecai quantize int8 -q --data $data@0:64 --preprocess unit half.onnx -o small.onnx
for name in half small; do
    ecai eval -q $name.onnx --data $data@300:600 --baseline teacher.onnx --device asic-45nm \
        --device mcu-cortex-m4 --json $name.json >/dev/null
done
ecai eval -q teacher.onnx half.onnx small.onnx --data $data@300:600 --json list.json >/dev/null
ecai eval -q half.onnx --data $data@300:400 --json other_data.json >/dev/null
ecai eval -q half.onnx --data $data@300:600 --metric balanced --json other_metric.json >/dev/null
ecai eval -q half.onnx --data $data@300:600 --device asic-7nm --json other_device.json >/dev/null
ecai show half.onnx --json show.json >/dev/null
cat >spec.json <<JSON
{"model": "teacher.onnx", "title": "A small net, trained on with few bits",
 "chain": [{"run": "distill none", "options": {"student": "teacher.onnx", "data": "$data@0:300", "preprocess": "unit", "learning-rate": [0.05, 100]}},
           {"run": "quantize int8", "options": {"data": "$data@0:64", "only": [["*"], ["nosuch*"]]}}],
 "search": {"halving": {"option": "distill.epochs", "from": 1, "to": 3, "eta": 3}},
 "search_data": "$data@300:450", "test_data": "$data@450:600", "baseline": "teacher.onnx",
 "require": ["accuracy.value >= 0.5"], "front": ["accuracy.value", "energy.joules"], "minimise": "energy.joules"}
JSON
ecai sweep -q spec.json -o folder >/dev/null || [ $? -eq 1 ] # some trials fail, as they should
rm -rf "$here/report"
mkdir -p "$here/report/folder"
cp half.json small.json list.json other_*.json show.json "$here/report"
cp folder/sweep.json folder/results.jsonl "$here/report/folder"
