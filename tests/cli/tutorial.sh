# docs/tutorial.md as it stands there: its JSON file, then its commands. Only what does not depend
# on the instruction set is compared.
root=$(cd "$(dirname "$1")/../.." && pwd)
page=$root/docs/tutorial.md
ln -s "$root/testdata" testdata
# block LANGUAGE: what stands between such fences.
block() {
    sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/p" "$page" | grep -v '^```'
}
block json >sweep.json
block sh >lines
while read -r line; do
    echo "\$ $line"
    sh -c "$line" >.stdout 2>.stderr </dev/null || { echo "exit $?"; cat .stderr; }
    grep -oE '^(trial|[0-9]+ \*)' .stdout
    grep -E '^requirement' .stdout | sed 's/ ([^)]*)$//'
done <lines
ls -d [a-z]*
cut -d, -f3,7-9 trials/results.csv
grep -c '"selected_on":"search"' trials/results.jsonl
grep -oE '^(#|\| \*\*chosen|\| front).{0,30}' trials.md
for word in '<svg ' 'Pareto front' chosen; do grep -c "$word" front.svg; done
for word in 'Chart.js v' 'id="data"' 'Content-Security-Policy'; do grep -c "$word" trials.html; done
