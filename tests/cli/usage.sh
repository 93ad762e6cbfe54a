# What is wrong on the line is told in one line, exit 2; help goes to stdout, exit 0.
t ecai
t ecai --version
t ecai prun
t ecai --sed 3 prune
t ecai prune
t ecai prune ''
t ecai prune model.onnx
t ecai prune magnitud model.onnx
t ecai prune magnitude model.onnx --sparsty 0.5 -o out.onnx
t ecai prune magnitude model.onnx --sparsity 1.5 -o out.onnx
t ecai prune magnitude model.onnx --spars 0.5 -o out.onnx
t ecai prune magnitude model.onnx -o
t ecai prune magnitude '' -o out.onnx
t ecai prune magnitude a b -o out.onnx
t ecai --progress sometimes show model.onnx
t ecai show --max-memory 3x model.onnx
s 'ecai prune --help | head -2'
s 'ecai distil --help | head -1'
s 'ecai --help | head -1'
s 'ecai help help'
t ecai show missing.onnx
s 'ecai show - </dev/null'
s 'ecai internal man | head -3'
s 'ecai internal completion >c && bash -n c && echo completion parses'
