# `ecai compress`: a goal, candidates that are run and judged, a recipe that gives the same bytes.
cp "$(dirname "$1")/model.txt" model.txt
cp "$(dirname "$1")/../../testdata/samples/x.npy" .
data=synthetic:classes=4,shape=1x8x8,samples=640,seed=1
cat >hide <<'END'
s/compressing took .*; recipe/recipe/
s/[0-9][0-9.]* %/N %/g
s/[0-9.]* points (above|below)/N points from/g
s/(ratio|sparsity) [0-9.]+/\1 N/g
s/[0-9.]* k?B/N B/g
END
s "ecai distill none -q --student model.txt --data $data --preprocess unit --epochs 8 --seed 7 -o teacher.onnx"
# What cannot be asked for.
t ecai compress --data $data --energy-ratio 5 -o x.onnx
t ecai compress --teacher teacher.onnx --energy-ratio 5 -o x.onnx
t ecai compress --teacher teacher.onnx --data $data -o x.onnx
t ecai compress --teacher teacher.onnx --data $data --energy-ratio 5
t ecai compress --teacher teacher.onnx --data $data --energy-ratio 5 -o -
t ecai compress --teacher - --data $data --energy-ratio 5 -o x.onnx
t ecai compress --teacher teacher.onnx --data $data --energy-ratio 5 -o teacher.onnx
t ecai compress --teacher teacher.onnx --data $data --max-drop 0.5 -o x.onnx
t ecai compress --teacher teacher.onnx --data $data --energy-ratio 5 --strategy prunes -o x.onnx
t ecai compress --teacher teacher.onnx --data $data --energy-ratio 5 --option flip -o x.onnx
t ecai compress --teacher teacher.onnx --data $data --energy-ratio 5 --option distill.flop=1 -o x.onnx
t ecai compress --teacher teacher.onnx --data $data --energy-ratio 5 --option distill.epochs=none -o x.onnx
t ecai compress --teacher teacher.onnx --data $data --energy-ratio 5 --option export.flip=true -o x.onnx
t ecai compress --teacher teacher.onnx --data $data --energy-ratio 5 --option prune.sparsity=0.5 -o x.onnx
t ecai compress --teacher teacher.onnx --data $data@0:640 --holdout 640 --energy-ratio 5 -o x.onnx
t ecai compress --teacher teacher.onnx --data $data --energy-ratio 5 --device nothing -o x.onnx
s "ecai compress --teacher teacher.onnx --data $data --energy-ratio 100000 -o x.onnx 2>&1 | sed -E 's/forecast [0-9.]+/forecast N/'"
t ls
# Both goals: what is not trained comes first, and is enough.
s "ecai compress --teacher teacher.onnx --data $data --energy-ratio 10 --max-drop 20% -o s.onnx --json s.json 2>&1 | tail -n 1 | sed -E -f hide"
t ls
s "ecai eval -q s.onnx --baseline teacher.onnx --data $data@576:640 --min ratio.energy=10 --min baseline.difference=-20% | grep ^requirement | sed 's/ (.*//'"
# The same bytes from the recipe, under other names; a student is never quite the same from others.
cp teacher.onnx other.onnx
s "ecai compress -q --recipe s.onnx.recipe.json --teacher other.onnx --data $data@0:640 -o again.onnx && cmp s.onnx again.onnx && echo same"
t ls
t ecai compress --recipe s.onnx.recipe.json --teacher other.onnx --data $data --energy-ratio 5 -o x.onnx
s "ecai compress --recipe s.onnx.recipe.json --teacher s.onnx --data $data -o x.onnx 2>&1 | sed -E 's/[0-9a-f]{16}[.]/HASH./g'"
s "ecai compress --recipe s.onnx.recipe.json --teacher teacher.onnx --data synthetic:classes=4,shape=1x8x8,samples=640,seed=2 -o x.onnx 2>&1 | sed -E 's/[0-9a-f]{16}[.]/HASH./g'"
s "sed 's/\"percentile\"/\"percentil\"/' s.onnx.recipe.json >bad.json; ecai compress --recipe bad.json --teacher teacher.onnx --data $data -o x.onnx"
s "sed 's/\"quantize int8\"/\"quantize int7\"/' s.onnx.recipe.json >bad.json; ecai compress --recipe bad.json --teacher teacher.onnx --data $data -o x.onnx"
s "head -c 300 s.onnx.recipe.json >bad.json; ecai compress --recipe bad.json --teacher teacher.onnx --data $data -o x.onnx"
t ecai compress --recipe s.json --teacher teacher.onnx --data $data -o x.onnx
t ecai compress --recipe nothing.json --teacher teacher.onnx --data $data -o x.onnx
t ecai compress --teacher teacher.onnx --data $data --energy-ratio 10 --no-clobber -o s.onnx
# A student that is trained, and its recipe; the test data are opened at the end.
s "ecai compress --teacher teacher.onnx --data $data --energy-ratio 10 --strategy student --tries 4 --epochs 4 --option distill.batch=64 --eval-data $data@0:64 -o t.onnx 2>&1 | tail -n 1 | sed -E -f hide"
s "ecai compress -q --recipe t.onnx.recipe.json --teacher teacher.onnx --data $data -o again.onnx && cmp t.onnx again.onnx && echo same"
s "grep -c '\"batch\": 64' t.onnx.recipe.json"
# The least energy for an accuracy.
s "ecai compress --teacher teacher.onnx --data $data --max-drop 5% --tries 0 -o d.onnx 2>&1 | tail -n 1 | sed -E -f hide"
s "ecai eval -q d.onnx --baseline teacher.onnx --data $data@576:640 --min ratio.energy=6 --min baseline.difference=-5% | grep ^requirement | sed 's/ (.*//'"
# Without labels the teacher's answers count; classes that only the samples held back lack are told.
s "echo 'x:f32[n,3]  w:f32[3,16] init=he  h = MatMul(x, w)  r = Relu(h)  v:f32[16,4] init=he  y = MatMul(r, v)  output y' >mlp.txt"
s "ecai compress --teacher mlp.txt --data npy:x.npy --holdout 5 --max-drop 20% --tries 0 -o u.onnx 2>&1 | tail -n 1 | sed -E -f hide"
s "awk 'BEGIN { OFS = \",\"; for (i = 1; i <= 200; i++) print sin(i), cos(3 * i), sin(7 * i + 1), int((i - 1) / 50) }' >sorted.csv"
s "ecai compress --teacher mlp.txt --data csv:sorted.csv,label=last --holdout 40 --max-drop 10% --tries 0 --dry-run 2>&1 >/dev/null"
t ecai compress --teacher mlp.txt --data csv:sorted.csv,target=last --max-drop 1% -o x.onnx
# A goal that is missed: the best is named, and written only if asked for.
s "ecai compress --teacher teacher.onnx --data $data --energy-ratio 12 --max-drop 0.1% --strategy student --tries 1 --epochs 1 --option distill.learning-rate=0 -o m.onnx 2>&1 | tail -n 1 | sed -E -f hide"
s "ls | grep '^m[.]'"
s "ecai compress --teacher teacher.onnx --data $data --energy-ratio 12 --max-drop 0.1% --strategy student --tries 1 --epochs 1 --option distill.learning-rate=0 --keep-best -o m.onnx 2>&1 | grep -c 'from before'"
s "ls | grep '^m[.]'"
# A folder of somebody else's is left alone.
s "mkdir y.onnx.work && touch y.onnx.work/mine && ecai compress -q --teacher teacher.onnx --data $data --energy-ratio 10 -o y.onnx; ls y.onnx.work"
# Interrupted in a training, then gone on with: the bytes of an uninterrupted one.
line="ecai compress -q --teacher teacher.onnx --data $data --energy-ratio 8 --strategy student --tries 1 --epochs 300"
sh -c "exec $line -o cut.onnx" &
pid=$!
while ! ls cut.onnx.work/*.checkpoint >/dev/null 2>&1 && kill -0 $pid 2>/dev/null; do sleep 0.01; done
kill -TERM $pid
wait $pid 2>/dev/null
echo "ended with $?"
s "ls -d cut.onnx* && ls cut.onnx.work | sed -E 's/[0-9a-f]{16}/KEY/' | sort"
s "$line -o cut.onnx && ls -d cut.onnx*"
s "$line -o whole.onnx && cmp whole.onnx cut.onnx && echo same"
