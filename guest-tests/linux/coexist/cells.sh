# SPDX-License-Identifier: GPL-2.0-only
# For the coexistence tests: one of the kernel's mechanisms (coexist.c) on __set_task_comm(), while
# a patch of this function, or of another one in the same page, comes and goes. Each cell of the
# table is a run of its own; what was measured is printed as rows, which must be those of
# docs/coexistence.md.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

FUNCTION=__set_task_comm

declare -A CALLED=(
	[function]='function tracer' [function_graph]='function graph tracer'
	[kprobe]='kprobe at the entry' [kprobe_body]='kprobe in the body' [kretprobe]=kretprobe
	[optprobe]='optimised kprobe' [jump_label]='jump label switch'
	[static_call]='static call update' [module]='module with alternatives'
	[bpf]='BPF trampoline (fentry)' [livepatch]=livepatch
)
# The event that is to come when one is attached to a function whose patch is live.
declare -A TOLD=(
	[function]=window-write [function_graph]=window-write [kprobe]=window-write
	[kretprobe]=window-write [kprobe_body]=probe [optprobe]=probe [bpf]=window-write
	[livepatch]=window-write
)

text=		# CRC of the page and first bytes of the function, as the kernel reads them
# Of the cell that runs:
mechanism= patch=
attached= applied=
commands=	# commands for the guest before the next operation of the host
expected=	# their expected output
may=		# for each look at hits: "all", or "any" while the patch is live
live=		# hits while the patch was live: fires, silent
events=		# kinds of events
failed=		# what went wrong

# start_coexist: boots, and makes what the cells need.
start_coexist() {
	local modules=$TEST_DIR/modules
	linux_modules guest-tests/linux/modules
	linux_start --file "$BUILD/linux/coexist=bin/coexist" \
		--file "$modules/coexist_livepatch.ko=lib/coexist/coexist_livepatch.ko" \
		--file "$modules/coexist_module.ko=lib/coexist/coexist_module.ko"
	linux_build guest-tests/linux/patches/coexist_comm.c "$TEST_DIR/comm.patch"
	linux_build guest-tests/linux/patches/coexist_dumpable.c "$TEST_DIR/dumpable.patch"
	must 'mount -t bpf bpf /sys/fs/bpf'
	must "coexist text $FUNCTION"
	text=$answer
	# Both are held from now on, so that a cell needs no upload.
	for patch in comm dumpable; do
		apply_quietly "$TEST_DIR/$patch.patch"
		revert_quietly "$patch"
	done
	drain patch-reverted 2
}

# drain KIND COUNT: takes events up to the COUNT-th of this kind.
drain() {
	SUB_TIMEOUT=20 sub watch --for "$1" --count "$2" || failed="$failed; no event $1"
	events="$events $(grep -oE '"kind":"[a-z-]+"' <<<"$out" | cut -d'"' -f4 | tr '\n' ' ')"
}

# later WORD...: the guest is to run `coexist WORD...`.
later() { commands+="coexist $* || echo failed: $*; "; }

# How the functions are to behave now.
behaviour() {
	local comm=old dumpable=old
	[ "$mechanism/$attached" != livepatch/yes ] || comm=klp
	case $patch/$applied in
	comm/yes) comm=new ;;
	dumpable/yes) dumpable=new ;;
	esac
	echo "comm=$comm dumpable=$dumpable"
}

# What is to be seen between two operations: which functions run, and the hits of the mechanism
# or, if it is off, the page's text, which must be what it was at first.
look() {
	if [ -n "$attached" ]; then
		later probe "$mechanism" "$FUNCTION"
		expected+="fires=* $(behaviour)"$'\n'
		may+="$([ -n "$applied" ] && echo any || echo all) "
	else
		later state
		later text "$FUNCTION"
		expected+="$(behaviour)"$'\n'"$text"$'\n'
	fi
}

# Has the guest do all that waits for it, and compares.
flush() {
	local said hits wanted i=0
	[ -n "$commands" ] || return 0
	said=$(guest "$commands" 2>&1)$'\n'
	[ "$(sed 's/fires=\(all\|none\)/fires=*/' <<<"$said")" = "$(cat <<<"$expected")" ] ||
		failed="$failed; wanted '$expected', got '$said'"
	read -ra wanted <<<"$may"
	for hits in $(grep -oE 'fires=[a-z]+' <<<"$said" | cut -d= -f2); do
		case ${wanted[i]:-}/$hits in
		all/all) ;;
		any/all) live=fires ;;
		any/none) live=silent ;;
		*) failed="$failed; fires: $hits" ;;
		esac
		i=$((i + 1))
	done
	commands= expected= may=
}

# The operations.

on() {
	later attach "$mechanism" "$FUNCTION"
	attached=yes
	look
	[ "$patch/$applied" = comm/yes ] && [ -n "${TOLD[$mechanism]:-}" ] || return 0
	flush
	drain "${TOLD[$mechanism]}" 1
}

off() {
	later detach "$mechanism" "$FUNCTION"
	attached=
	look
}

apply_it() {
	flush
	apply_quietly --id "$patch"
	applied=yes
	drain patch-live 1
	look
}

revert_it() {
	flush
	revert_quietly "$patch"
	applied=
	drain patch-reverted 1
	look
}

# cell OPERATION...: one run; adds to $row.
cell() {
	local operation told
	failed= events= live=silent attached= applied= commands= expected= may=
	for operation in "$@"; do "$operation"; done
	commands+="dmesg -c | grep -E '$TROUBLE'; "
	flush
	told=$(tr ' ' '\n' <<<"$events" | grep -vE '^$|^patch-' | sort -u | paste -sd ' ')
	case $patch/$live/$told in
	comm/fires/* | comm/silent/?* | dumpable/fires/) ;;
	comm/*) failed="$failed; silent, and no event says so" ;;
	*) failed="$failed; another function's patch disturbs it: $live $told" ;;
	esac
	row+=" $live${told:+, \`${told// /\`, \`}\`} |"
	[ -z "$failed" ] || not_ok "${CALLED[$mechanism]}, patch of $patch: $*" "${failed#; }"
}

# mechanism_rows MECHANISM: its eight cells, two rows of the table.
mechanism_rows() {
	local row
	mechanism=$1
	for patch in comm dumpable; do
		row="| ${CALLED[$mechanism]} | $([ $patch = comm ] && echo itself || echo neighbour) |"
		cell on apply_it off revert_it on off
		cell apply_it on off revert_it on off
		cell on apply_it revert_it off
		cell apply_it on revert_it off
		check "$row" grep -qFx -- "$row" docs/coexistence.md
	done
}

# busy_cell PATCH OPERATION...: a cell that is no part of the table.
busy_cell() {
	local row=
	patch=$1
	shift
	cell "$@"
	[ -n "$failed" ] || ok "busy: ${CALLED[$mechanism]}, patch of $patch: $*:${row% |}"
}
