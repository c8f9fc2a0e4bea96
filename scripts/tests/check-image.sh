#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The image check finds each thing it is there for.
. "$(dirname "$0")/lib.bash"
export ROOT_SOURCES=lines.c
mkdir -p boot vmm/{smp,vmx} patcher/{engine,wire}
size=0x30000

# build NAME: assembles stdin, after the instructions every hypervisor has; $size bytes in memory.
build() {
	{
		printf '.globl image_start, image_end\n'
		printf '.set image_start, 0xffffffff80000000\n.set image_end, image_start + %s\n' $size
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
build undefined -r <<<'call nowhere'
is 'undefined symbol' "$(failing undefined)" '1 '
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
size=0x30001
is 'too large in memory, whatever is in the file' "$(verdict nop)" '6 '
size=0x30000
yes 'int x;' | head -n 9001 >lines.c
is 'too many lines' "$(verdict nop)" '7 '
{ yes '/* x */'; } | head -n 9000 >lines.c
echo 'int x;' >>lines.c
is 'comments do not count' "$(verdict nop)" ''
{ echo 'int x;'; yes $'#include "none.h"\n # include <none.h>' | head -n 9000; } >lines.c
is 'nor do #include lines' "$(verdict nop)" ''
yes '#define include 1' | head -n 9001 >lines.c
is 'other directives do' "$(verdict nop)" '7 '
printf '#include "vmm/%s.h"\n' a b >lines.c
printf '#include "vmm/c.h"\n' >vmm/a.h
yes '#define X 1' | head -n 5000 | tee vmm/b.h >vmm/c.h
is 'headers count, also those that headers include' "$(verdict nop)" '7 '
printf '#include "vmm/c.h"\n' >vmm/b.h
is 'each of them once' "$(verdict nop)" ''
is 'a header that is not included does not' \
	"$(yes 'int y;' | head -n 9000 >vmm/d.h; verdict nop)" ''
printf '%%include "vmm/d.h"\n; a comment\nnop\n' >start.asm
is 'what assembly includes counts' "$(ROOT_SOURCES='lines.c start.asm' verdict nop)" '7 '
rm vmm/*.h
# lines TEXT: the number of lines of code that the check counts.
lines() {
	printf '%s\n' "$1" >lines.c
	build piece <<<nop
	"$repo/scripts/check-image" piece.elf | sed -n 's/.* \([0-9]*\) lines of code.*/\1/p'
}
is 'code beside comments' "$(lines $'/* a */ int x; /* b\n c */ int y;\n// z\n /* x\'s */\n\n')" 2
is 'what looks like a comment in a string' "$(lines $'char *s = "/* ";\nint x;\nchar c = \'"\'; /* y\n*/')" 3
is 'both lines of a macro' "$(lines $'#define A \\\n\t1')" 2
echo 'int x;' >lines.c

# words FILE TEXT: the vendor's words that are found in it.
words() {
	rm -f boot/* vmm/*.* vmm/*/* patcher/*/*
	printf '%s\n' "$2" >"$1"
	verdict nop >/dev/null
	"$repo/scripts/check-image" piece.elf | sed -n '/^not ok 8/,$s/^# //p'
}
verdict nop >/dev/null
is "a vendor's word in a comment" "$(words vmm/log.c '/* the VMCS of this CPU */')" 'vmm/log.c:1: vmcs'
is 'in an identifier' "$(words boot/cpus.h $'\nint vmx_on;')" 'boot/cpus.h:2: vmx'
is 'in a constant' "$(words vmm/smp/apic.c 'MSR_VMX_MISC')" 'vmm/smp/apic.c:1: vmx'
is 'of two words' "$(words patcher/engine/site.c '/* by the preemption timer */')" \
	'patcher/engine/site.c:1: preemption timer'
is 'of two words, in an identifier' "$(words patcher/wire/line.h 'int MONITOR_TRAP;')" \
	'patcher/wire/line.h:1: monitor trap'
is 'in assembly' "$(words boot/switch.asm 'vmcall')" 'boot/switch.asm:1: vmcall'
is 'in a makefile' "$(words vmm/build.mk 'SRCS := vmm/vmx/run.c')" 'vmm/build.mk:1: vmx'
is "another vendor's" "$(words vmm/view.h '/* the NPT */')" 'vmm/view.h:1: npt'
is "not in a vendor's files" "$(words vmm/vmx/run.c 'vmread'; words boot/vmx.c 'vmxon')" ''
is 'not as a part of another word' "$(words vmm/log.c 'accept depth kept input')" ''

printf 'nop\n' | gcc -c -x assembler - -o none.o && ld -e 0 -o none.elf none.o
is 'no hypervisor at all' "$(failing none)" '3 6 '
"$repo/scripts/check-image" missing.elf >out 2>&1
is 'no file' "$? $(grep -c 'Bail out' out)" '1 1'
plan
