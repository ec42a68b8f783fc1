# Removes a folder when our standard input ends: then whoever started us has
# closed it or is gone, in whatever way.
#
# usage: sh -c THIS janitor FOLDER
#   While FOLDER/running is not empty (30 s at most) somebody still writes to
#   the folder, and it stays.
# stdout: one line when the folder is in our care.
trap '' HUP INT PIPE QUIT TERM
PATH=/usr/bin:/bin:$PATH
cd /
mkdir -m 700 "$1" && mkdir "$1/running" || exit 1
echo ready
exec >/dev/null 2>&1
while read -r line; do :; done
n=0
while [ -n "$(ls -A "$1/running")" ] && [ "$n" -lt 300 ]; do
    sleep 0.1
    n=$((n + 1))
done
# Again, because a kubectl that nobody guards may add a file meanwhile.
n=0
while ! rm -rf "$1" && [ "$n" -lt 50 ]; do
    sleep 0.1
    n=$((n + 1))
done
