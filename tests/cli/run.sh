# One inference on given tensors.
cp "$(dirname "$1")/model.txt" model.txt
cat >two.txt <<'EOF'
a:f32[2]
b:f32[2]
"sum/all:0" = Add(a, b)
".hidden" = Sub(a, b)
output "sum/all:0"
EOF
cat >hidden.txt <<'EOF'
a:f32[2]
".hidden" = Neg(a)
EOF
# .npy of float32 (1, 2) as numpy 1.24 writes it.
printf '\223NUMPY\001\000\166\000{%s%s}%60s\n' "'descr': '<f4', 'fortran_order': False, " \
    "'shape': (2,), " '' >a.npy
printf '\000\000\200\077\000\000\000\100' >>a.npy
t ecai run two.txt -o out
t ecai run two.txt --input a.npy -o out
t ecai run two.txt --input a=a.npy --input b=a.npy -o out
t ls -A out
s 'tail -c 8 out/*.npy | od -An -tf4'
s 'ecai run two.txt --input a.npy --set b=0.5 -o out && tail -c 8 out/*.npy | od -An -tf4'
t ecai run two.txt --input a.npy --input a.npy --input a.npy -o out
t ecai run two.txt --input c=a.npy -o out
t ecai run two.txt --input a=two.txt -o out
t ecai run two.txt --input a=missing.npy -o out
t ecai run model.txt --input a.npy -o out
t ecai run hidden.txt --input a.npy -o out2
t ecai run two.txt --input a.npy --input a.npy -o -
s 'mkdir theirs; echo precious >theirs/file; ecai run two.txt --input a.npy --input b=a.npy -o theirs; ls theirs'
s 'ecai run two.txt --input a.npy --input b=- -o out </dev/null'
t ecai run two.txt --input a.npy --input b=a.npy --output z -o out
t ls -A
