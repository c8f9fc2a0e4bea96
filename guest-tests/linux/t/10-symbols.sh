#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What the host tool reads out of vmlinuz is what the running kernel has: every symbol of
# /proc/kallsyms that is not a module's, name, type and, after the slide, address.
# cpus: 2
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
FLAVOUR=${FLAVOUR:-cloud}

linux_start --flavour "$FLAVOUR"
"$BUILD/subtext" symbols --no-cache --kernel "$KERNEL/vmlinuz" >"$TEST_DIR/image" ||
	bail "subtext symbols reads the kernel"
link=$(sed -n 's/ T _text .*//p' "$TEST_DIR/image")
must "sed -n 's/ T _text\$//p;/_text\$/q' /proc/kallsyms"
slide=$((16#$answer - 16#$link))
note "$(wc -l <"$TEST_DIR/image") symbols in the image, slide $(printf '0x%x' $slide)"
check "the slide is a multiple of 2 MiB" [ $((slide % 0x200000)) = 0 ]

# Symbols below the kernel are offsets into per-CPU data and constants, which do not move.
python3 - "$TEST_DIR/image" "$slide" >"$TEST_DIR/want" <<'PY'
import sys
slide, link = int(sys.argv[2]), None
for line in open(sys.argv[1]):
    addr, kind, name, _ = line.split()
    addr = int(addr, 16)
    print("%016x %s %s" % (addr + slide if addr >> 63 else addr, kind, name))
PY
# The line is slow: the guest sends a digest of its list, and the list only if that is wrong.
must "grep -v '\\[' /proc/kallsyms >/tmp/symbols; wc -l </tmp/symbols; md5sum </tmp/symbols"
note "guest: $answer"
if [ "${answer##*$'\n'}" = "$(md5sum <"$TEST_DIR/want")" ]; then
	ok "each of $(wc -l <"$TEST_DIR/want") symbols is where the image says, text symbols among them: \
$(grep -ci ' [tw] ' "$TEST_DIR/want")"
else
	GUEST_TIMEOUT=400 must 'gzip -c /tmp/symbols | base64'
	base64 -d <<<"$answer" 2>/dev/null | gzip -dc >"$TEST_DIR/have"
	not_ok "each symbol is where the image says" \
		"$(diff "$TEST_DIR/have" "$TEST_DIR/want" | head -n 40)"
fi

# The build-id, which a patch is bound to, as the kernel itself tells it.
must 'od -An -v -tx1 /sys/kernel/notes | tr -d " \n"'
build_id=$("$BUILD/subtext" symbols --kernel "$KERNEL/vmlinuz" --json _text |
	grep -oE '"build_id":"[0-9a-f]+"' | cut -d'"' -f4)
matches "the running kernel has the build-id of the image" "$answer" "474e5500$build_id"
linux_log_clean
finish
