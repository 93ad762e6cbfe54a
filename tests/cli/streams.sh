# `-`, outputs that are inputs, outputs that cannot be.
cp "$(dirname "$1")/model.txt" model.txt
t ecai simplify model.txt -o model.txt
ln -s model.txt link.txt
t ecai simplify model.txt -o link.txt
t ecai simplify model.txt -o ./model.txt
t ecai simplify model.txt -o ''
t ecai simplify model.txt -o no/such/folder.onnx
t ecai simplify model.txt -o .
t ecai prune magnitude model.txt -o - --json -
t ecai prune magnitude model.txt -o same --json same
t ecai eval model.txt --data synthetic:samples=16 --baseline - -
s 'ecai simplify - -o out.onnx </dev/null'
s 'head -c 100 model.txt | ecai simplify - -o out.onnx'
s 'ecai simplify -q model.txt -o - | ecai simplify -q - -o out.onnx && ls'
s 'ecai simplify -q model.txt -o - | head -c 200 | ecai simplify -q - -o cut.onnx; ls'
s 'echo before >kept; ecai simplify -q model.txt -o kept --no-clobber; cat kept'
s 'chmod 640 kept; ecai simplify -q model.txt -o kept; stat -c %a kept'
s 'ln -s kept through; ecai simplify -q model.txt -o through; test -L through && echo still a link'
s 'ecai simplify -q model.txt -o /dev/full'
s 'ecai show model.txt >/dev/full'
s 'ecai ops | head -1 | tr -s " "'
t ls
