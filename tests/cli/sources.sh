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
s "cat samples/table.csv >long.csv; tail -n +2 samples/table.csv >>long.csv"
t ecai distill none -q --student rows.txt --data csv:long.csv,target=last --epochs 1 --batch 16 -o out.onnx
