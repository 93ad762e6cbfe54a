# Hostile and damaged input: one line that names file and node, exit 1 (2 for a wrong line), nothing
# written, an output that exists left as it was.
here=$(dirname "$1")
cp "$here/model.txt" model.txt
ecai simplify -q model.txt -o model.onnx
data=synthetic:classes=4,shape=1x8x8,samples=64,seed=1
pairs=synthetic:classes=2,shape=2,samples=16,seed=1

# Protobuf by hand, as hexadecimal text.
varint() {
    n=$1
    while [ "$n" -ge 128 ]; do
        printf %02x $((n % 128 + 128))
        n=$((n / 128))
    done
    printf %02x "$n"
}
field() { varint $(($1 * 8 + 2)); varint $((${#2} / 2)); printf %s "$2"; } # NUMBER BYTES
number() { varint $(($1 * 8)); varint "$2"; }                              # NUMBER VALUE
word() { field "$1" "$(printf %s "$2" | od -An -v -tx1 | tr -d ' \n')"; }  # NUMBER TEXT
node() { # OP NAME OUTPUT INPUT...
    op=$1 name=$2 output=$3 body=
    shift 3
    for input; do body=$body$(word 1 "$input"); done
    field 1 "$body$(word 2 "$output")$(word 3 "$name")$(word 4 "$op")"
}
weight() { # NAME TYPE RAW DIM...
    name=$1 type=$2 raw=$3 body=
    shift 3
    for dim; do body=$body$(number 1 "$dim"); done
    field 5 "$(word 8 "$name")$(number 2 "$type")$body$(field 9 "$raw")"
}
tensor_type() { # DIM...
    shape=
    for dim; do shape=$shape$(field 1 "$(number 1 "$dim")"); done
    field 2 "$(field 1 "$(number 1 1)$(field 2 "$shape")")"
}
model() { # FILE GRAPH: with input x [1, 2] and output y
    graph=$2$(word 2 g)$(field 11 "$(word 1 x)$(tensor_type 1 2)")$(field 12 "$(word 1 y)")
    for byte in $(printf %s "$(number 1 8)$(field 8 "$(number 2 13)")$(field 7 "$graph")" |
        fold -w 2); do
        # shellcheck disable=SC2059
        printf "\\$(printf %03o "0x$byte")"
    done >"$1"
}
one=0000803f nan=0000c07f
mul=$(node MatMul mm y x w)
model good.onnx "$mul$(weight w 1 $one$one$one$one 2 2)"
model nan.onnx "$mul$(weight w 1 $one$nan$one$one 2 2)"
model missing.onnx "$mul"
model cycle.onnx "$(node Add first a x b)$(node Relu second b a)$(node Relu third y b)"
model twice.onnx "$(node Relu first y x)$(node Tanh second y x)"
model type.onnx "$mul$(weight w 7 $one$one$one$one$one$one$one$one 2 2)"
model no_type.onnx "$mul$(weight w 99 $one 1)"
model misfit.onnx "$mul$(weight w 1 $one$one$one$one$one$one 3 2)"
model short.onnx "$mul$(weight w 1 $one$one 2 2)"
model huge.onnx "$mul$(weight w 1 $one 1099511627776 1099511627776)"
model ranks.onnx "$mul$(weight w 1 $one 1 1 1 1 1 1 1 1 1)"
model arity.onnx "$(node Relu r y x x x)"
model unknown.onnx "$(node Blur odd y x)"
nested=$(node Identity leaf q x)
i=0
while [ $i -lt 40 ]; do
    branch=$(field 5 "$(word 1 then_branch)$(field 6 "$nested$(word 2 b)")$(number 20 5)")
    nested=$(field 1 "$(word 1 c)$(word 2 q)$(word 3 "if$i")$(word 4 If)$branch")
    i=$((i + 1))
done
model deep.onnx "$nested$(node Identity last y q)"
: >empty.onnx
head -c 500 model.onnx >cut.onnx
t ecai simplify -q good.onnx -o out.onnx
echo kept >out.onnx
for file in missing cycle twice type no_type misfit short huge ranks arity deep empty cut; do
    t ecai simplify $file.onnx -o out.onnx
done
for file in nan misfit unknown; do
    t ecai prune magnitude -q $file.onnx -o out.onnx
    t ecai quantize int8 -q --data $pairs --preprocess unit $file.onnx -o out.onnx
    t ecai distill none -q --student $file.onnx --data $pairs --preprocess unit --batch 16 -o out.onnx
    t ecai distill logits -q --teacher $file.onnx --student good.onnx --data $pairs \
        --preprocess unit --batch 16 -o out.onnx
    t ecai eval -q $file.onnx --data $pairs --preprocess unit
done
s 'cat out.onnx; ls *.checkpoint *.tmp* 2>/dev/null'

# A file cut anywhere is refused; one with a flipped bit is refused or read, never more.
cp "$here/../../testdata/models/opset_13.onnx" whole.onnx
bytes=$(wc -c <whole.onnx)
judge() { # MAY_SUCCEED WHERE
    ecai simplify -q damaged.onnx -o out.onnx >.stdout 2>.stderr
    code=$?
    [ $code -eq 0 ] && [ "$1" = yes ] && { echo kept >out.onnx; return; }
    [ $code -eq 1 ] && [ "$(wc -l <.stderr)" -eq 1 ] && [ "$(cat out.onnx)" = kept ] &&
        grep -q '^ecai: damaged.onnx: ' .stderr || echo "at $2: exit $code, $(cat .stderr)"
}
at=0
while [ $at -lt "$bytes" ]; do
    head -c $at whole.onnx >damaged.onnx
    judge no "cut $at"
    old=$(od -An -tu1 -j $at -N 1 whole.onnx)
    cp whole.onnx damaged.onnx
    # shellcheck disable=SC2059
    printf "\\$(printf %03o $((old ^ (1 << at % 8))))" |
        dd of=damaged.onnx bs=1 seek=$at conv=notrunc 2>/dev/null
    judge yes "flip $at"
    at=$((at + 37))
done
echo "cut and flipped: $((at / 37)) places"

# Data.
: >empty
printf '0.5,0.5,0\n0.5,0.5,2\n' >label.csv
printf '0.5,0.5,0\n0.5,zero,1\n' >word.csv
printf '0.5,0.5,0\n0.5,0.5,0.5,1\n' >ragged.csv
for source in csv:empty,label=last csv:label.csv,label=last csv:word.csv,label=last \
    csv:ragged.csv,label=last npy:empty npy:none.npy idx:empty,empty idx:good.onnx \
    raw:empty,shape=2,type=f32 csv:label.csv,label=7 npy: fashion-mnist:dev $data@0:65 $data@3:3 \
    $data; do
    t ecai eval -q good.onnx --data $source --preprocess unit
done
s 'ECAI_DATA=/nowhere ecai eval good.onnx --data fashion-mnist:test'

# Outputs that cannot be.
for out in /dev/full no/folder.onnx empty/x.onnx .; do
    t ecai prune magnitude -q model.onnx -o $out
    t ecai distill none -q --student model.txt --data $data --preprocess unit --epochs 1 \
        --batch 16 -o $out
done
t ecai export c -q model.onnx -o /dev/full
s "ls /dev/*.checkpoint"
t ecai eval -q good.onnx --data $pairs --preprocess unit --json /dev/full
t ecai eval -q good.onnx --data $pairs --preprocess unit --save-outputs no/folder.npz
t ecai eval -q good.onnx --data $pairs --preprocess unit --json no/report.json
s "ecai eval -q good.onnx --data $pairs --preprocess unit >/dev/full"
t ls
