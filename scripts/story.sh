# SPDX-License-Identifier: GPL-2.0-only
# For the demonstrations: steps that are printed, the machine, the host tool with its commands printed
# as a person would type them. The script that reads this file sets dir, the folder of the story.
# Environment: EMULATOR (bochs), CPUS (2), BUILD (build).
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
. scripts/machine.sh
BUILD=${BUILD:-build} EMULATOR=${EMULATOR:-bochs} CPUS=${CPUS:-2}
# Seconds of the machine's time that any one wait may take.
BOOT_WAIT=400 WAIT=120

bold='' dim='' green='' red='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
	bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
fi

machine='' follower=''
number=0
step() { number=$((number + 1)); printf '\n%s%d. %s%s\n' "$bold" $number "$1" "$plain"; }
say() { printf '   %s\n' "$*"; }
# What the machine says on its console.
quote() { printf '   %s|%s %s\n' "$dim" "$plain" "$1"; }

end_machine() {
	trap - EXIT INT TERM
	kill $machine $follower 2>/dev/null
	wait 2>/dev/null
}

fail() {
	printf '\n%sFailed: %s%s\n' "$red" "$1" "$plain" >&2
	[ -z "${2:-}" ] || sed 's/^/   /' <<<"$2" >&2
	cat >&2 <<-END
	What was said is in $dir: com1.log (the guest's console), com2.log (Subtext's line),
	emulator.out and bochs.log (the emulator).
	END
	end_machine
	exit 1
}
trap end_machine EXIT
trap 'end_machine; exit 130' INT
trap 'end_machine; exit 143' TERM

# title WHAT: the first lines of a story.
title() {
	local kind="virtualised by QEMU and KVM"
	[ "$EMULATOR" != bochs ] || kind="emulated by Bochs; a tick of its clock is about one instruction"
	printf '%s%s%s\n' "$bold" "$1" "$plain"
	say "The machine: $CPUS CPUs, 512 MiB, UEFI firmware; $kind."
	rm -rf "$dir"
	mkdir -p "$dir"
}

# start_machine: switches it on with $dir/boot.img; both its lines can be dialled then.
start_machine() {
	TEST_DIR=$dir MACHINE_TIMEOUT=$BOOT_WAIT
	machine_start "$dir/boot.img"
	[ -S "$dir/com2" ] || fail "the emulator does not start" "$(cat "$dir/emulator.err")"
}

# machine_off: it must have switched itself off.
machine_off() {
	local status=0
	wait $machine || status=$?
	machine=
	[ $status = 0 ] ||
		fail "the emulator ended with status $status" "$(cat "$dir/emulator.err")"
	printf '\n%sAll of it was true. %d seconds.%s\n' "$green" $SECONDS "$plain"
}

# subtext WORD...: the host tool on the machine's second line; JSON in $out.
subtext() {
	local words=(--connect "unix:$dir/com2" --json "$@")
	say "${green}\$ $BUILD/subtext ${words[*]}${plain}"
	out=$(host_tool $WAIT "${words[@]}" 2>"$dir/subtext.err") ||
		fail "the host tool could not: $*" "$out $(cat "$dir/subtext.err")"
}

# ask_subtext: it must be there, with all CPUs and nothing patched.
ask_subtext() {
	subtext info
	[ "$(field cpus)" = "$CPUS" ] || fail "Subtext does not hold $CPUS CPUs" "$out"
	[ "$(field live_sites)" = 0 ] || fail "something is patched already" "$out"
	tsc_hz=$(field tsc_hz)
	say "Version $(field version); $(field cpus) CPUs are under it; no function is patched."
}

# "1109 ticks of the CPUs' clock, 55.4 microseconds at its 20 MHz"
pause() {
	awk -v t="$(field pause_tsc)" -v hz="$tsc_hz" 'BEGIN {
		printf "%d ticks of the CPUs'"'"' clock, %.1f microseconds at its %.0f MHz", t,
		       t * 1e6 / hz, hz / 1e6 }'
}
