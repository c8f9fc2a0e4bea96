#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Host side of the Linux tests: dmesg-diff separates expected differences from others, guest-shell finds
# the answer to its command in all that comes over a serial line, and ends in time.
. "$(dirname "$0")/lib.bash"

cat >without <<'EOT'
[    0.000000] BIOS-e820: [mem 0x0000000000100000-0x000000001eca4fff] usable
[    0.100000] tsc: Detected 20.001 MHz processor
[    1.000000] smp: Brought up 1 node, 2 CPUs
[    1.100000] first, at 0x1000 with 12K in 5 ms
[    1.200000] second
EOT
cat >with <<'EOT'
[    0.000000] BIOS-e820: [mem 0x0000000000100000-0x000000001d8ebfff] usable
[    0.000000] BIOS-e820: [mem 0x000000001d8ec000-0x000000001dffffff] reserved
[    0.200000] tsc: Detected 19.999 MHz processor
[    1.010000] smp: Brought up 1 node, 2 CPUs
[    1.110000] second
[    1.250000] first, at 0x2000 with 16K in 6 ms
EOT
diff_status() {
	"$repo/guest-tests/linux/dmesg-diff" "$@" >diffs
	echo $?
}
is 'dmesg-diff: the same but for what is expected' "$(diff_status with without)" 0
is 'dmesg-diff: the expected with its reason' \
	"$(grep -c '^the memory of Subtext is reserved: with Subtext: BIOS-e820' diffs)" 1
(cat with; echo '[    1.3] a message of its own') >more
is 'dmesg-diff: one line more' "$(diff_status more without)" 1
is 'dmesg-diff: it is named' "$(grep ^unexpected diffs)" \
	'unexpected: with Subtext: a message of its own'
sed 's/, 2 CPUs/, 1 CPU/' with >fewer
is 'dmesg-diff: a CPU less' "$(diff_status fewer without)" 1
grep -v second with >missing
is 'dmesg-diff: one line less' "$(diff_status missing without)" 1

# A guest that does what the text asks for: runs it with sh, prints more around it, panics, is silent,
# hangs up.
cat >guest.py <<'EOT'
import os, socket, subprocess, sys
line = socket.socket(socket.AF_UNIX)
line.bind("line.new")
line.listen()
os.rename("line.new", "line")
while True:
    conn, _ = line.accept()
    text = b""
    while not text.endswith(b"\x04"):
        text += conn.recv(4096)
    tag, _, command = text[:-1].partition(b"\t")
    if b"hang up" in command:
        conn.close()
        continue
    if b"mute" in command:
        conn.recv(1)
        continue
    run = subprocess.run(["sh", "-c", command], stdout=subprocess.PIPE)
    answer = (b"old\r\n\x01dead\x01old answer\x01dead=3\x01\n[ 1.0] kernel\n\x01" + tag + b"\x01" +
              run.stdout.replace(b"\n", b"\r\n"))
    if b"panic" in command:
        answer += b"[ 2.0] Kernel panic - not syncing: x\nguest: ready\n"
    answer += b"\x01" + tag + b"=%d\x01\n" % run.returncode
    # In one piece: a client that hangs up early does not break the rest.
    conn.sendall(answer)
    conn.close()
EOT
gcc -std=gnu11 -I"$repo" -o guest-shell "$repo/guest-tests/linux/tools/guest-shell.c" || exit 1
python3 guest.py &
trap 'kill %1' EXIT
while [ ! -S line ] && kill -0 %1; do
	sleep 0.1
done

# shell OPTION...: output and status
shell() {
	./guest-shell --timeout 60 "$@" 2>/dev/null
	echo "status $?"
}
is 'guest-shell: output and status' "$(shell line $'echo one\necho two; exit 7')" \
	$'one\ntwo\nstatus 7'
is 'guest-shell: the text is a subshell of its own' "$(shell line 'exit 0')" 'status 0'
is 'guest-shell: unless that is not wanted' "$(shell --plain line 'x=5; echo $x')" $'5\nstatus 0'
is 'guest-shell: no output' "$(shell line false)" 'status 1'
is 'guest-shell: a panic ends it' "$(shell line 'echo panic' | tail -n 1)" 'status 253'
is 'guest-shell: or not' "$(shell --past-panic --wait 'guest: ready' line 'echo panic' | tail -n 2)" \
	$'guest: ready\nstatus 0'
is 'guest-shell: the line is gone' "$(shell line 'hang up')" 'status 251'
is 'guest-shell: time is up' "$(shell --timeout 0.5 line mute)" 'status 252'
is 'guest-shell: no such line' "$(shell nowhere true)" 'status 251'
plan
