# Models in and out: text IR to ONNX, pruning, quantising, what is written and what is left alone.
cp "$(dirname "$1")/model.txt" model.txt
data=synthetic:classes=4,shape=1x8x8,samples=64,seed=1
t ecai simplify model.txt -o model.onnx
s "ecai show model.onnx | sed -E '/^running/,+1d; s/[0-9a-f]{16,64}/HASH/g'"
t ecai prune magnitude --sparsity 0.5 model.onnx -o pruned.onnx
s "ecai show pruned.onnx | grep -E '^(conv|fc|ecai)' | sed -E 's/[0-9a-f]{64}/HASH/g'"
t ecai prune magnitude --sparsity 0.5 -q model.onnx -o again.onnx
t cmp pruned.onnx again.onnx
t ecai prune magnitude --only 'conv*' --exclude conv1 --layer 'conv2=0.75' model.onnx -o only.onnx
s "ecai show only.onnx | grep -E '^(conv|fc)'"
t ecai prune magnitude --only 'nothing*' model.onnx -o x.onnx
t ecai prune magnitude --layer 'nothing=0.5' model.onnx -o x.onnx
t ecai prune magnitude --dry-run --bytes-ratio 2 model.onnx
t ecai prune magnitude --sparsity 0.3 --energy-ratio 2 model.onnx -o x.onnx
t ecai prune magnitude --bytes-ratio 1000 model.onnx -o x.onnx
t ecai prune magnitude model.onnx
t ecai quantize int8 model.onnx -o x.onnx
t ecai quantize int8 --data $data model.onnx -o x.onnx
t ecai quantize int8 --data $data model.onnx -o x.onnx --preprocess unit
s "ecai show x.onnx | grep -E '^(conv|fc|ecai.history)' | sed -E 's/[0-9a-f]{64}/HASH/g'"
s "ecai prune magnitude --sparsity 0.5 model.onnx -o - | ecai quantize int8 -q --preprocess unit --data $data - -o piped.onnx"
t ecai quantize int8 -q --preprocess unit --data $data pruned.onnx -o filed.onnx
t cmp piped.onnx filed.onnx
s "ecai quantize int8 -q --preprocess unit --data $data pruned.onnx -o named.onnx --json - | grep '\"node\"'"
rm -f named.onnx
t ls
