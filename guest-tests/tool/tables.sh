#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# `subtext build` against a kernel with tables about its own code: what it asks of them.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

compile v2.c <<'C'
int v2(int a) { return a; }
C

# What stands in each table is the distance to the code, as in Linux on x86.
assemble tables.s <<'S'
.macro function name
.globl \name
.type \name, @function
\name:
.endm
.macro end name
.size \name, . - \name
.endm
.macro nop5
.byte 0x0f, 0x1f, 0x44, 0, 0
.endm
.macro table name
.section .rodata
.globl __start_\name
__start_\name:
.endm
.macro table_end name
.globl __stop_\name
__stop_\name:
.endm

.text
function entry_SYSCALL_64
	ret
end entry_SYSCALL_64
function __fentry__
	ret
end __fentry__
function traced
	call __fentry__
	mov %edi, %eax
	ret
end traced
function traced_endbr
	endbr64
	call __fentry__
	mov %edi, %eax
	ret
end traced_endbr
function untraced
	push %rbx
	mov %edi, %eax
	pop %rbx
	ret
end untraced
function untraced_long
	mov $5, %eax
	ret
end untraced_long
function not_the_tracer
	call __fentry__
	ret
end not_the_tracer
function blacklisted
	nop5
	ret
end blacklisted
function labelled
	nop5
	ret
end labelled
function faulting
	mov 0x12345678(%rdi), %eax
	ret
end faulting
function fixed_up
	mov $5, %eax
	ret
end fixed_up
function tail_calls_itself
	call __fentry__
	test %edi, %edi
	jne tail_calls_itself
	ret
end tail_calls_itself
function jumped_into_from_afar
	mov $5, %eax
	ret
end jumped_into_from_afar
function jumped_into_from_near
	mov $5, %eax
	ret
end jumped_into_from_near
function near
	jmp jumped_into_from_near + 2
end near
function pointed_into
	mov $5, %eax
	ret
end pointed_into
function jumped_into_by_a_replacement
	mov $5, %eax
	ret
end jumped_into_by_a_replacement
function looks_like_a_jump
	mov $5, %eax
	ret
end looks_like_a_jump
function no_jump
	# a constant that would lead there if it were a distance
	mov $looks_like_a_jump + 2 - . - 5, %edx
	ret
end no_jump
function long_body
	call __fentry__
	mov %edi, %eax
label:	nop5
alternative: .fill 20, 1, 0x90
	add $1, %eax
locked:	lock incl (%rdi)
return:	jmp thunk
	int3
end long_body
.fill 300, 1, 0xcc
function afar
	call jumped_into_from_afar + 1
	ret
end afar
function thunk
	ret
end thunk
.section .altinstr_replacement, "ax"
	jne jumped_into_by_a_replacement + 2
.data
pointer: .quad pointed_into + 3

table mcount_loc
.quad traced, traced_endbr + 4, tail_calls_itself, long_body
table_end mcount_loc
table kprobe_blacklist
.quad blacklisted
table_end kprobe_blacklist
table __jump_table
.long labelled - ., thunk - .
.quad 0
.long label - ., thunk - .
.quad 0
table_end __jump_table
table __ex_table
.long faulting - ., thunk - ., 0
.long thunk - ., fixed_up + 2 - ., 0
table_end __ex_table
.globl __alt_instructions, __alt_instructions_end, __smp_locks, __smp_locks_end
.globl __return_sites, __return_sites_end
__alt_instructions:
.long alternative - ., thunk - .
.word 3
.byte 20, 1
__alt_instructions_end:
__smp_locks: .long locked - .
__smp_locks_end:
__return_sites: .long return - .
__return_sites_end:
S
link_kernel tables.elf tables.o -- -pie --no-dynamic-linker -z notext

# try FUNCTION: replaces it.
try() {
	rm -f t.patch
	# shellcheck disable=SC2086  # none, or one
	run build v2.o --kernel tables.elf -o t.patch --replace "$1=v2" --json $options
}
options=

for name in traced traced_endbr tail_calls_itself long_body; do
	try $name
	expect_json "$name: the tracer's place is the window" 0 \
		"j['sites'][0]['expect'] == '0f1f440000' and j['sites'][0]['insn_len'] == 5"
	run inspect t.patch --json
	expect_json "and the patch says so" 0 "j['sites'][0]['fentry']"
done
try untraced_long
expect_json "what the tracer has no place in is refused" 4 "j['error']['code'] == 'untraced'"
options=--untraced
try untraced_long
expect_json "a long first instruction does without" 0 "j['sites'][0]['expect'] == 'b805000000'"
run inspect t.patch --json
expect_json "and is no place of the tracer" 0 "not j['sites'][0]['fentry']"
try not_the_tracer
expect_json "a call of __fentry__ that the table does not have stays a call" 0 \
	"j['sites'][0]['expect'].startswith('e8')"
try looks_like_a_jump
expect_json "a constant is no jump" 0 "j['ok']"

while read -r function code text; do
	try "$function"
	expect_json "$function: $code" 4 "j['error']['code'] == '$code' and '$text' in j['error']['message']"
done <<'LIST'
untraced no-fentry no NOP for its tracer
blacklisted no-probes allows no probe
labelled table-in-window jump label
faulting table-in-window exception table
fixed_up jump-into-window exception table of 0x
jumped_into_from_afar jump-into-window (afar+0x0)
jumped_into_from_near jump-into-window (near+0x0)
pointed_into jump-into-window the address at
jumped_into_by_a_replacement jump-into-window leads into its window
LIST

# The list of a body: lengths and first bytes, "any" where the kernel writes itself.
try long_body
expect_status "a function that the kernel changes itself" 0
check "its body, against the source" python3 - <<'PY'
import struct
raw = open("t.patch", "rb").read()
offset, size = struct.unpack_from("<II", raw, 232)
part = raw[offset:offset + size]
at, = struct.unpack_from("<I", part)
got = [tuple(part[i:i + 2]) for i in range(at, len(part), 2)]
want = [(5, 0x0f), (2, 0x89), (5, 0xcc), (15, 0xcc), (5, 0xcc), (3, 0x83), (3, 0xcc), (5, 0xcc),
        (1, 0xcc), (0, 0)]
assert got == want, got
PY
rm -f t.patch

# A table in a form that is not known must not be overlooked.
sed 's|^\.byte 20, 1$|\.byte 20, 1, 0|' tables.s >strange.s
as -o strange.o strange.s
link_kernel strange.elf strange.o -- -pie --no-dynamic-linker -z notext
run build v2.o --kernel strange.elf -o t.patch --replace traced=v2 --json
expect_json "a table of unknown form" 4 "j['error']['code'] == 'unknown-table'"

finish
