# Training from an architecture, deriving a student, going on after an interrupt.
cp "$(dirname "$1")/model.txt" model.txt
data=synthetic:classes=4,shape=1x8x8,samples=256,seed=1
t ecai distill none --student model.txt -o x.onnx
t ecai distill none --data $data -o x.onnx
t ecai distill logits --student model.txt --data $data -o x.onnx
t ecai distill logits --teacher a --teacher-logits b --data $data -o x.onnx
t ecai distill none --student model.txt --data $data --preprocess unit --only 'nothing*' -o x.onnx
t ecai distill none --student model.txt --data $data --preprocess unit --sparsity 0.5 --layer 'conv*=-1' -o x.onnx
# One layer left alone, one with a sparsity of its own.
s "ecai distill none -q --student model.txt --data $data --preprocess unit --epochs 3 --sparsity 0.5 --keep-ends 0 --exclude 'fc*' --layer 'conv*=0.75' -o own.onnx && ecai show own.onnx | grep -E 'Conv|Gemm' | sed 's/  */ /g'; rm -f own.onnx"
t ecai distil none model.txt --data $data -o x.onnx
t ecai distill none --student model.txt --data $data -o x.onnx
t ecai distill none --student model.txt --data $data --preprocess unit --epochs 0 -o x.onnx
s "ecai distill none -q --student model.txt --data $data --preprocess unit --epochs 8 --seed 7 -o teacher.onnx && ls"
s "ecai distill logits -q --teacher teacher.onnx --data $data --epochs 4 --sparsity 0.5 --bits 8/8 -o once.onnx"
s "ecai distill logits -q --teacher teacher.onnx --data $data --epochs 4 --sparsity 0.5 --bits 8/8 --threads 1 -o again.onnx && cmp once.onnx again.onnx && echo same"
s "ecai distill logits -q --teacher teacher.onnx --data $data --epochs 4 --seed 1 -o other.onnx; cmp -s once.onnx other.onnx || echo differs"
# Accuracy that may go.
t ecai prune magnitude --max-drop 1% teacher.onnx -o x.onnx
t ecai prune magnitude --max-drop 1% --metric mse --data $data teacher.onnx -o x.onnx
t ecai prune magnitude --max-drop 0.5 --data $data teacher.onnx -o x.onnx
s "ecai prune magnitude -q --max-drop 5% --data $data teacher.onnx -o kept.onnx && ecai eval -q kept.onnx --baseline teacher.onnx --data $data --min baseline.difference=-5% --require 'ratio.energy > 1' | grep '^requirement' | sed 's/ (.*//'"
s "ecai prune magnitude --max-drop 1% --sparsity 1 --data $data teacher.onnx -o x.onnx 2>&1 | sed 's/[0-9.]* %/N %/g'; ls x.onnx"
s "ecai distill logits --teacher teacher.onnx --data $data --epochs 1 --learning-rate 0 --max-drop 1% -o x.onnx 2>&1 | grep -o '.--max-drop 1%. is missed by .distill logits.'; ls x.onnx"
# Interrupted in the middle of a long course, then gone on with: the bytes of an uninterrupted one.
line="ecai distill none -q --student model.txt --data $data --preprocess unit --epochs 300 --learning-rate 0.01"
s "$line -o whole.onnx"
sh -c "exec $line -o cut.onnx" &
pid=$!
while [ ! -f cut.onnx.checkpoint ] && kill -0 $pid 2>/dev/null; do sleep 0.01; done
kill -TERM $pid
wait $pid 2>/dev/null
echo "ended with $?"
s "ls cut.onnx*"
s "$line -o cut.onnx && cmp whole.onnx cut.onnx && echo same && ls cut.onnx*"
# A checkpoint of other preprocessing is no start.
line="ecai distill none -q --student model.txt --data $data --learning-rate 0.01"
sh -c "exec $line --preprocess unit --epochs 300 -o mixed.onnx" &
pid=$!
while [ ! -f mixed.onnx.checkpoint ] && kill -0 $pid 2>/dev/null; do sleep 0.01; done
kill -TERM $pid
wait $pid 2>/dev/null
s "$line --scale 1/128 --epochs 300 -o mixed.onnx"
