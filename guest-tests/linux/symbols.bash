# SPDX-License-Identifier: GPL-2.0-only
# What the host tool reads out of vmlinuz against the kernel that runs. Read by tests, after lib.sh.

# Symbols below the kernel are offsets into per-CPU data and constants, which do not move.
# moved_symbols SLIDE <LIST: as /proc/kallsyms has them.
moved_symbols() {
	python3 -c '
import sys
slide = int(sys.argv[1])
for line in sys.stdin:
    addr, kind, name, _ = line.split()
    addr = int(addr, 16)
    print("%016x %s %s" % (addr + slide if addr >> 63 else addr, kind, name))' "$1"
}

# symbols_equal: every symbol of /proc/kallsyms that is not a module's, name, type and, after
# the slide, address; and the build-id, which a patch is bound to. Results.
symbols_equal() {
	local link slide want=$TEST_DIR/want build_id
	"$BUILD/subtext" symbols --no-cache --kernel "$KERNEL/vmlinuz" >"$TEST_DIR/image" ||
		bail "subtext symbols reads the kernel"
	link=$(sed -n 's/ T _text .*//p' "$TEST_DIR/image")
	must "sed -n 's/ T _text\$//p;/_text\$/q' /proc/kallsyms"
	slide=$((16#$answer - 16#$link))
	note "slide $(printf '0x%x' $slide)"
	moved_symbols "$slide" <"$TEST_DIR/image" >"$want"
	# The line is slow: the guest sends a digest of its list, and the list if that is wrong.
	must "grep -v '\\[' /proc/kallsyms >/tmp/symbols; md5sum </tmp/symbols"
	if [ "$answer" = "$(md5sum <"$want")" ]; then
		ok "each of $(wc -l <"$want") symbols is where the image says, those of code among \
them: $(grep -ci ' [tw] ' "$want")"
	else
		GUEST_TIMEOUT=400 must 'gzip -c /tmp/symbols | base64'
		base64 -d <<<"$answer" 2>/dev/null | gzip -dc >"$TEST_DIR/have"
		not_ok "each symbol is where the image says" \
			"$(diff "$TEST_DIR/have" "$want" | head -n 40)"
	fi
	must 'rm /tmp/symbols; od -An -v -tx1 /sys/kernel/notes | tr -d " \n"'
	build_id=$("$BUILD/subtext" symbols --kernel "$KERNEL/vmlinuz" --json _text |
		grep -oE '"build_id":"[0-9a-f]+"' | cut -d'"' -f4)
	matches "the running kernel has the build-id of the image" "$answer" "474e5500$build_id"
}
