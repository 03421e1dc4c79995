#!/bin/sh
# Wrong options and missing files: one clear line, and exit status 2.
. "$(dirname "$0")/../tap.sh"

cd "$tmp" || exit 1
: >file

# refuses WORDS ARG…: ./calf ARG… says one line with WORDS in it, exits with 2.
refuses()
{
	words=$1
	shift
	status=0
	"$top/calf" "$@" >out 2>err </dev/null || status=$?
	is "calf $*: status 2" "$status" 2
	is "calf $*: one line" "$(wc -l <err)" 1
	ok "calf $*: says '$words'" grep -q -e "$words" err
	is "calf $*: nothing on standard output" "$(cat out)" ''
}

refuses "no command 'nonsense'" nonsense
refuses "does not know '--nonsense'" run --nonsense
refuses "does not know '--nonsense'" exec --nonsense -- /x
refuses "does not know '--nonsense'" debug --nonsense
refuses "does not know '--nonsense'" test --nonsense
refuses "does not know '--nonsense'" bench --nonsense
refuses "no test 'nonesuch'" test nonesuch
refuses "no benchmark 'nonesuch'" bench nonesuch
refuses 'takes no command' run -- /x
refuses "does not know 'word'" run word
refuses '--disk-log needs two values' exec --disk-log file
refuses '--disk-fault needs two values' exec --disk-fault file
refuses "--disk: there is no file 'nonesuch'" exec --disk-fault nonesuch file -- /x
refuses "--disk-fault: there is no file 'nonesuch'" \
	exec --disk-fault file nonesuch -- /x
refuses 'needs a command' exec
refuses 'needs a command' exec --
refuses '--smp needs a value' exec --smp
refuses '--smp takes a number' exec --smp 0 -- /x
refuses '--smp takes a number' exec --smp 9 -- /x
refuses '--smp takes a number' exec --smp two -- /x
refuses '--mem takes a size' exec --mem 64 -- /x
refuses '--mem takes a size' exec --mem 64MB -- /x
refuses '--mem takes a size' exec --mem -1M -- /x
refuses '--timeout takes seconds' exec --timeout 0 -- /x
refuses '--timeout takes seconds' exec --timeout 1.5 -- /x
refuses '--icount needs --smp 1' exec --icount --smp 2 -- /x
refuses '--icount needs --smp 1' exec --smp 2 --icount -- /x
refuses "no file 'nonesuch'" exec --add nonesuch -- /x
refuses "no file 'nonesuch'" exec --add nonesuch:/x -- /x
refuses "no file ''" exec --add :/x -- /x
refuses "no file 'nonesuch'" exec --kernel nonesuch -- /x
refuses 'linux is for run and exec' debug --kernel linux
refuses "--root takes the word disk or memory" run --root nonesuch
refuses 'fsck takes' fsck
refuses 'fsck takes' fsck -n
refuses 'fsck takes' fsck file file
refuses "does not know '-z'" fsck -z file
refuses 'get takes' get file
refuses "does not know '-n'" get -n file /x
refuses 'put takes' put file file

for command in run exec test bench debug fsck get put; do
	status=0
	"$top/calf" $command --help >out 2>err || status=$?
	is "calf $command --help: status 0" $status 0
	ok "calf $command --help: shows the usage" \
		grep -q "^usage: ./calf $command" out
	is "calf $command --help: nothing on standard error" "$(cat err)" ''
done
ok 'calf --help' "$top/calf" --help
ok 'calf --help names every command' \
	sh -c '"$0" --help | grep -c "^ *\(usage:\)* *./calf [a-z]" | grep -qx 8' \
	"$top/calf"
status=0
"$top/calf" >out 2>err || status=$?
is 'calf alone: status 2' $status 2
ok 'calf alone: the usage on standard error' grep -q ^usage: err
finish
