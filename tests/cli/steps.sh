# --state: a model whose state goes from step to step.
arrays=$(cd "$(dirname "$1")/../../testdata/npy" && pwd)
ln -s "$arrays" npy
cat >sum.txt <<'END'
x:f32[3]
s:f32[3]
y = Add(x, s)
output y
END
cat >rows.txt <<'END'
x:f32[n,3]
s:f32[1,3]
y = Add(x, s)
output y
END
t ecai run -q sum.txt --input npy/f32.npy --state s=y -o out
s "ls out"
s "ecai run -q sum.txt --input x=npy/f32.npy --state s=y --state-reset 1 -o first; cmp first/y.npy npy/f32.npy && echo same"
t ecai run -q sum.txt --input x=npy/f32.npy --input s=npy/f32.npy --state s=y -o out2
t ecai run -q sum.txt --input x=npy/f32.npy --state s=z -o out2
t ecai run -q sum.txt --input x=npy/f32.npy --state q=y -o out2
t ecai run -q sum.txt --input x=npy/f32.npy --state s -o out2
t ecai run -q sum.txt --input x=npy/f32.npy --state s=y --state x=y -o out2
t ecai run -q sum.txt --state s=y -o out2
t ecai run -q sum.txt --set x=1 --state s=y -o out2
t ecai run -q sum.txt --input x=npy/big_endian.npy --state s=y -o out2
t ecai run -q sum.txt --input x=npy/f32.npy --state s=y --state-reset -1 -o out2
s "ecai eval -q rows.txt --data npy:npy/f32.npy --state s=y --save-outputs o.npz | head -2 | tail -1"
t ecai eval -q rows.txt --data npy:npy/f32.npy --state s=z
t ecai eval -q rows.txt --data npy:npy/f32.npy --state state=y
