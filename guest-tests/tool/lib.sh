# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: GPL-2.0-only
# For the tests of the host tool: TAP, a small kernel to build patches against, a make-believe
# hypervisor. Sourced; the caller works in a directory of its own, which is removed at the end.

set -u
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$TOP/$BUILD ;; esac
# The tool as tested has the sanitizers in it; SUBTEXT=build/subtext tests the real one.
SUBTEXT=${SUBTEXT:-$BUILD/unit/subtext-asan}
export ASAN_OPTIONS=detect_leaks=${DETECT_LEAKS:-1}
unset SUBTEXT_CONNECT SOURCE_DATE_EPOCH
export LC_ALL=C

work=$(mktemp -d "${TMPDIR:-/tmp}/subtext-test.XXXXXX")
server_pids=()
cleanup() {
	[ ${#server_pids[@]} = 0 ] || kill "${server_pids[@]}" 2>/dev/null
	rm -rf "$work"
}
trap cleanup EXIT
cd "$work" || exit 1

ntests=0
failed=0
pass() { ntests=$((ntests + 1)); echo "ok $ntests - $1"; }
fail() {
	ntests=$((ntests + 1))
	failed=$((failed + 1))
	echo "not ok $ntests - $1"
	shift
	printf '%s\n' "$@" | sed 's/^/# /'
}

# run ARGUMENT...: runs the tool, for as long as scripts/run-tests lets the whole test run; leaves $status, $out and $err (files out and err), $last_run.
run() {
	last_run=("$@")
	"$SUBTEXT" "$@" >out 2>err </dev/null
	status=$?
	out=$(cat out) err=$(cat err)
}

# expect_status NAME WANT: of the last run.
expect_status() {
	if [ "$status" = "$2" ]; then
		pass "$1"
	else
		fail "$1" "exit status $status instead of $2" "stdout: $out" "stderr: $err"
	fi
}

# expect NAME STATUS TEXT: of the last run; TEXT is somewhere in stdout or stderr, as it is.
expect() {
	if [ "$status" != "$2" ]; then
		fail "$1" "exit status $status instead of $2" "stdout: $out" "stderr: $err"
	elif [[ "$out$err" != *"$3"* ]]; then
		fail "$1" "nowhere: $3" "stdout: $out" "stderr: $err"
	else
		pass "$1"
	fi
}

# expect_json NAME STATUS EXPRESSION: stdout is one JSON value j for which the Python expression holds.
expect_json() {
	local why
	if [ "$status" != "$2" ]; then
		fail "$1" "exit status $status instead of $2" "stdout: $out" "stderr: $err"
	elif why=$(python3 -c '
import json, sys
j = json.load(open("out"))
ok = eval(sys.argv[1])
sys.exit(0 if ok else "not true: %s" % sys.argv[1])' "$3" 2>&1) && [ -z "$err" ]; then
		pass "$1"
	else
		fail "$1" "$why" "stdout: $out" "stderr: $err"
	fi
}

# check NAME COMMAND...: the command succeeds.
check() {
	local name=$1 log
	shift
	if log=$("$@" 2>&1); then pass "$name"; else fail "$name" "failed: $*" "$log"; fi
}

finish() {
	echo "1..$ntests"
	[ $failed = 0 ]
}

CODE_FLAGS="-O2 -ffreestanding -mcmodel=kernel -fno-pic -fno-pie -mno-red-zone -mgeneral-regs-only
	-fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables -fno-ident"

# compile FILE.c [FLAG...]: the source is read from stdin. One flag after the usual ones.
compile() {
	local c=$1
	shift
	cat >"$c"
	# shellcheck disable=SC2086
	gcc $CODE_FLAGS "$@" -I"$TOP/patcher/cli/include" -c -o "${c%.*}.o" "$c"
}

# assemble FILE.s: the source is read from stdin.
assemble() { cat >"$1" && as -o "${1%.s}.o" "$1"; }

# link_kernel OUT FILE.o... [-- FLAG...]: at the address where Linux lies.
link_kernel() {
	local out=$1 objects=() flags=()
	shift
	while [ $# -gt 0 ]; do
		if [ "$1" = -- ]; then
			shift
			flags=("$@")
			break
		fi
		objects+=("$1")
		shift
	done
	cat >kernel.lds <<-'LDS'
	SECTIONS
	{
		. = 0xffffffff81000000;
		.text : { *(.text .text.*) }
		.init.text : { *(.init.text) }
		.rodata : { *(.rodata .rodata.*) }
		.notes : { *(.note.gnu.build-id) }
		. = ALIGN(4096);
		.data : { *(.data .data.*) }
		.dynamic : { *(.dynamic) *(.dynsym) *(.dynstr) *(.hash) *(.gnu.hash) }
		.rela : { *(.rela*) }
		.bss : { *(.bss .bss.* COMMON) }
		/DISCARD/ : { *(.eh_frame) *(.note.gnu.property) *(.interp) *(.comment) }
	}
	LDS
	ld -T kernel.lds --build-id=sha1 -z noexecstack --no-warn-rwx-segments -e entry_SYSCALL_64 \
		"${flags[@]}" -o "$out" "${objects[@]}"
}

# A kernel of the kind of the test guest: entries are 5-byte NOPs. Makes kernel.elf.
make_kernel() {
	assemble entry.s <<-'S'
	.text
	.globl entry_SYSCALL_64
	.type entry_SYSCALL_64, @function
	entry_SYSCALL_64: ret
	.size entry_SYSCALL_64, . - entry_SYSCALL_64
	S
	compile one.c -pg -mfentry -mnop-mcount <<-'C'
	static int counter = 5;
	static volatile int twice = 1;
	int limit = 10;
	__attribute__((noinline)) int helper(int a) { return a + limit + twice; }
	__attribute__((noinline)) int check(int a) { counter += a; return helper(counter) * 2; }
	static __attribute__((noinline, noclone)) int local_twin(int a) { return a + counter; }
	int call_one(int a) { return local_twin(a) + check(a); }
	C
	compile two.c -pg -mfentry -mnop-mcount -fcf-protection=branch <<-'C'
	static volatile int twice = 2;
	int second_counter = 1;
	static __attribute__((noinline, noclone)) int local_twin(int a) { return a - second_counter - twice; }
	int call_two(int a) { return local_twin(a) * 3; }
	int with_endbr(int a) { return a ^ second_counter; }
	__attribute__((section(".init.text"))) int setup(int a) { return a; }
	C
	link_kernel kernel.elf entry.o one.o two.o
}

# symbol NAME: its address in kernel.elf
symbol() { nm kernel.elf | awk -v n="$1" '$3 == n { print "0x" $1; exit }'; }

# kallsyms SLIDE: what a guest shows whose kernel is kernel.elf, without its modules
kallsyms() {
	nm kernel.elf | while read -r addr type name; do
		printf '%016x %s %s\n' $((0x$addr + $1)) "$type" "$name"
	done
}

# build NAME FLAG...: of NAME.o against kernel.elf into NAME.patch
build() {
	local name=$1
	shift
	rm -f "$name.patch"
	run build "$name.o" --kernel kernel.elf -o "$name.patch" "$@"
}

# refused NAME CODE TEXT: the last run says TEXT, exits with 4 and wrote nothing: no patch is there,
# of whatever name. With --json it says CODE.
refused() {
	local left saved=("$status" "$out" "$err")
	expect "$1" 4 "$3"
	left=$(ls -- *.patch *.tmp 2>/dev/null)
	[ -z "$left" ] || fail "$1: nothing is written" "$left"
	run "${last_run[@]}" --json
	expect_json "$1, as JSON" 4 "not j['ok'] and j['error']['exit'] == 4 and \
		j['error']['code'] == '$2' and j['error']['message'] == j['error']['problems'][0]"
	status=${saved[0]} out=${saved[1]} err=${saved[2]}
}

# start_server NAME [MODE...]: a make-believe hypervisor on unix:$work/NAME.
start_server() {
	local name=$1
	shift
	server_pids+=("$("$BUILD/unit/tool-server" "$work/$name" "$@")")
}
