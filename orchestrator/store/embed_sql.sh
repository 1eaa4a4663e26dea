#!/bin/sh
# Turns SQL files into C strings.
#   embed_sql.sh statements OUT FILE...   OUT.h and OUT.c: one struct store_statement a file, SQL_<NAME>
#   embed_sql.sh migrations OUT.c FILE... the table of migrations, in order
set -eu
kind=$1 out=$2
shift 2

c_string() {
    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/    "/' -e 's/$/\\n"/' "$1"
}

case $kind in
statements)
    {
        echo '/* Generated from store/sql. */'
        echo '#include "store.h"'
        for file; do
            name=$(basename "$file" .sql)
            echo "extern const struct store_statement SQL_$(echo "$name" | tr a-z A-Z);"
        done
        echo "enum { STORE_STATEMENT_COUNT = $# };"
        echo "extern const struct store_statement *const store_statements[];"
    } > "$out.h"
    {
        echo '/* Generated from store/sql. */'
        echo '#include "store_sql.h"'
        number=0
        for file; do
            name=$(basename "$file" .sql)
            echo "const struct store_statement SQL_$(echo "$name" | tr a-z A-Z) = {$number, \"$name\","
            c_string "$file"
            echo '};'
            number=$((number + 1))
        done
        echo 'const struct store_statement *const store_statements[] = {'
        for file; do
            echo "    &SQL_$(basename "$file" .sql | tr a-z A-Z),"
        done
        echo '};'
    } > "$out.c"
    ;;
migrations)
    {
        echo '/* Generated from migrations. */'
        echo '#include "migrate.h"'
        echo 'const struct migration migrations_embedded[] = {'
        for file; do
            echo "    {\"$(basename "$file")\","
            c_string "$file"
            echo '    },'
        done
        echo '};'
        echo "const int migrations_embedded_count = $#;"
    } > "$out"
    ;;
esac
