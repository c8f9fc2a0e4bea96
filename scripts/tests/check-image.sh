#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The image check finds each thing it is there for.
. "$(dirname "$0")/lib.bash"
export ROOT_SOURCES=lines.c
mkdir -p vmm patcher/engine patcher/wire

# build NAME: assembles stdin, after the instructions every hypervisor has
build() {
	{
		printf '.globl _start\n_start:\n'
		printf 'vmlaunch\n jbe 1f\n vmresume\n setbe %%al\n 1:\n'
		printf 'vmread %%rax,%%rbx\n jbe 1b\n vmwrite %%rax,%%rbx\n jbe 1b\nhere:\n'
		cat
		printf 'ret\n'
	} | gcc -c -x assembler - -o "$1.o" && ld -o "$1.elf" "${@:2}" "$1.o" 2>/dev/null
}
# failing NAME: numbers of the checks that fail
failing() { "$repo/scripts/check-image" "$1.elf" | sed -n 's/^not ok \([0-9]*\).*/\1/p' | tr '\n' ' '; }
# verdict ASSEMBLY: the same, for a piece of code
verdict() {
	build piece <<<"$1" || { echo 'does not link'; return; }
	failing piece
}

echo 'int x;' >lines.c
is 'a good image' "$(verdict nop)" ''
# Linked as far as ld goes: such a file has no segments yet, hence no size.
build undefined -r <<<'call nowhere'
is 'undefined symbol' "$(failing undefined)" '1 6 '
for insn in 'movaps %xmm0,(%rax)' 'vpxor %ymm1,%ymm2,%ymm3' 'fldl (%rax)' 'fld %st(1)' \
	'movq %mm3,%rax' 'emms' 'ldmxcsr (%rax)' 'kmovw %k1,%eax' 'vpaddd %zmm0,%zmm1,%zmm2'; do
	is "found: $insn" "$(verdict "$insn")" '2 '
done
is 'saving all registers is allowed' "$(verdict $'fxsave (%rax)\n xsave (%rax)')" ''
is 'so is a segment prefix' "$(verdict 'mov %fs:0x28,%rax')" ''

for op in 'vmread %rax,%rbx' 'vmwrite %rax,%rbx' 'vmclear (%rax)' 'vmptrld (%rax)' \
	'vmxon (%rax)' 'invept (%rax),%rbx' 'invvpid (%rax),%rbx'; do
	is "untested: $op" "$(verdict "$op")" '3 '
	is "tested: $op" "$(verdict "$op"$'\n setbe %al')" ''
done
op='vmclear (%rax)'
is 'only ZF is tested' "$(verdict "$op"$'\n je here')" '3 '
is 'only CF is tested' "$(verdict "$op"$'\n jc here')" '3 '
is 'one after the other' "$(verdict "$op"$'\n jc here\n mov %rax,%rbx\n setz %al')" ''
is 'flags are lost in between' "$(verdict "$op"$'\n jc here\n test %eax,%eax\n jz here')" '3 '
is 'the second test is where the first jumps to' \
	"$(verdict "$op"$'\n jnc 2f\n ud2\n 2: jz here')" ''
is 'the second test is on the wrong path' "$(verdict "$op"$'\n jnc 2f\n jz here\n ud2\n 2:')" '3 '
is 'after VMRESUME saving the flags is enough' "$(verdict $'vmresume\n pushf')" ''
is 'but not ignoring them' "$(verdict $'vmresume\n ud2')" '3 '

build writable -N </dev/null
is 'writable and executable' "$(failing writable)" '4 '
is 'too large' "$(verdict '.fill 131072')" '6 '
yes 'int x;' | head -n 6001 >lines.c
is 'too many lines' "$(verdict nop)" '7 '
{ yes '/* x */'; } | head -n 9000 >lines.c
echo 'int x;' >>lines.c
is 'comments do not count' "$(verdict nop)" ''
{ echo 'int x;'; yes $'#include "x.h"\n # include <x.h>' | head -n 9000; } >lines.c
is 'nor does what is included' "$(verdict nop)" ''
yes '#define include 1' | head -n 6001 >lines.c
is 'other directives do' "$(verdict nop)" '7 '
echo 'int x;' >lines.c
printf 'nop\n' | gcc -c -x assembler - -o none.o && ld -e 0 -o none.elf none.o
is 'no hypervisor at all' "$(failing none)" '3 '
"$repo/scripts/check-image" missing.elf >out 2>&1
is 'no file' "$? $(grep -c 'Bail out' out)" '1 1'
plan
