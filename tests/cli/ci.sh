# The examples of docs/ci.md, as they stand there: shell, workflow, script, rule and hook. Only
# codes and verdicts are compared: figures differ between instruction sets.
root=$(cd "$(dirname "$1")/../.." && pwd)
page=$root/docs/ci.md
cp "$root/testdata/fashion_student.onnx" model.onnx
# block LANGUAGE: what stands between such fences.
block() {
    sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/p" "$page" | grep -v '^```'
}
# try NAME: runs the script on stdin as bash would with those options.
try() {
    cat >.script
    echo "== $1"
    sed 's/^/$ /' .script
    shift
    GITHUB_STEP_SUMMARY=summary.md bash "$@" .script >.stdout 2>.stderr </dev/null
    echo "exit $?"
    grep -hoE '^(requirement .*|- requirement: .*|::error [^:]*::|ecai: missing data|make: .*Error.*)' \
        .stdout .stderr | sed 's/ ([^)]*)$//; s/^make: \*\*\* .*\] /make: /'
}
block sh | try shell -e
block bash | try pipe
block yaml | sed -n '/^        run: |$/,/^      - /p' | sed -n 's/^          //p' | try workflow -eo pipefail
grep -E '^(- requirement|\*\*)' summary.md | sed 's/ ([^)]*)$//'
block yaml | sed -n 's/^    - \(ecai\)/\1/p' | try gitlab -eo pipefail
block make >Makefile
rm branch.json
echo 'make --no-print-directory check-model' | try make
block yaml | sed -n 's/^        entry: \(.*\)/\1 model.onnx/p' | try hook -e
for file in report.xml diff.xml; do
    grep -o '<testsuite .*' $file
done
# The same job with a worse model, and without data.
ecai prune magnitude -q --sparsity 0.9 model.onnx -o worse.onnx && mv worse.onnx model.onnx
block yaml | sed -n '/^        run: |$/,/^      - /p' | sed -n 's/^          //p' | try worse -eo pipefail
block sh | ECAI_DATA=/nowhere try 'no data' -e
grep -o '<testsuite .*' report.xml
