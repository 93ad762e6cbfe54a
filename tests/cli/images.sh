# Folders of pictures as data: sizes, classes, records, and what is wrong with folders. Verdicts and
# counts only: figures of a model would differ between instruction sets.
pictures=$(cd "$(dirname "$1")/../../testdata/pictures" && pwd)
ln -s "$pictures" pictures
cat >model.txt <<'END'
x:f32[n,3,8,8]
w:f32[3,3,3,3] init=he
b:f32[3] init=zeros
conv: c = Conv(x, w, b) pads=1,1,1,1
a = GlobalAveragePool(c)
y = Flatten(a)
END
ecai simplify -q model.txt -o model.onnx
data=images:pictures/folders
t ecai eval -q model.onnx --data $data
t ecai eval -q model.onnx --data $data --preprocess unit
s "ecai eval -q model.onnx --data $data --preprocess unit --resize 8x8 --json r.json >/dev/null 2>&1; grep -E '\"(samples|classes|class|resize|crop|channels)\":' r.json"
s "ecai eval -q model.onnx --data $data@0:4 --preprocess unit --resize 10 --crop 8 --channels bgr --json r.json >/dev/null 2>&1; grep -E '\"(name|resize|crop|channels)\":' r.json"
s "ecai eval -q model.onnx --data images:pictures/kinds --preprocess unit --resize 8x8 --json r.json | tail -n +3 | head -1; grep -E '\"(samples|labelled|accuracy)\":' r.json"
t ecai eval -q model.onnx --data $data --preprocess unit --resize 8y8
t ecai eval -q model.onnx --data $data --preprocess unit --resize 0
t ecai eval -q model.onnx --data $data --preprocess unit --resize 7 --crop 8
t ecai eval -q model.onnx --data $data --preprocess unit --resize 8x8 --channels gray
t ecai eval -q model.onnx --data $data --preprocess unit --resize 8x8 --channels cmyk
t ecai eval -q model.onnx --data $data --preprocess unit --resize 8x8 --classes pictures/classes.txt
t ecai eval -q model.onnx --data $data --preprocess unit --resize 8x8 --classes none.txt
s "printf 'cat\ndog\n' >two.txt; ecai eval -q model.onnx --data $data --preprocess unit --resize 8x8 --classes two.txt"
s "printf 'cat\r\ndog\r\nbird\r\n' >three.txt; ecai eval -q model.onnx --data $data --preprocess unit --resize 8x8 --classes three.txt --json r.json >/dev/null 2>&1; grep -E '\"(class|classes)\":' r.json"
: >empty.txt
t ecai eval -q model.onnx --data $data --preprocess unit --resize 8x8 --classes empty.txt
t ecai eval -q model.onnx --data synthetic:shape=3x8x8 --preprocess unit --resize 8x8
t ecai eval -q model.onnx --data images:pictures --preprocess unit --resize 8x8
t ecai eval -q model.onnx --data images:none --preprocess unit
t ecai eval -q model.onnx --data images:model.txt --preprocess unit
t ecai eval -q model.onnx --data "$data@0:10" --preprocess unit --resize 8x8
mkdir -p bad/a bad/b
t ecai eval -q model.onnx --data images:bad --preprocess unit --resize 8x8
cp model.txt bad/a/x.png
cp pictures/folders/cat/1.png bad/b
t ecai eval -q model.onnx --data images:bad --preprocess unit --resize 8x8
head -c 300 pictures/kinds/colour.jpg >bad/a/x.png
t ecai eval -q model.onnx --data images:bad --preprocess unit --resize 8x8
head -c 300 pictures/kinds/colour.png >bad/a/x.png
t ecai eval -q model.onnx --data images:bad --preprocess unit --resize 8x8
# What compressors record, eval honours without being told; a line that says otherwise wins.
t ecai prune magnitude -q --sparsity 0.5 model.onnx --data $data --preprocess unit --resize 8x8 --classes three.txt -o pruned.onnx
s "ecai eval -q pruned.onnx --data $data --json r.json >/dev/null 2>&1; grep -E '\"(from|resize|class)\":' r.json"
s "ecai eval -q pruned.onnx --data $data --resize 9 --crop 8 --json r.json 2>&1 >/dev/null | grep contradicts; grep -E '\"(from|resize|crop)\":' r.json"
s "ecai eval -q model.onnx --data $data --baseline pruned.onnx --json r.json >/dev/null 2>&1; grep -E '\"from\":' r.json"
t ecai quantize int8 -q model.onnx --data $data --preprocess unit --resize 8x8 -o int8.onnx
# A step of training takes 16 samples.
for class in bird cat dog; do
    mkdir -p many/$class
    for i in 1 2; do for file in pictures/folders/$class/*; do cp $file many/$class/$i.${file##*/}; done; done
done
many=images:many
t ecai distill none -q --student model.txt --data $many --preprocess unit --resize 8x8 --epochs 1 --batch 16 -o trained.onnx
s "ecai distill logits -q --teacher pruned.onnx --student model.txt --data $many --epochs 1 --batch 16 --threads 1 -o a.onnx; ecai distill logits -q --teacher pruned.onnx --student model.txt --data $many --epochs 1 --batch 16 --threads 4 -o b.onnx; cmp a.onnx b.onnx && echo same"
s "ecai scan prune -q model.onnx --data $data --preprocess unit --resize 8x8 --sparsity 0 | cut -c1-20"
