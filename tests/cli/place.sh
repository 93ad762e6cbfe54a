# Cloud or edge, with profiles of one number each, so that every sum can be done by hand: 8 mJ in
# the data centre, 186 mJ on the device.
cp "$(dirname "$1")/model.txt" model.txt
root=$(cd "$(dirname "$1")/../.." && pwd)
profile() { # name fixed_mj error scope extra
    cat <<END
{"schema": "ecai/device/1", "name": "$1", "summary": "a test's", "kind": "calibrated",
 "scope": "$4", "runtime": "none", "zero_weights": "cost", "error_percent": $3,
 "ratio_error_percent": $3, "validated_by": [], "unverified": [], $5
 "fit": {"float32": {"fixed_mj": $2, "mac_pj": 0, "depthwise_mac_pj": 0, "weight_byte_pj": 0, "byte_pj": 0},
 "float16": null, "int8": null}, "flash_bytes": $6, "ram_bytes": $6, "sources": []}
END
}
profile centre 8 0 "a server" '"pue": 1.1,' null >centre.json
profile phone 186 20 "a board's supply" '' null >phone.json
profile plug 186 20 "a board at the wall" '"boundary": "wall",' 100 >plug.json
profile near 170 50 "a server" '' null >near.json
profile chip 1 20 "a chip alone" '"boundary": "chip",' null >chip.json
profile logic 1 20 "arithmetic alone" '"boundary": "datapath",' null >logic.json
profile vague 186 null "a board" '' null >vague.json
profile hot 8 0 "a server" '"pue": 0.5,' null >hot.json
usual="model.txt --cloud ./centre.json --edge ./phone.json --request-bytes 30kB"
s "ecai place $usual --network mobile --grid 56 --network-grid DE --cloud-grid gcp-us-west1"
s "ecai place $usual --network mobile --grid 56 --network-grid DE --cloud-grid gcp-us-west1 --inferences-per-day 1000 --json - | sed -e '/\"sha256\"/d' -e '/provenance/,/^  }/d'"
# 8 mJ are shared by a batch of 4; what is measured at the wall needs no charger; a flash of 100 B.
s "ecai place model.txt --cloud ./centre.json --edge ./plug.json --network fixed --request-bytes 30kB --response-bytes 1kB --cloud-batch 4 2>&1 | grep -E '^(ecai|cloud|edge|network)'"
# What does not fit wins nothing, and neither does arithmetic alone; figures stay.
verdicts="| grep -E '^(takes|emits|edge (takes|emits)|verdict)|^ecai|boundar'"
nulls="| grep -A2 -E '^  \"reason\"|\"(cheaper|edge_from)\"' | grep -E 'reason|joules|grams' | sort | uniq -c | sed 's/^ *//'"
s "ecai place model.txt --cloud ./centre.json --edge ./plug.json --network fixed --request-bytes 1B 2>/dev/null $verdicts"
s "ecai place model.txt --cloud ./centre.json --edge ./plug.json --network fixed --request-bytes 1B --json - 2>/dev/null $nulls"
s "ecai place model.txt --cloud ./chip.json --edge ./logic.json --network fixed --request-bytes 1B --json - 2>/dev/null $nulls"
s "ecai place $usual --edge ./logic.json --network mobile 2>&1 $verdicts"
s "ecai place $usual --cloud ./logic.json --edge ./logic.json --network mobile 2>&1 $verdicts"
s "ecai place $usual --cloud ./chip.json --edge asic-45nm --network mobile 2>&1 $verdicts"
# Boundaries that differ are a warning and an assumption, with a verdict.
s "ecai place $usual --cloud cpu-server-x86 --edge ./chip.json --network mobile 2>&1 $verdicts"
s "ecai place $usual --edge ./vague.json --network mobile 2>&1 $verdicts"
# The figures alone make the edge win at any size; their intervals leave it open up to 1 kB.
s "ecai place $usual --cloud ./near.json --request-bytes 1B --network mobile 2>&1 $verdicts"
s "ecai place $usual --cloud ./near.json --request-bytes 1B --network mobile --json - $nulls"
# Below a byte is any size; where nothing emits anything the places are the same.
s "ecai place $usual --cloud ./near.json --charger-efficiency 0.6917 --pue 1.5811 --network mobile $verdicts"
s "ecai place $usual --network wifi --grid 0 $verdicts"
s "ecai place $usual --network fixed --network-grid 0 --cloud-grid 10 --json - $nulls"
# 0.2188 J on the device are those of 575 B by the average figure.
s "ecai place $usual --network mobile --request-bytes 570 | grep -E '^(takes|emits)'"
s "ecai place $usual --network wifi --request-bytes 30kB --pue 2 --charger-efficiency 1 --inferences-per-day 1e6 | grep -E '^(cloud|edge),'"
# Of int8 these profiles know nothing: unknown is neither 0 nor a verdict.
ecai quantize int8 -q model.txt --data synthetic:classes=4,shape=1x8x8,samples=64,seed=1 --preprocess unit -o int8.onnx
s "ecai place $usual --edge-model int8.onnx --network mobile 2>&1 | grep -E '^(ecai|edge|takes|emits| )'"
# The example of --help, from the source tree.
s "cd '$root' && ecai place testdata/fashion_teacher.onnx --edge-model testdata/fashion_student.onnx --cloud gpu-datacenter-h100 --cloud-batch 64 --edge cpu-phone-a76 --network mobile --request-bytes 784 --response-bytes 40 --grid DE --cloud-grid gcp-europe-north1 | grep -oE '^(cloud|edge|takes less|emits less) '" | sed "s|$root|ROOT|"
t ecai place model.txt
t ecai place model.txt --cloud ./centre.json --edge ./phone.json --network mobile
t ecai place $usual --network pigeon
t ecai place $usual --network mobile --request-bytes 30kbit
t ecai place $usual --network mobile --request-bytes 0
t ecai place $usual --network mobile --response-bytes -1
t ecai place $usual --network mobile --cloud-grid Germny
t ecai place $usual --network mobile --grid XX
t ecai place $usual --network mobile --grid Ger
s "ecai place $usual --network mobile --grid UK --cloud-grid USA | grep -oE '(United|ecai).*g/kWh'"
t ecai place $usual --network mobile --network-grid 0.381kg/kWh
t ecai place $usual --network mobile --grid -3
t ecai place $usual --network mobile --pue 0.9
t ecai place $usual --network mobile --charger-efficiency 85
t ecai place $usual --network mobile --cloud-batch 0
t ecai place $usual --network mobile --cloud ./hot.json
t ecai place $usual --network mobile --edge-model none.onnx
