# Speed and memory: everything but the figures, which are the machine's.
model=$(dirname "$1")/model.txt
cp "$model" model.txt
figures='s/[0-9][0-9.e+-]*/N/g; s/null/N/'
s "ecai bench model.txt --seconds 0.05 --threads 1 --isa generic | awk '{ print \$1, (\$2 ~ /[0-9]/ ? \"N\" : \$2) }'"
s "ecai bench model.txt -q --seconds 0.05 --json - | sed -E '/\"(node|processor|file|sha256|isa|algorithm|threads|line|command|ecai)\"/d; $figures' | head -40"
s "ecai --conv direct bench model.txt -q --seconds 0.05 --json - | grep '\"conv\"'"
s "ecai bench --deterministic model.txt -q --seconds 0.05 --json - | grep '\"conv\"'"
t ecai bench --conv fast model.txt
s "ecai show model.txt --json - | sed -n '/\"plan/,/}/p' | sed -E '$figures'"
s "ecai show model.txt | grep -A1 '^running' | sed -E 's/[0-9.]+ (k|M)?B/N/g'"
XDG_CACHE_HOME=$PWD/cache
export XDG_CACHE_HOME
s "ecai bench --tune -q --seconds 0.05 model.txt --json - | grep -E '\"(conv|tuned)\"'; head -n 1 cache/ecai/tuning; grep -c direct cache/ecai/tuning"
s "cp cache/ecai/tuning before; ecai bench --tune -q --seconds 0.05 model.txt >/dev/null; cmp before cache/ecai/tuning && echo remembered"
s "echo odd >cache/ecai/tuning; ecai bench --tune -q --seconds 0.05 model.txt 2>&1 >/dev/null | sed \"s|\$PWD|HERE|\"; cut -f 1 cache/ecai/tuning >after; cut -f 1 before | cmp - after && echo anew"
t ecai bench --tune --deterministic model.txt
