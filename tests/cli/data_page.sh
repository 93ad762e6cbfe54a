# The examples of docs/data.md, as they stand there. Only whether they work is compared: figures
# differ between instruction sets.
root=$(cd "$(dirname "$1")/../.." && pwd)
ln -s "$root/testdata" testdata
sed -n '/^```sh$/,/^```$/p' "$root/docs/data.md" | grep -v '^```' >lines
while read -r line; do
    echo "\$ $line"
    sh -c "$line" >.stdout 2>.stderr </dev/null || { echo "exit $?"; cat .stderr; }
    grep -E '^(mse|mae|auc|exec|requirement|data)' .stdout
done <lines
ls
