#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The commands of the host tool that talk, against a make-believe hypervisor that speaks the real
# protocol (server.c): text, JSON, exit codes, bad lines, dead lines.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

make_kernel
compile plain.c <<'C'
int check_v2(int a) { return a; }
C
# patch NAME [OLD]: a patch of that name in NAME.patch
patch() { "$SUBTEXT" build plain.o -k kernel.elf -o "$1.patch" --replace "${2:-check}=check_v2" >/dev/null; }
id_of() { od -An -v -tx1 -j24 -N8 "$1.patch" | tr -d ' \n'; }

for name in fix slow refuse-bytes refuse-straggler refuse-annex refuse-unheard; do
	patch $name
done
patch other helper
cp fix.patch copy.patch
fix=$(id_of fix)
start_server line
SERVER=unix:$work/line
export SUBTEXT_CONNECT=$SERVER

# ---- asking ----

run info
expect "info" 0 "cpus:"
run info --json
expect_json "info as JSON: numbers are numbers, quotes survive" 0 "j['ok'] and j['cpus'] == 2 and \
	j['version'] == 'fake' and j['guest'] == 'a \"quoted\" name' and j['nonce'] == '0x1234567890abcdef'"
run list
expect "an empty list" 0 "no patches"
run list --json
expect_json "an empty list as JSON" 0 "j == {'ok': True, 'patches': []}"
run log
expect "log" 0 $'first line\nsecond "line"\nthird = line'
run log --json
expect_json "log as JSON" 0 "j['log'] == ['first line', 'second \"line\"', 'third = line']"

# ---- applying and reverting ----

run apply fix.patch --json
expect_json "apply a file" 0 "j['ok'] and j['id'] == '$fix' and j['name'] == 'fix' and \
	j['sites'] == 1 and j['pause_tsc'] == 100"
run list --json
expect_json "it is listed" 0 "[(p['id'], p['name'], p['state'], p['text']) for p in j['patches']] == \
	[('$fix', 'fix', 'live', 25)]"
run list
expect "as text too" 0 "$fix  fix                      live"
run list --sites fix --json
expect_json "its sites" 0 "j['sites'] == [{'address': '$(symbol check)', 'name': 'check'}]"
run apply fix.patch
expect "a second time it is refused" 1 "live already"
run apply fix.patch --json
expect_json "also as JSON" 1 "not j['ok'] and j['error']['code'] == 'state' and j['error']['exit'] == 1"
run revert fix --json
expect_json "revert by name" 0 "j['ok'] and j['id'] == '$fix'"
run apply --id "$fix"
expect "apply what is held, by id" 0 "applied fix ($fix)"
expect "the pause in a unit that people read" 0 "stopped for 0."
run revert copy.patch
expect "revert by file" 0 "reverted fix"
run apply copy.patch -v
expect "apply a file of which the patch is held: no upload" 0 "> #"
check "indeed" bash -c '! grep -q " put " err && grep -q "apply id=" err'
run revert "$(od -An -v -tx1 -j24 -N32 fix.patch | tr -d ' \n')"
expect "revert by the whole id" 0 "reverted fix"
run revert fix
expect "a second time it is refused" 1 "not live"
run revert 0123456789abcdef
expect "an id that is not held" 1 "no such patch"
run revert nobody
expect "a name that is not held" 1 "holds no patch called 'nobody'"
run apply --id nobody.patch
expect "a file that is missing" 4 "nobody.patch"
run apply missing.patch
expect "a file that is missing, for apply" 4 "cannot open missing.patch"
head -c 300 fix.patch >bad.patch
run --connect unix:/nowhere apply bad.patch
expect "a bad file is said before anything is connected" 4 "bad.patch: file_size"

"$SUBTEXT" build plain.o -k kernel.elf -o twin.patch --name fix --replace helper=check_v2 >/dev/null
run apply twin.patch
expect "another patch of the same name" 0 "applied fix"
run revert fix
expect "the name alone is not enough then" 1 "2 patches are called 'fix'"
run revert twin.patch
expect "the file is" 0 "reverted fix"
start_server fresh
export SUBTEXT_CONNECT=unix:$work/fresh
run apply fix.patch
run revert fix

# ---- refusals ----

run apply refuse-bytes.patch
expect "bytes that differ: a sentence" 1 \
	"check at 0xffffffff81000020 is not what the patch expects: expected 0f1f440000, \
found e801020304. Something else has changed this function (it says why)"
run apply refuse-bytes.patch --json
expect_json "and all keys as JSON" 1 "j['error']['code'] == 'bytes' and j['error']['symbol'] == 'check' and \
	j['error']['expected'] == '0f1f440000' and j['error']['cpu'] == 1 and \
	j['error']['what'] == 'it says why'"
run apply refuse-straggler.patch
expect "a CPU inside the window" 1 "CPU 1 is inside the window of check, at 0xffffffff81000021"
run apply refuse-unheard.patch
expect "a code that this tool does not know: all of the hypervisor's keys" 1 \
	"refused: code unheard, symbol check, address 0xffffffff81000020, expected 0f1f440000, \
found e801020304, cpu 1, rip 0xffffffff81000021, what it says why"
run list --json
expect_json "refused patches are not held" 0 "len(j['patches']) == 1"

# ---- cycle, set, abort ----

run cycle fix 3 --json
expect_json "cycle" 0 "j['cycles'] == 3 and set(j['apply']['pause_tsc']) == {'min', 'median', 'max'} and \
	j['apply']['pause_tsc']['max'] - j['apply']['pause_tsc']['min'] == 400 and \
	j['revert']['pause_tsc']['median'] == j['apply']['pause_tsc']['median'] + 100"
run cycle fix 2
expect "cycle as text" 0 "2 cycles"
run list --json
expect_json "reverted before, reverted after" 0 "j['patches'][0]['state'] == 'reverted' and j['patches'][0]['applied'] == 6"
run cycle fix 2 --json --check 'echo $SUBTEXT_STATE >>states'
expect_json "cycle with a check" 0 "j['cycles'] == 2"
check "it runs after each change" [ "$(tr '\n' ' ' <states)" = 'live reverted live reverted ' ]
run cycle fix 1 --check 'echo $SUBTEXT_STATE'
check "what it prints is no part of the answer" bash -c 'grep -q "^live$" err && ! grep -q live out'
run cycle fix 2 --check '[ $SUBTEXT_STATE = reverted ] || exit 7'
expect "a check that fails ends it" 3 "the check failed (status 7) after change 1: the patch stays live"
run list --json
expect_json "and the patch is as it was checked" 0 "j['patches'][0]['state'] == 'live'"
run cycle fix 1 --check 'kill $$'
expect "a check that dies" 3 "the check failed (signal 15) after change 1: the patch stays reverted"
run cycle nobody 2
expect "cycle of nothing" 1 "nobody"
run set log "a value"
expect "set, with a blank in the value" 0 "set"
run set log off
expect "a value out of range" 1 "log: unknown, or its value is out of range"
run abort
expect "abort when nothing is under way" 1 "refused"

# A signal during apply gives it up, as far as that is possible.
timeout --foreground 0 "$SUBTEXT" apply slow.patch -v >out 2>err &
tool=$!
until grep -q "busy phase=" err; do kill -0 $tool || break; done
kill -INT $tool
wait $tool
status=$? out=$(cat out) err=$(cat err)
expect "interrupting apply aborts it" 1 "it was aborted; nothing was changed"

# ---- watch ----

start_server events events
export SUBTEXT_CONNECT=unix:$work/events
run watch --for second
expect "watch stops at the kind that it is for" 0 "2 second id=0000000000000000 name=a name"
check "not before, and not after" bash -c '[ "$(cut -d" " -f1,2 out | tr "\n" " ")" = "1 first 2 second " ]'
run watch --for never --within 1
expect "--within: what was waited for did not come" 3 "before the events"
run watch --within 1
expect "--within alone is no error" 0 ""
start_server events2 events
run --connect "unix:$work/events2" watch --count 2 --for first --json
check "events as JSON, one object a line" python3 -c '
import json
e = [json.loads(l) for l in open("out")]
assert [(x["event"], x["kind"], x["name"]) for x in e] == [
	(1, "first", "a name"), (2, "second", "a name"), (3, "first", "a name")], e'
# Other commands leave them alone.
start_server events3 events
export SUBTEXT_CONNECT=unix:$work/events3
run apply other.patch --json
expect_json "another command among the events" 0 "j['ok'] and 'events' not in j"
run info
expect "and another" 0 "cpus:"
check "neither shows any" bash -c '! grep -q patch-live out err'
run list --json
expect_json "and one that is answered with lines" 0 "[p['name'] for p in j['patches']] == ['other']"
run watch --for patch-live --json
check "watch has all of them" python3 -c '
import json
e = [json.loads(l) for l in open("out")]
assert [(x["event"], x["kind"]) for x in e] == [
	(1, "first"), (2, "second"), (3, "first"), (4, "third"), (5, "patch-live")], e'
run revert other
run watch --for patch-reverted
expect "no event is sent when the watch is over" 0 "6 patch-reverted"
timeout --foreground 0 "$SUBTEXT" watch -v >out 2>err &
tool=$!
until grep -q '^< +' err; do kill -0 $tool || break; done
kill -INT $tool
wait $tool
status=$? out=$(cat out) err=$(cat err)
expect_status "an interrupted watch is no error" 0
export SUBTEXT_CONNECT=unix:$work/fresh

# ---- console ----

printf 'info\nlist\nfrobnicate\napply\n' | "$SUBTEXT" console >out 2>err
status=$? out=$(cat out) err=$(cat err)
expect "console: answers to what was typed" 0 "cpus=2"
expect "console: all of it" 0 "name=fix state=reverted"
expect "console: errors too" 0 "code=unknown-verb"
expect "console: a person may only ask" 0 "code=not-allowed"
check "console: a script's lines, and no others" bash -c '[ "$(grep -c "^[+-]0 " out)" = 4 ]'
start_server events4 events
python3 - "$SUBTEXT" --connect "unix:$work/events4" console >out 2>err <<'PY'
# At a terminal; Ctrl-] when the last event is there.
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
seen, pressed = b"", False
while True:
    try:
        seen += os.read(fd, 4096)
    except OSError:
        break
    if b"!4 third" in seen and not pressed:
        pressed = True
        os.write(fd, b"\x1d")
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PY
status=$? out=$(cat out) err=$(cat err)
expect "console: at a terminal it asks for events" 0 "> events on"
expect "console: and shows them" 0 "!1 first"
expect "console: and leaves them to others when it ends" 0 "> events off"
run console --json
expect "console has no --json" 2 "no --json"

# ---- other ways to connect ----

python3 - "$work" <<'PY' &
# tcp:127.0.0.1:PORT and a pty, each passed on to the socket
import os, pty, select, socket, sys, tty
work = sys.argv[1]
listener = socket.create_server(("127.0.0.1", 0))
master, slave = pty.openpty()
tty.setraw(slave)
with open(work + "/where.tmp", "w") as f:
    f.write("tcp:127.0.0.1:%d %s\n" % (listener.getsockname()[1], os.ttyname(slave)))
os.rename(work + "/where.tmp", work + "/where")

def pump(a, b):
    data = os.read(a, 4096)
    if data:
        os.write(b, data)
    return data

def relay(fd):
    s = socket.socket(socket.AF_UNIX)
    s.connect(work + "/line")
    while True:
        ready, _, _ = select.select([fd, s, listener], [], [])
        if listener in ready and fd == master:
            return
        if fd in ready and not pump(fd, s.fileno()):
            return
        if s in ready and not pump(s.fileno(), fd):
            return

relay(master)
connection = listener.accept()[0]
relay(connection.fileno())
PY
relay=$!
server_pids+=("$relay")
until [ -e where ]; do kill -0 $relay || break; done
read -r tcp pty <where
run --connect "$pty" list
expect "over a pty" 0 "$fix  fix"
run --connect "$pty" info --json
expect_json "again over the same pty" 0 "j['cpus'] == 2"
run --connect "$tcp" list
expect "over TCP" 0 "$fix  fix"

# ---- bad lines ----

start_server garbled garble
run --connect "unix:$work/garbled" -t 60 apply fix.patch --json
expect_json "every third line damaged: applied once all the same" 0 "j['name'] == 'fix'"
run --connect "unix:$work/garbled" -t 60 list --json
expect_json "and listed" 0 "[(p['state'], p['applied']) for p in j['patches']] == [('live', 1)]"
start_server silent mute
run --connect "unix:$work/silent" -t 0.3 info
expect "no answer" 3 "no answer on the line within 1 s"
run --connect "unix:$work/silent" -t 0.3 info --json
expect_json "no answer, as JSON" 3 "j['error']['code'] == 'no-answer'"
start_server closing close
run --connect "unix:$work/closing" apply fix.patch
expect "the other end hangs up" 3 "the connection was closed"
run --connect "unix:$work/closing" watch
expect "also on watch" 3 "the connection was closed"
run --connect "unix:$work/nobody" info
expect "no such socket" 3 "cannot connect to unix:$work/nobody: No such file or directory"
run --connect "$work/nobody" info --json
expect_json "no such tty" 3 "j['error']['code'] == 'connect'"
run --connect "$work/kernel.elf" info
expect "a file that is no tty" 3 "it is not a tty; for a socket use unix:PATH"
run --connect tcp:127.0.0.1 info
expect "TCP without a port" 2 "tcp:HOST:PORT"
run --connect tcp:127.0.0.1:1 info
expect "no listener" 3 "cannot connect to tcp:127.0.0.1:1"
unset SUBTEXT_CONNECT
run info
expect "no --connect" 2 "SUBTEXT_CONNECT"

finish
