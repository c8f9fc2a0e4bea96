# SPDX-License-Identifier: GPL-2.0-only
# For the Linux tests: boots a stock kernel on Subtext with a busybox initramfs, runs shell text in
# it over COM1. The rest is in guest-tests/lib.sh.
# shellcheck shell=bash source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

answer=		# what the guest said to the last `must`
KERNEL=		# folder of the kernel that runs: vmlinuz, config, release, lib/modules, build
RELEASE=

# Every run has these. The second line makes it quick in an emulator (--plain leaves it out);
# nothing but an oops or a panic comes on the console, where the command line is.
LINUX_OPTIONS='initrd=\initrd.img console=ttyS0,115200 quiet loglevel=1'
LINUX_QUICK='mitigations=off tsc=reliable cryptomgr.notests'

linux_options() {
	lx_flavour=cloud lx_memory=512 lx_subtext=on lx_quick=$LINUX_QUICK lx_append=
	lx_files=() lx_modules=() lx_esp=() lx_next='\vmlinuz.efi'
	while [ $# -gt 0 ]; do
		case $1 in
		--flavour) lx_flavour=$2; shift ;;
		--memory) lx_memory=$2; shift ;;
		--without-subtext) lx_subtext=off ;;
		--plain) lx_quick= ;;
		--append) lx_append="$lx_append $2"; shift ;;
		--file) lx_files+=("$2"); shift ;;
		--modules) read -ra lx_modules <<<"$2"; shift ;;
		--esp) lx_esp+=("$2"); shift ;;
		--next) lx_next=$2; shift ;;
		*) bail "linux_start: unknown option $1" ;;
		esac
		shift
	done
}

# Stock modules and what they depend on, as words FILE=PATH, and the part of modules.dep.
module_files() {
	local dir=lib/modules/$RELEASE name dep=$TEST_DIR/modules.dep
	: >"$dep"
	for name in "${lx_modules[@]}"; do
		grep -E "/${name//[-_]/[-_]}\.ko:" "$KERNEL/$dir/modules.dep" >>"$dep" ||
			bail "the $lx_flavour kernel has a module $name"
	done
	# The last of a line has no dependencies of its own, so one pass finds all.
	for name in $(tr -d : <"$dep" | tr ' ' '\n' | sort -u); do
		grep "^$name:" "$KERNEL/$dir/modules.dep" >>"$dep"
		echo "$KERNEL/$dir/$name=$dir/$name"
	done
	sort -u -o "$dep" "$dep"
	echo "$dep=$dir/modules.dep"
}

# linux_image [OPTION]...: makes $TEST_DIR/boot.img; the options are those of linux_start.
linux_image() {
	local conf=$TEST_DIR/subtext.conf modules=() options=
	linux_options "$@"
	KERNEL=$(scripts/linux-kernel "$lx_flavour") || bail "there is a $lx_flavour kernel"
	RELEASE=$(cat "$KERNEL/release")
	[ "$lx_next" != '\vmlinuz.efi' ] || options="$LINUX_OPTIONS${lx_quick:+ $lx_quick}$lx_append"
	printf '%s\n' 'serial = com2' "next = $lx_next" "options = $options" \
		'log-level = info' "subtext = $lx_subtext" >"$conf"
	[ ${#lx_modules[@]} = 0 ] || mapfile -t modules < <(module_files)
	scripts/mkinitramfs "$TEST_DIR/initrd.img" "${lx_files[@]}" "${modules[@]}" ||
		bail "initramfs"
	scripts/mkimage "$TEST_DIR/boot.img" "$BUILD/linux/acpi.efi=EFI/BOOT/BOOTX64.EFI" \
		"$BUILD/subtext.efi=EFI/subtext/subtext.efi" "$conf=EFI/subtext/subtext.conf" \
		"$KERNEL/vmlinuz=vmlinuz.efi" "$TEST_DIR/initrd.img=initrd.img" "${lx_esp[@]}" ||
		bail "disk image"
}

# guest_shell [OPTION]... SOCKET ['SHELL TEXT']: bounded by GUEST_TIMEOUT seconds of the machine's
# processor time.
guest_shell() {
	"$BUILD/guest-shell" --timeout "${GUEST_TIMEOUT:-120}" "$@"
}

# linux_wait TEXT ['SHELL TEXT']: until the guest's console says so, after it was given the shell
# text; what it says on the way is printed. A panic ends it, unless past_panic is set.
linux_wait() {
	local text=$1
	shift
	guest_shell ${past_panic:+--past-panic} --wait "$text" "$TEST_DIR/com1" "$@"
}

# linux_ready TEXT ['SHELL TEXT']: the guest takes commands, after that shell text if there is one; a
# result.
linux_ready() {
	local text=$1
	shift
	answer=$(GUEST_TIMEOUT=${BOOT_TIMEOUT:-200} linux_wait 'guest: ready' "$@") ||
		bail "$text" "status $?
$(tail -n 20 <<<"$answer")"
	ok "$text"
}

# linux_start [OPTION]...: a machine with Subtext and a stock kernel; waits until it takes commands.
#	--flavour NAME		as scripts/linux-kernel (cloud)
#	--memory MIB
#	--without-subtext	the loader only starts the kernel
#	--plain			without the options that make a kernel quick in an emulator
#	--append 'OPTIONS'	more for the kernel's command line
#	--file FILE=PATH	a file in the initramfs
#	--modules 'NAMES'	stock modules there, with what they depend on; for modprobe
#	--esp FILE=PATH		a file in the boot volume
#	--next PATH		another next loader than the kernel; gets no options
linux_start() {
	linux_image "$@"
	machine_start "$TEST_DIR/boot.img" --memory "$lx_memory" --reset again
	linux_ready "Linux $RELEASE boots with $CPUS CPUs, Subtext $lx_subtext"
}

# guest 'SHELL TEXT': runs it (busybox sh, root), prints its output, returns its exit status.
# `exit` and variables do not outlive the text.
guest() {
	local status=0
	guest_shell ${guest_plain:+--plain} "$TEST_DIR/com1" "$1" 2>>"$TEST_DIR/console" || status=$?
	[ $status -lt 250 ] ||
		bail "the guest answers" "status $status to: $1
$(tail -n 30 "$TEST_DIR/com1.log" | tr -d '\r\001')"
	return $status
}

# must 'SHELL TEXT': the same, output in $answer; a status but 0 ends the test. Not a result.
must() {
	answer=$(guest "$1") || bail "guest: $1" "$answer"
}

# guest_bg NAME 'SHELL TEXT': starts it in the guest, guest_wait NAME waits for its end, prints its
# output and returns its status.
guest_bg() {
	guest_plain=1 guest "($2
) </dev/null >/tmp/bg.$1 2>&1 & bg_$1=\$!"
}

guest_wait() {
	guest_plain=1 guest "wait \$bg_$1; bg_status=\$?; cat /tmp/bg.$1; (exit \$bg_status)"
}

# cycle NAME N 'CHECK': sub cycle with a check, which has the program guest-shell in $guest_shell and
# the line in $com1. The test ends if it fails.
cycle() {
	guest_shell="$BUILD/guest-shell" com1=$TEST_DIR/com1 \
		sub cycle "$1" "$2" --check "$3" || bail "cycle" "$out $(cat "$TEST_DIR/subtext.err")"
}

# event KIND: waits for it; its line is then in $out, behind those of the events before it.
event() {
	SUB_TIMEOUT=60 sub watch --for "$1" || bail "event $1" "$out $(cat "$TEST_DIR/subtext.err")"
}

# linux_build SOURCE.c OUT.patch [OPTION]...: builds a patch for the kernel that runs; a result.
linux_build() { linux_build_for "$KERNEL" "$@"; }

# linux_build_for FOLDER SOURCE.c OUT.patch [OPTION]...: for a kernel of scripts/linux-kernel.
linux_build_for() {
	local kernel=$1 source=$2 patch=$3 said
	shift 3
	said=$("$BUILD/subtext" build "$source" --kernel "$kernel/vmlinuz" \
		--headers "$kernel/build" -o "$patch" "$@" 2>&1) ||
		bail "build $(basename "$source") for $(cat "$kernel/release")" "$said"
	ok "build $(basename "$source") for $(cat "$kernel/release")"
}

# linux_build_refused SOURCE.c TEXT WHY REGEX: as a patch for the kernel that runs, by what the host
# tool says; a result TEXT and a result WHY.
linux_build_refused() {
	local said status=0
	said=$("$BUILD/subtext" build "$1" --kernel "$KERNEL/vmlinuz" \
		--headers "$KERNEL/build" -o "$TEST_DIR/none.patch" 2>&1) || status=$?
	is "$2" "$status" 4
	matches "$3" "$said" "$4"
}

# symbols_of MODULE: where it lies now, in $TEST_DIR/symbols. All of /proc/kallsyms takes a minute.
symbols_of() {
	must "grep -m 1 ' T _text' /proc/kallsyms; grep -H . /sys/module/$1/sections/.*"
	printf '%s\n' "$answer" >"$TEST_DIR/symbols"
}

# linux_modules DIR: compiles the modules there for the cloud kernel, into $TEST_DIR/NAME OF DIR.
linux_modules() {
	local out=$TEST_DIR/$(basename "$1") kernel said
	kernel=$(scripts/linux-kernel cloud) || bail "there is a cloud kernel"
	mkdir -p "$out"
	cp "$1"/* "$out"
	said=$(make -s -C "$kernel/build" M="$(realpath "$out")" modules 2>&1) ||
		bail "modules of $1" "$said"
}

TROUBLE='Oops|BUG:|BUG at|WARNING:|Call Trace|general protection|[Uu]nable to handle|invalid opcode'
TROUBLE+='|divide error|double fault|int3:|rcu.*(stall|detected)|soft lockup|hard LOCKUP'
TROUBLE+='|blocked for more than|scheduling while atomic|sleeping function|lock.*(deadlock|imbalance)'
TROUBLE+='|Bad page|corrupt|Kernel panic|ftrace.*(fail|bug)|unexpected IRQ|NMI received for unknown'

# linux_log_clean [REGEX]: no sign of trouble in the kernel's log, nothing in the
# hypervisor's above information, but for lines that match REGEX.
linux_log_clean() {
	local allowed=${1:-^$} text
	text=$(guest dmesg | grep -E "$TROUBLE" | grep -vE "$allowed")
	is "the kernel's log is clean" "$text" ''
	[ "$lx_subtext" = off ] || linux_hypervisor_log_clean "$allowed"
}

# linux_hypervisor_log_clean [REGEX]: the second half of that, for a guest that answers no more.
linux_hypervisor_log_clean() {
	local allowed=${1:-^$}
	hypervisor_log
	is "and nothing but information in it" "$(grep -v '^I ' <<<"$log" | grep -vE "$allowed")" ''
}

# linux_off: waits until the machine has switched itself off; a result.
linux_off() {
	local status=0
	wait "$machine" || status=$?
	machine=
	is "the machine switches itself off" "$status" 0
}

# linux_stop: switches the machine off; the end of its line shows that it is off.
linux_stop() {
	local status=0
	GUEST_TIMEOUT=60 guest_shell "$TEST_DIR/com1" 'poweroff -f' >>"$TEST_DIR/console" 2>&1 ||
		status=$?
	[ $status = 251 ] || bail "the machine switches itself off" "status $status
$(tail -n 30 "$TEST_DIR/com1.log" | tr -d '\r\001')"
	linux_off
}

# linux_kill: for a machine that cannot switch itself off any more.
linux_kill() {
	kill "$machine"
	wait "$machine" 2>/dev/null
	machine=
}

# finish: switches the machine off, prints the plan.
finish() {
	[ -z "$machine" ] || linux_stop
	echo "1..$tests"
	[ -n "${KEEP:-}" ] || rm -f "$TEST_DIR"/*.img
}
