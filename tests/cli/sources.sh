# Sources of data and metrics: several inputs, regression, tokens, commands that judge. The figures
# are numpy's (testdata/make_samples.py prints them).
samples=$(cd "$(dirname "$1")/../../testdata/samples" && pwd)
ln -s "$samples" samples
cat >pair.txt <<'END'
a:f32[n,3]
b:f32[n,3]
k:f32[]
c = Mul(b, k)
y = Add(a, c)
output y
END
cat >rows.txt <<'END'
x:f32[n,3]
w:f32[1,3] init=ones
y = Gemm(x, w) transB=1
output y
END
cat >same.txt <<'END'
x:f32[n,3]
y = Identity(x)
output y
END
pairs=npz:samples/pairs.npz,target=target
value() {
    s "ecai eval -q $* --json r.json >/dev/null 2>&1; grep -A3 '\"accuracy\": {' r.json | cut -c1-24"
}
for metric in mse mae cosine; do
    value pair.txt --data $pairs --set k=2 --metric $metric
done
value pair.txt --data $pairs --set k=2
value pair.txt --data npz:samples/labelled.npz,target=label --set k=2
value pair.txt --data npz:samples/labelled.npz,target=label --set k=2 --metric balanced
value rows.txt --data npy:samples/x.npy,samples/binary.npy --metric auc
value rows.txt --data csv:samples/table.csv,target=last
t ecai eval -q pair.txt --data $pairs
t ecai eval -q pair.txt --data $pairs --set k=2 --metric top1
t ecai eval -q pair.txt --data npz:samples/labelled.npz,target=label --set k=2 --metric mse
t ecai eval -q pair.txt --data npz:samples/more.npz,target=target --set k=2 --samples 13
t ecai eval -q pair.txt --data npz:samples/uneven.npz,target=target --set k=2
t ecai eval -q pair.txt --data npz:samples/pairs.npz,target=nothing --set k=2
t ecai eval -q pair.txt --data npy:samples/x.npy,samples/y.npy --set k=2
s "ecai eval -q pair.txt --data npy:samples/x.npy --set k=2 --set b=0 | grep ^data"
t ecai eval -q same.txt --data npy:samples/x.npy,samples/none.npy
t ecai eval -q same.txt --data npy:samples/pairs.npz
t ecai eval -q same.txt --data csv:samples/table.csv,target=height
t ecai eval -q same.txt --data csv:samples/table.csv,target=9
t ecai eval -q same.txt --data csv:samples/table.csv --metric auc
t ecai eval -q rows.txt --data npy:samples/x.npy,samples/y.npy
# A command judges the saved outputs: it gets a file and prints a number first.
cat >judge.sh <<'END'
[ "$(head -c 2 "$1")" = PK ] && echo "0.75 of the best"
END
s "ecai eval -q same.txt --data npy:samples/x.npy,samples/y.npy --metric 'exec:sh judge.sh' --min accuracy.value=0.75 | grep -E '^(exec|requirement)'"
s "ecai eval -q same.txt --data npy:samples/x.npy --metric 'exec:sh judge.sh' --min accuracy.value=0.8 --json r.json >/dev/null 2>&1; echo \$?; grep -A3 '\"accuracy\": {' r.json"
s "ecai eval -q same.txt --data npy:samples/x.npy --metric 'exec:sh judge.sh' --baseline same.txt --json r.json >/dev/null 2>&1; grep '\"difference\"' r.json"
for command in true false 'echo nan #' 'echo word #' 'kill -9 $$ #' 'exit 3 #' ''; do
    t ecai eval -q same.txt --data npy:samples/x.npy --metric "exec:$command"
done
s "TMPDIR=/nowhere ecai eval -q same.txt --data npy:samples/x.npy --metric 'exec:sh judge.sh' 2>&1 | sed 's/outputs-.*:/outputs-...:/'"
mkdir tmp
s "TMPDIR=tmp ecai eval -q same.txt --data npy:samples/x.npy --metric 'exec:sh judge.sh' | grep ^exec; TMPDIR=tmp ecai eval -q same.txt --data npy:samples/x.npy --metric exec:false; ls tmp"
t ecai prune magnitude -q --sparsity 0.5 --max-drop 1% --metric mae rows.txt --data npy:samples/x.npy,samples/y.npy -o out.onnx
t ecai prune magnitude -q --sparsity 0.3 rows.txt --data npy:samples/x.npy,samples/y.npy -o out.onnx
t ecai quantize int8 -q rows.txt --data csv:samples/table.csv,target=last -o out.onnx
# Training: numbers to predict by the squared error, several inputs.
awk 'BEGIN { for (i = 0; i < 64; i++) { a = i % 8 / 4 - 1; b = int(i / 8) / 4 - 1; print a "," b "," 2 * a - b + 1 } }' >line.csv
cat >line.txt <<'END'
x:f32[n,2]
w:f32[1,2] init=he
b:f32[1] init=zeros
y = Gemm(x, w, b) transB=1
output y
END
cat >sides.txt <<'END'
a:f32[n,3]
b:f32[n,2]
v:f32[3,2] init=he
w:f32[2,2] init=he
c = MatMul(a, v)
d = MatMul(b, w)
y = Add(c, d)
output y
END
t ecai distill none -q --student line.txt --data csv:line.csv,target=last --epochs 60 --batch 16 --learning-rate 0.05 -o line.onnx
s "ecai eval -q line.onnx --data csv:line.csv,target=last --max accuracy.value=0.01 | grep ^requirement | cut -c1-20"
t ecai distill none -q --student line.txt --data csv:line.csv,label=none --batch 16 -o out.onnx
t ecai distill none -q --student line.txt --data npy:samples/x.npy,samples/y.npy --batch 16 -o out.onnx
t ecai distill logits -q --teacher line.onnx --student line.txt --data csv:line.csv,target=last --batch 16 -o out.onnx
sides=npz:samples/sides.npz,target=y
t ecai distill none -q --student sides.txt --data $sides --epochs 40 --batch 16 --learning-rate 0.1 --threads 1 -o one.onnx
t ecai distill none -q --student sides.txt --data $sides --epochs 40 --batch 16 --learning-rate 0.1 --threads 3 -o three.onnx
s "cmp one.onnx three.onnx && echo same; ecai eval -q one.onnx --data $sides --min accuracy.value=0.85 | grep ^requirement | cut -c1-20"
t ecai distill logits -q --teacher one.onnx --student sides.txt --data $sides --epochs 2 --batch 16 -o out.onnx
t ecai distill none -q --student sides.txt --data $sides --epochs 1 --batch 16 --flip -o out.onnx
t ecai quantize int8 -q one.onnx --data $sides -o out.onnx
