#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# `subtext inspect`: what it shows, and files that are none.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

make_kernel
compile fix.c <<'C'
#include <subtext.h>
extern int counter, limit;
int helper(int), check(int);
static int calls;
int (*const indirect)(int) = helper;
int more(int a) { return indirect(a) + limit; }
static int check_fixed(int a)
{
	calls++;
	return helper(counter) + a;
}
SUBTEXT_REPLACE(check, check_fixed);
C
run build fix.o -k kernel.elf -o fix.patch
expect_status "a patch to look at" 0
check_address=$(symbol check)

run inspect fix.patch
expect "the window and its bytes" 0 "$check_address: 0f1f440000"
expect "its instruction" 0 "nop [rax+rax*1], eax"
expect "the new function by name" 0 "check_fixed ("
expect "meta" 0 "source=fix.c"
expect "meta names the tool" 0 "tool=$("$SUBTEXT" --version)"
expect "without a kernel, names that the build noted" 0 "kernel helper-4"
expect "the size of what is replaced" 0 "replaces $(readelf -sW kernel.elf |
	awk '$8 == "check" { print $3 }') bytes at $check_address"
expect "what the window becomes" 0 "jmp check_fixed"
expect "the symbols it uses" 0 "  $(symbol helper)  helper"
run inspect fix.patch --kernel kernel.elf
expect "with a kernel, its symbols at fixups" 0 "kernel helper-4"
expect "and at instructions" 0 "; counter"

run inspect fix.patch -k kernel.elf --json --instructions 3
expect_json "JSON: header" 0 "j['ok'] and j['name'] == 'fix' and len(j['id']) == 64 and \
	j['version'] == 1 and not j['signed'] and j['size'] == $(stat -c %s fix.patch)"
expect_json "JSON: site" 0 "[(s['symbol'], s['address'], s['expect']['bytes'], s['place'], \
	s['target']['kind'], s['target']['symbol']) for s in j['sites']] == \
	[('check', '$check_address', '0f1f440000', 'kernel', 'text', 'check_fixed')]"
expect_json "JSON: as many instructions as asked for" 0 "len(j['sites'][0]['target']['code']) == 3"
expect_json "JSON: fixups" 0 "sorted(set(f['type'] for f in j['fixups'])) == ['abs64', 'pc32'] and \
	any(f['in'] == 'data' and f['refers'] == 'helper' and f['type'] == 'abs64' for f in j['fixups'])"
expect_json "JSON: meta" 0 "'object=fix.o' in j['meta'] and 'kernel=kernel.elf' in j['meta']"
run inspect fix.patch --json -n 4096
expect_json "instructions stop at the end of the function" 0 \
	"sum(len(c['bytes']) // 2 for c in j['sites'][0]['target']['code']) == \
	$((0x$(readelf -sW fix.o | awk '$8 == "check_fixed" { printf "%x", $3 }')))"
check "the same instructions as objdump's" bash -c '
	python3 -c "import json
for c in json.load(open(\"out\"))[\"sites\"][0][\"target\"][\"code\"]: print(c[\"bytes\"])" |
		tr -d "\n" >ours
	objcopy -O binary -j .text fix.o text.bin
	read -r at size < <(readelf -sW fix.o | awk "\$8 == \"check_fixed\" { print \"0x\" \$2, \$3 }")
	od -An -v -tx1 -j$((at)) -N$size text.bin | tr -d " \n" >theirs
	cmp ours theirs'

compile redirect.c <<'C'
int unused;
C
run build redirect.o -k kernel.elf -o redirect.patch --replace check=helper
run inspect redirect.patch -k kernel.elf
expect "a redirect to a function of the kernel" 0 "jumps to kernel 0xffffffff81000"
expect "by its name" 0 ", helper"

# ---- files that are no patches ----

# broken NAME OFFSET BITS TEXT: fix.patch with some bits of a byte changed is refused, saying TEXT.
broken() {
	local byte
	byte=$(od -An -tu1 -j"$2" -N1 fix.patch)
	cp fix.patch broken.patch
	# shellcheck disable=SC2059
	printf "\\x$(printf %x $((byte ^ $3)))" | dd of=broken.patch bs=1 seek="$2" conv=notrunc status=none
	run inspect broken.patch
	expect "$1" 4 "$4"
}
broken "bad magic" 0 1 "magic"
broken "bad version" 8 8 "version"
broken "bad size" 12 1 "file_size"
broken "flags" 16 1 "flags"
broken "bad CRC" 20 1 "crc"
broken "a byte of the code" 250 1 "crc"
broken "bad name" 56 128 "name"
cp fix.patch broken.patch
# A wrong id under a right CRC: changed by someone who knows the format.
python3 - <<'PY'
import struct, zlib
raw = bytearray(open("broken.patch", "rb").read())
raw[24] ^= 1
raw[20:24] = bytes(4)
raw[20:24] = struct.pack("<I", zlib.crc32(raw))
open("broken.patch", "wb").write(raw)
PY
run inspect broken.patch
expect "bad id" 4 "is not the SHA-256"
head -c 100 fix.patch >broken.patch
run inspect broken.patch
expect "cut off" 4 "shorter than the header"
run inspect broken.patch --json
expect_json "as JSON" 4 "j['error']['code'] == 'bad-patch'"
: >empty.patch
run inspect empty.patch
expect "empty" 4 "empty.patch is empty"
head -c 600000 /dev/zero >large.patch
run inspect large.patch
expect "too large" 4 "larger than 512 KiB"
run inspect missing.patch
expect "missing" 4 "cannot open missing.patch"
run inspect .
expect "a directory" 4 "cannot read ."
link_kernel other.elf entry.o one.o
run inspect fix.patch --kernel other.elf
expect "another kernel" 4 "build-ids differ"

# Text for people in a patch is not sent to the terminal as it is.
SOURCE=$(printf 'a\033[31mb.c')
printf 'int check_v2(int a) { return a; }\n' >"$SOURCE"
# shellcheck disable=SC2086
gcc $CODE_FLAGS -c -o esc.o "$SOURCE"
run build esc.o -k kernel.elf -o esc.patch --replace check=check_v2
run inspect esc.patch
check "no escape sequences from a file's meta" bash -c '! grep -q $'"'\\033'"' out && grep -q "source=a?" out'
python3 - <<'PY'
import hashlib, struct, zlib
raw = bytearray(open("fix.patch", "rb").read().replace(b"=check_fixed ", b"=check\033fixed ")
                .replace(b"uses=helper", b"uses=h\033lper")
                .replace(b"kernel=kernel.elf", b"release=\033[31mself"))
raw[20:56] = bytes(36)
raw[24:56] = hashlib.sha256(raw).digest()
raw[20:24] = struct.pack("<I", zlib.crc32(raw))
open("escapes.patch", "wb").write(raw)
PY
run inspect escapes.patch
expect "a patch with names that are none" 0 "check?fixed ("
check "no escape sequences from names in meta" bash -c '! grep -q $'"'\\033'"' out && grep -q "h?lper" out'

finish
