# What a CI reads: JUnit XML and GitHub's annotations, of runs that hold, miss, cannot judge, fail.
cp "$(dirname "$1")/model.txt" model.txt
ecai simplify -q model.txt -o model.onnx
ecai simplify -q model.txt -o 'a "<&>,%:.onnx'
run="--data synthetic:classes=4,shape=1x8x8,samples=64,seed=1 --preprocess unit"
s "ecai eval -q model.onnx $run --max model.bytes=64KiB --annotate github --junit j.xml >/dev/null && cat j.xml"
s "ecai eval model.onnx $run --device asic-45nm --max model.bytes=64KiB --annotate github 2>&1 >/dev/null | grep ^::"
s "ecai eval -q 'a \"<&>,%:.onnx' $run --max model.bytes=1kB --require 'model.parameters < 9999' --annotate github --junit j.xml >/dev/null; echo \$?; cat j.xml"
s "ecai eval -q model.onnx $run --min baseline.difference=0 --max model.bytes=1kB --annotate github --junit - 2>&1"
s "ecai eval -q model.onnx --data csv:none.csv,label=last --preprocess unit --min accuracy.value=0.9 --annotate github --junit -"
s "ecai eval -q missing.onnx $run --junit -"
s "ecai eval -q model.onnx $run --require 'acuracy.value > 0.9' --junit -"
t ecai eval model.onnx $run --junit model.onnx
t ecai eval model.onnx $run --junit none/j.xml
t ecai eval model.onnx $run --json - --junit -
t ecai eval model.onnx $run --annotate gitlab
s "ecai eval -q model.onnx $run --max model.bytes=1kB --junit /dev/full >/dev/null"
s "mkdir old; cp j.xml old/j.xml; cp j.xml new.xml; ecai eval -q 'a \"<&>,%:.onnx' $run --max model.bytes=1kB --require 'model.parameters < 9999' --junit new.xml >/dev/null 2>&1; cmp old/j.xml new.xml && echo same bytes"
