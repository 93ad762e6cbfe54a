# Other formats, and C that compiles and passes its own test.
cp "$(dirname "$1")/model.txt" model.txt
data=synthetic:classes=4,shape=1x8x8,samples=64,seed=1
ecai simplify -q model.txt -o model.onnx
ecai prune magnitude -q --sparsity 0.8 model.onnx -o - |
    ecai quantize int8 -q --data $data --preprocess unit - -o int8.onnx
t ecai export nnx model.onnx -o out
t ecai export c model.onnx -o -
t ecai export packed int8.onnx -q -o int8.packed
t ecai export onnx int8.packed -q -o back.onnx
t cmp int8.onnx back.onnx
s 'ecai export c int8.onnx -q -o c8 && ls c8'
s "cd c8 && ${CC:-cc} -std=c99 -Wall -Wextra -Werror -O1 -o test *.c -lm && ./test"
s 'ecai export c model.onnx -q -o c32 && cd c32 && cc -std=c99 -O1 -o test *.c -lm && ./test'
s "ecai export c int8.onnx -q -o c8 --data $data --json - | grep -E '\"(schema|format|file)\"'"
s 'mkdir theirs; echo precious >theirs/model.c; ecai export c int8.onnx -o theirs; cat theirs/model.c'
s 'echo "x:f32[n,4]  y = com.acme::Secret(x)" >foreign.txt; ecai export onnx -q foreign.txt -o foreign.onnx && ecai show foreign.onnx | grep -E "Secret|MACs|unknown"'
t ecai export c foreign.onnx -o cf
t ls
