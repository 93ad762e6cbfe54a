# Predicted against published: the table, one test, JSON, pictures, what is refused.
t ecai devices validate
t ecai devices validate T3
t ecai devices validate t9 --markdown
s 'ecai devices validate T1 T8 --json - | sed -n "/^  \"tests\"/,/^      \"rows\"/p" | sed "s,[0-9]\{6\,\},," | head -36'
mkdir pictures
s 'ecai devices validate --svg pictures >/dev/null; ls pictures; grep -l "<svg" pictures/* | wc -l'
s 'ecai devices validate --svg nowhere T3 >/dev/null'
t ecai devices validate T99
t ecai devices list --markdown
mkdir tables
printf 'layer,macs\none,5\n' >tables/eie.csv
s 'ECAI_TABLES=tables ecai devices validate T3'
s 'ECAI_TABLES=tables ecai devices validate T1'
