#!/bin/sh
# programs.sh complains of what a bare Debian cannot run, wherever the call stands, and of nothing
# else.
set -eu
lint=$(cd "$(dirname "$0")" && pwd)/programs.sh
work=$(mktemp -d /tmp/fota-programs.XXXXXX)
trap 'rm -rf "$work"' EXIT
cd "$work"
failed=

# complains WANTED: what the lint says of $file, a line each; "" when it is content.
complains() {
    wanted_code=1 code=0
    [ -n "$1" ] || wanted_code=0
    said=$("$lint" "$file" 2>&1) || code=$?
    said=$(echo "$said" | sed 's/^programs: //; s/: no package of programs.txt has it$//')
    [ "$said" != "$1" ] || [ $code != $wanted_code ] || return 0
    echo "test_programs: of this $file the lint says \"$said\" (exit code $code), not \"$1\":"
    sed 's/^/    /' "$file"
    failed=yes
}

# A call, wherever it stands.
file=bad.sh
while IFS= read -r call; do
    printf '#!/bin/sh\nset -eu\n%s\n' "$call" > $file
    complains "$file:3 calls python3"
done << 'CALLS'
python3 -c 'print(1)'
port=$(python3 -c 'import socket')
echo "the port is $(python3 -c 'print("1")')"
if ! python3 x; then echo no; fi
true && python3 x
true; python3 x
cat < /dev/null | python3 -
LANG=C PYTHONPATH=. python3 x > log 2>&1
exec 3< /dev/null > log python3 x
timeout --kill-after=3 "$limit" python3 x
find . | xargs -n 1 python3
env -i python3 x
env -u HOME A=b python3 x
case $1 in (a | b) ls ;; *) python3 ;; esac
for i in 1 2; do python3 $i; done
while :; do python3; done
{ ls; python3; }
(cd / && python3)
words=(a $(python3 x) b)
diff <(python3 x) /dev/null
: $((1 + $(python3 x)))
: "${x:-$(python3 x)}"
[[ $a == python3 && -n b ]] || python3
go() { python3; }
: `python3 x`
/bin/sh 2> log || pyth\on3
/usr/bin/python3 x
CALLS

printf '#!/bin/sh\ncat << END\n a $(python3 x) b\nEND\nperl -e 1\n' > $file
complains "$file:3 calls python3
$file:5 calls perl"

# A builtin is none to a program that runs commands.
printf '#!/bin/sh\nkill 1\npidof x | xargs kill\n' > $file
complains "$file:3 calls pidof
$file:3 calls kill"

# What a function of the tree is handed, unless the script has another function of that name.
printf '#!/bin/sh\nexits 3 "a (word)" python3 x; ls | exits 0 $(id) env A=b perl\n' > $file
printf 'exits() {\n ls\n}\nexits 0 x python3\n' >> $file
complains "$file:2 calls python3
$file:2 calls perl"

# A program of another set is not there.
printf '#!/bin/sh\nclang-format x\n' > $file
complains "$file:2 calls clang-format of clang-format, which deploy/deps.sh does not install"

# Left alone.
cat > $file << 'SCRIPT'
#!/usr/bin/env bash
# python3
echo python3 'python3 x
python3' "python3; python3"
python3=1 other=(python3 perl) && command -v python3
declare -A names=([python3]=perl)
cat > python3 << 'END'
python3 $(perl)
END
for python3 in perl; do :; done
case python3 in perl | python3) ls ;; esac
[[ $x =~ ^(python3|perl)$ ]] && echo \
    python3 $((python3 << 2)) ${x:-python3}
mine() {
    ls
}
mine python3
"$build/python3" ./python3 $python3
coproc python3 { cat; }
exec {python3[1]}>&-
SCRIPT
complains ""

file=bad.mk
cat > $file << 'RULES'
tool = perl -e
python3 = $(shell which2 x)
all: python3
	@# python3
	$(call say,X)ls $(python3) && \
	    python3 '$@' $< $$(seq 3)
	@-$(tool) $^
define rules
$(1): python3
	$$(call say,X)ruby $$<
endef
RULES
complains "$file:python3:2 calls which2
$file:all:5 calls which2
$file:all:6 calls python3
$file:all:7 calls perl
$file:\$(1):10 calls ruby"

[ -z "$failed" ]
