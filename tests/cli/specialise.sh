# --shape and --set: branches go, inputs leave the signature; batches that a file fixes.
models=$(cd "$(dirname "$1")/../../testdata/models" && pwd)
cp "$models/choice.onnx" choice.onnx
t ecai simplify choice.onnx --set rate=16000 -o chosen.onnx
s "ecai show chosen.onnx | grep -vE '^(model|ecai.history)'"
t ecai prune magnitude -q choice.onnx --set rate=16000 --dry-run
t ecai simplify choice.onnx --set nothing=1 -o out.onnx
t ecai simplify choice.onnx --set rate=x -o out.onnx
t ecai show choice.onnx --shape x=1,4
cat >fixed.txt <<'END'
x:f32[1,1,4,4]
w:f32[4,1,3,3] init=he
conv: c = Conv(x, w) pads=1,1,1,1
r = Relu(c)
p = GlobalAveragePool(r)
s:i64[2] init=[1,4]
y = Reshape(p, s)
END
sed 's/1,1,4,4/2,1,4,4/; s/\[1,4\]/[2,4]/' fixed.txt >pairs.txt
sed 's/^y = .*/f = Reshape(p, s)/' fixed.txt >mixed.txt
echo 'm = ReduceMean(f) axes=0 keepdims=1
mix: y = Sub(f, m)' >>mixed.txt
data='synthetic:classes=4,shape=1x4x4,samples=24,seed=3'
for file in fixed pairs mixed; do
    s "ecai show $file.txt | grep -vE '^running| on one thread; ' | grep -A1 -E '^(MACs|runs)'"
    s "ecai eval --data $data --preprocess unit $file.txt --json r.json 2>&1 >/dev/null | grep 'at a time'; grep executor r.json"
    s "ecai simplify -q $file.txt --open-batch -o open.onnx && ecai show open.onnx | grep -E '^(input|output)'"
done
s "ecai quantize int8 -q --data $data --preprocess unit fixed.txt -o small.onnx && ecai show small.onnx | grep -E '^(input|runs)'"
echo 'x:f32[n,k]  y = Relu(x)' >open.txt
t ecai run open.txt --set x=0.5 -o answers
s "ecai run open.txt --set x=0.5 --shape x=2,3 -o answers && ls answers"
t ecai run open.txt --set x=0.5 --shape x=2 -o answers
