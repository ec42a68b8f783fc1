# Runs a command, and ends it when our standard input ends: then whoever
# started us has closed it or is gone, in whatever way.
#
# usage: sh -c THIS watchdog GRACE MARKER AFTER COMMAND [ARGUMENT ...]
#   GRACE   tenths of a second between TERM and KILL
#   MARKER  a file to remove once the command has ended, or ''
#   AFTER   a file; while it exists (15 s at most) TERM is held back, or ''
# stdout: the command's process id, one line. stderr: the command's output.
# exit code: the command's. POSIX sh; tried with dash and bash.
grace=$1 marker=$2 after=$3
shift 3
exec 3<&0 </dev/null

# Before the traps: what is ignored here would stay ignored in there.
"$@" 3<&- >&2 &
child=$!
trap '' HUP INT PIPE QUIT TERM
# The command may have been given a PATH without sleep and rm.
PATH=/usr/bin:/bin:$PATH
echo "$child"
exec >/dev/null

(
    while read -r line; do :; done <&3
    n=0
    while [ -n "$after" ] && [ -e "$after" ] && [ "$n" -lt 150 ]; do
        sleep 0.1
        n=$((n + 1))
    done
    # The group, because the command may have children of its own. CONT,
    # because a stopped process would not notice the TERM.
    kill -s TERM -- "-$$"
    kill -s CONT -- "-$$"
    n=0
    while [ "$n" -lt "$grace" ]; do
        sleep 0.1
        n=$((n + 1))
    done
    kill -s KILL "$child"
    sleep 5
) 2>/dev/null &
watch=$!
exec 3<&-

wait "$child" 2>/dev/null
code=$?
[ -z "$marker" ] || rm -f "$marker"
kill -s KILL "$watch" 2>/dev/null
# Whoever waits for us may look for what is left.
wait "$watch" 2>/dev/null
exit "$code"
