# Speed and memory: everything but the figures, which are the machine's.
model=$(dirname "$1")/model.txt
cp "$model" model.txt
figures='s/[0-9][0-9.e+-]*/N/g'
s "ecai bench model.txt --seconds 0.05 --threads 1 --isa generic | awk '{ print \$1, (\$2 ~ /[0-9]/ ? \"N\" : \$2) }'"
s "ecai bench model.txt -q --seconds 0.05 --json - | sed -E '/\"(node|file|sha256|isa|algorithm|threads|line|command|ecai)\"/d; $figures' | head -40"
s "ecai --conv direct bench model.txt -q --seconds 0.05 --json - | grep '\"conv\"'"
s "ecai bench --deterministic model.txt -q --seconds 0.05 --json - | grep '\"conv\"'"
t ecai bench --conv fast model.txt
s "ecai show model.txt --json - | sed -n '/\"plan/,/}/p' | sed -E '$figures'"
s "ecai show model.txt | grep -A1 '^running' | sed -E 's/[0-9.]+ (k|M)?B/N/g'"
