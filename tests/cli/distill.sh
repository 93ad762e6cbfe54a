# Training from an architecture, deriving a student, going on after an interrupt.
cp "$(dirname "$1")/model.txt" model.txt
data=synthetic:classes=4,shape=1x8x8,samples=256,seed=1
t ecai distill none --student model.txt -o x.onnx
t ecai distill none --data $data -o x.onnx
t ecai distill logits --student model.txt --data $data -o x.onnx
t ecai distill logits --teacher a --teacher-logits b --data $data -o x.onnx
t ecai distil none model.txt --data $data -o x.onnx
t ecai distill none --student model.txt --data $data -o x.onnx
t ecai distill none --student model.txt --data $data --preprocess unit --epochs 0 -o x.onnx
s "ecai distill none -q --student model.txt --data $data --preprocess unit --epochs 8 --seed 7 -o teacher.onnx && ls"
s "ecai distill logits -q --teacher teacher.onnx --data $data --epochs 4 --sparsity 0.5 --bits 8/8 -o once.onnx"
s "ecai distill logits -q --teacher teacher.onnx --data $data --epochs 4 --sparsity 0.5 --bits 8/8 --threads 1 -o again.onnx && cmp once.onnx again.onnx && echo same"
s "ecai distill logits -q --teacher teacher.onnx --data $data --epochs 4 --seed 1 -o other.onnx; cmp -s once.onnx other.onnx || echo differs"
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
