# ecai devices calibrate: a profile from measurements of models or of counts; shipped ones again.
here=$(dirname "$1")
# A device of 2 mJ a call, 300 pJ a MAC and 4000 pJ a byte "measures" fourteen networks to five
# digits: what it is made of comes out again, from the models alone.
echo '{"schema": "ecai/device/1", "name": "known", "summary": "", "kind": "calibrated", "scope": "a board",
    "zero_weights": "cost", "error_percent": 20,
    "fit": {"float32": {"fixed_mj": 2, "mac_pj": 300, "byte_pj": 4000}}}' >known.json
mkdir nets
echo model,joules >nets/mine.csv
for wide in 4 8 16 32 64 96 128; do
    for side in 8 32; do
        name=net-$wide-$side
        flat=$((wide * 2 * side * side / 4))
        sed "s/8,4,3,3/$((wide * 2)),$wide,3,3/; s/4,1,3,3/$wide,1,3,3/; s/b1:f32\[4\]/b1:f32[$wide]/
            s/b2:f32\[8\]/b2:f32[$((wide * 2))]/; s/4,128/4,$flat/; s/1,8,8/1,$side,$side/" \
            "$here/model.txt" >nets/$name.txt
        ecai eval -q nets/$name.txt --data synthetic:classes=4,shape=1x${side}x$side,samples=4 --preprocess unit \
            --device ./known.json --json r.json >log 2>&1 || cat log
        sed -n 's/^    "joules": \([0-9.e-]*\),/\1/p' r.json | head -1 | xargs printf "$name.txt,%.4e\n" >>nets/mine.csv
    done
done
s "wc -l <nets/mine.csv"
s "ecai devices calibrate --csv nets/mine.csv --name mine --scope 'a board' --boundary board -o mine.json --json c.json"
s "sed -n '/\"fit\": {/,/}/p' mine.json; grep -E '\"(name|scope|boundary|runtime|error_basis|unverified)\"' mine.json"
s "ecai devices show ./mine.json | head -4"
s "sed 's/\"sha256\": .*/\"sha256\": .../' c.json | sed -n '1,58p'"
s "ecai devices calibrate -q --csv nets/mine.csv --name mine --scope 'a board' --boundary board -o again.json; cmp mine.json again.json"
s "ecai devices calibrate --csv nets/mine.csv --json - | head -2"
s "ecai devices calibrate --csv nets/mine.csv --device mcu-cortex-m4 -o based.json >/dev/null; grep -E 'name|scope|flash_bytes|int8' based.json"
# Whatever the base reckons with, the profile says what was fitted.
s "ecai devices calibrate --csv mlperf_mobile.csv --where device=rpi4 --where runtime=tflite-2.7.1 --where family=mobilenet --where precision=int8 --device gpu-edge-orin --scope 'a board' -o based.json >log; grep -E 'scope|combine|zero_weights|unverified' based.json"
# As it is written in --help.
t ecai devices calibrate --csv mlperf_mobile.csv --where device=rpi4 --where runtime=tflite-2.7.1 --where family=mobilenet --where precision=int8 -o pi.json
s "ecai devices calibrate --csv mlperf_tiny.csv --where device=nucleo-h7a3zi --where runtime=st-x-cube-ai-v1.2 --terms macs,depthwise_macs,weight_bytes --in-sample -o m7.json; grep -E 'error|unverified' m7.json"
t ecai devices calibrate --all
t ecai devices calibrate npu-board-rknn
# Coefficients that the tables no longer give.
mkdir other
sed 's/"mac_pj": 140.0/"mac_pj": 150.0/' "$ECAI_DEVICES/cpu-sbc-a72.json" >other/cpu-sbc-a72.json
s "ECAI_DEVICES=other ecai devices calibrate cpu-sbc-a72"
# Errors that are smaller than what the networks left out say; one that is judged may be larger, not smaller.
sed 's/"error_percent": 26.8/"error_percent": 26/; s/"ratio_error_percent": 57.3/"ratio_error_percent": 26/; s/"mean_error_percent": 6.1/"mean_error_percent": 5/' "$ECAI_DEVICES/cpu-sbc-a72.json" >other/cpu-sbc-a72.json
s "ECAI_DEVICES=other ecai devices calibrate cpu-sbc-a72 | grep _percent"
s "sed -i 's/held-out/fit/' other/cpu-sbc-a72.json; ECAI_DEVICES=other ecai devices calibrate cpu-sbc-a72 | grep _percent"
s "sed -i 's/\"fit\",/\"judged\",/' other/cpu-sbc-a72.json; ECAI_DEVICES=other ecai devices calibrate cpu-sbc-a72 | grep _percent"
# Nothing was left out where there is one network.
s "sed 's/judged/held-out/' \$ECAI_DEVICES/npu-phone.json >other/npu-phone.json; ECAI_DEVICES=other ecai devices calibrate npu-phone | grep _percent"
# Figures that come of a test.
sed 's/"utilisation": 0.958/"utilisation": 0.937/; s/"error_percent": 408/"error_percent": 40/' "$ECAI_DEVICES/eie-45nm-sparse.json" >other/eie-45nm-sparse.json
s "ECAI_DEVICES=other ecai devices calibrate eie-45nm-sparse"
s "sed -i 's/utilisation, fitted/use, fitted/' other/eie-45nm-sparse.json; ECAI_DEVICES=other ecai devices calibrate eie-45nm-sparse"
s "sed -i 's/\"T3\"/\"T33\"/' other/eie-45nm-sparse.json; ECAI_DEVICES=other ecai devices calibrate eie-45nm-sparse"
# A fit of few networks claims what the fit says, and is compared with that.
s "ecai devices calibrate ./m7.json | grep _percent"
# One's own profile again, and after its table has changed.
mv again.json nets/again.json
s "ecai devices calibrate nets/again.json | head -4; sed -i '2s/,.*/,2.2e-3/' nets/mine.csv; ecai devices calibrate nets/again.json | head -4"
# What is refused.
rm -f out.json
head -12 nets/mine.csv >eleven.csv
sed 's,net-,nets/net-,' eleven.csv >few.csv
t ecai devices calibrate --csv few.csv -o out.json
s "sed 's/joules/mJ/' nets/mine.csv >nets/bad.csv; ecai devices calibrate --csv nets/bad.csv -o out.json"
s "sed 's/joules/energy_uj/' nets/mine.csv >nets/bad.csv; ecai devices calibrate --csv nets/bad.csv -o out.json"
s "sed 's/model/net/' nets/mine.csv >nets/bad.csv; ecai devices calibrate --csv nets/bad.csv --precision int8 -o out.json"
s "sed '3s/,.*/,/' nets/mine.csv >nets/bad.csv; ecai devices calibrate --csv nets/bad.csv -o out.json"
s "sed '3s/,.*/,-1/' nets/mine.csv >nets/bad.csv; ecai devices calibrate --csv nets/bad.csv -o out.json"
s "sed '3s/,.*/,0/' nets/mine.csv >nets/bad.csv; ecai devices calibrate --csv nets/bad.csv -o out.json"
s "sed '3s/,.*/,much/' nets/mine.csv >nets/bad.csv; ecai devices calibrate --csv nets/bad.csv -o out.json"
s "sed '1s/\$/,/' nets/mine.csv >nets/bad.csv; ecai devices calibrate --csv nets/bad.csv -o out.json"
s "sed 's/joules/energy/' nets/mine.csv >nets/bad.csv; ecai devices calibrate --csv nets/bad.csv -o out.json"
s "sed 's/joules/Joules/' nets/mine.csv >nets/bad.csv; ecai devices calibrate --csv nets/bad.csv -o out.json"
s "sed 's/\$/,fp32/; 1s/fp32/precision/' nets/mine.csv >nets/bad.csv; ecai devices calibrate --csv nets/bad.csv --precision float32 -o out.json"
s "sed '3s/^net/no/' nets/mine.csv >nets/bad.csv; ecai devices calibrate --csv nets/bad.csv -o out.json"
s "(echo model,joules; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13; do echo net-8-8.txt,0.0\$i; done) >nets/bad.csv; ecai devices calibrate --csv nets/bad.csv -o out.json"
s "awk -F, 'NR > 1 { \$2 *= 1e6 } { print \$1 \",\" \$2 }' nets/mine.csv >nets/bad.csv; ecai devices calibrate --csv nets/bad.csv | head -1"
s "(cat nets/mine.csv; echo net-8-8.txt,0.004) >nets/bad.csv; ecai devices calibrate --csv nets/bad.csv | head -1"
s "awk 'BEGIN { print \"network,joules,macs,bytes\"; for (i = 1; i < 13; i++) for (k = 0; k < 2; k++) printf \"n%d%s,%g,%d,%d\\n\", i, k ? \" pruned\" : \"\", i * 2e-4 + i * i * 3e-6, i * 1e6 + k, i * i * 1e3 }' >c.csv; ecai devices calibrate --csv c.csv --precision float32 --terms macs,bytes | head -1"
s "echo 'network,joules,macs,bytes' >c.csv; ecai devices calibrate --csv c.csv -o out.json"
s "(echo 'network,joules,macs,bytes'; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13; do echo n\$i,0.\$i,\${i}00,\${i}000; done) >c.csv; ecai devices calibrate --csv c.csv -o out.json"
t ecai devices calibrate --csv c.csv --precision float32 -o out.json
t ecai devices calibrate --csv missing.csv -o out.json
t ecai devices calibrate --csv nets/mine.csv --terms macs,watts -o out.json
t ecai devices calibrate --csv nets/mine.csv --terms macs,, -o out.json
t ecai devices calibrate --csv nets/mine.csv --where device -o out.json
t ecai devices calibrate --csv nets/mine.csv --where device=x -o out.json
t ecai devices calibrate --csv nets/mine.csv --where model=x -o out.json
t ecai devices calibrate --csv nets/mine.csv --target x:joules -o out.json
t ecai devices calibrate --csv nets/mine.csv --name a:b -o out.json
t ecai devices calibrate --csv nets/mine.csv --device asic-45nm -o out.json
t ecai devices calibrate --csv nets/mine.csv -o nets/mine.csv
t ecai devices calibrate --csv nets/mine.csv -o nowhere/out.json
t ecai devices calibrate --csv nets/mine.csv --no-clobber -o mine.json
t ecai devices calibrate
t ecai devices calibrate --csv nets/mine.csv cpu-sbc-a72
t ecai devices calibrate --all cpu-sbc-a72
t ecai devices calibrate asic-45nm
t ecai devices calibrate vax
t ecai devices list --csv x
s "ls out.json"
