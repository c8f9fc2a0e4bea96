#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# `subtext build --module`: functions of a module that the guest has loaded, and everything by which
# its file and the lines with its addresses can be wrong.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

make_kernel
start_server line
export SUBTEXT_CONNECT=unix:$work/line

# A module as kbuild makes it: calls of the tracer with relocations, the cold part elsewhere.
compile mod.c -pg -mfentry <<'C'
__attribute__((section(".modinfo"), used)) static const char name[] = "name=mod";
__attribute__((section(".modinfo"), used)) static const char magic[] = "vermagic=1.2.3 SMP";
int helper(int);
static volatile int level = 3;
int mod_count;
__attribute__((noinline)) static int scaled(int a) { return a * level; }
__attribute__((noinline)) int work(int a) { mod_count++; return scaled(a) + helper(a); }
__attribute__((noinline, section(".text.other"))) int aside(int a) { return a + level; }
static __attribute__((noinline, noclone)) int twin(int a) { return a + 1; }
int first_twin(int a) { return twin(a) * 2; }
__attribute__((section(".init.text"))) int init_module(void) { return work(2); }
__attribute__((no_instrument_function, noinline)) int untraced(int a) { return a + mod_count; }
C
mv mod.o mod.ko
assemble mod2.s <<'S'
.section .modinfo,"a"
.asciz "name=odd"
.asciz "vermagic=1.2.3 SMP"
.text
.globl into_window, outside, fits
.type into_window, @function
into_window: call __fentry__
	ret
.size into_window, . - into_window
.type outside, @function
outside: jmp into_window+3
.size outside, . - outside
.type fits, @function
fits: call __fentry__
	nop
1:	ret
.size fits, . - fits
.section .return_sites,"a"
.long 1b - .
.text
.type no_room, @function
no_room: ret
.size no_room, . - no_room
S
mv mod2.o odd.ko

TEXT=0xffffffffc0201000 OTHER=0xffffffffc0202000 DATA=0xffffffffc0203000 BSS=0xffffffffc0204000
# section_of FILE SECTION: its number
section_of() { readelf -SW "$1" | sed 's/^ *\[ *//' | awk -v s="$2" '$2 == s { print $1 + 0 }'; }
# lines of the guest's /proc/kallsyms for mod.ko
module_lines() {
	local section base type
	for section in .text=$TEXT=t .text.other=$OTHER=t .data=$DATA=d .bss=$BSS=b; do
		IFS='=' read -r section base type <<<"$section"
		readelf -sW mod.ko | awk -v n="$(section_of mod.ko "$section")" \
			'$7 == n && $4 != "SECTION" { print $2, $8 }' |
			while read -r value name; do
				printf '%016x %s %s\t[mod]\n' $((base + 0x$value)) "$type" "$name"
			done
	done
}
module_lines >lines
{
	kallsyms 0x2000000 | grep ' entry_SYSCALL_64$'
	cat lines
} >symbols
printf '/sys/module/mod/sections/%s:%s\n' .text $TEXT .text.other $OTHER .data $DATA .bss $BSS \
	.init.text 0xffffffffc0999000 >sections
printf '/sys/module/odd/sections/.text:%s\n' $TEXT >odd-sections
in_module() { printf '0x%x' $((TEXT + 0x$(readelf -sW mod.ko | awk -v n="$1" '$8 == n { print $2 }'))); }

# ---- what works ----

compile fix.c <<'C'
#include <subtext.h>
extern int mod_count, limit;
int scaled(int), helper(int), work(int), check(int);
static int work_fixed(int a) { return scaled(a) + helper(mod_count) + limit; }
SUBTEXT_REPLACE(work, work_fixed);
C
for way in symbols sections; do
	build fix --module mod.ko --symbols $way --json
	expect_json "a function of a module, $way" 0 "j['ok'] and \
		[(s['old'], s['window'], s['expect']) for s in j['sites']] == \
		[('mod:work', '$(in_module work)', '0f1f440000')]"
	run inspect fix.patch --json
	expect_json "its address is that in the guest" 0 "j['sites'][0]['place'] == 'absolute'"
done
build fix --module mod.ko --symbols symbols
check "the slide is noted" grep -aq '^slide=0x2000000$' fix.patch
run inspect fix.patch --json
expect_json "the module's symbols are absolute, the kernel's move" 0 \
	"sorted(f['base'] for f in j['fixups']) == ['absolute', 'absolute', 'kernel', 'kernel']"
run apply fix.patch
expect "it is applied in the guest that has this slide" 0 "applied fix"
sed 's/^[0-9a-f]* T entry_SYSCALL_64/ffffffff85000000 T entry_SYSCALL_64/' symbols >moved
build fix --module mod.ko --symbols moved
run apply fix.patch
expect "and not in another boot" 4 "another boot"

compile both.c <<'C'
#include <subtext.h>
int work(int), check(int), aside(int);
static int both_work(int a) { return a; }
static int both_check(int a) { return aside(a); }
SUBTEXT_REPLACE(work, both_work);
SUBTEXT_REPLACE(check, both_check);
SUBTEXT_REPLACE(aside, both_work);
C
build both --module mod.ko --symbols symbols --json
expect_json "functions of the module and of the kernel" 0 \
	"sorted(s['old'] for s in j['sites']) == ['check', 'mod:aside', 'mod:work']"

# The same code with the module's own names and with others for them.
compile names.c <<'C'
#include <subtext.h>
extern int level;
int first_twin(int);
static int names_work(int a) { return first_twin(a) + level; }
SUBTEXT_REPLACE_NAMED("work", names_work);
C
sed 's/level/bound/; s/first_twin/given/; 3a SUBTEXT_SYMBOL(bound, "level");' names.c | compile aliases.c
build names --module mod.ko --symbols symbols
run inspect names.patch --json
fixups=$(python3 -c 'import json, sys; print(json.load(sys.stdin)["fixups"])' <out)
build aliases --module mod.ko --symbols symbols --symbol given=first_twin
run inspect aliases.patch --json
expect_json "SUBTEXT_SYMBOL() and --symbol know the module's names" 0 "j['fixups'] == $fixups"

# redirect PATCH-ARGUMENT...: to the module's work()
run redirect old=check new=work --kernel kernel.elf --module mod.ko --symbols sections -o r.patch --json
expect_json "redirect by sections" 0 "j['target'] == '$(in_module work)'"
run redirect old=check new=mod_count --kernel kernel.elf --module mod.ko --symbols sections -o r.patch
expect "not to data" 4 "is not a function"
run redirect old=check new=nothing --kernel kernel.elf --module mod.ko --symbols sections -o r.patch
expect "not to what is not there" 4 "no symbol 'nothing'"
run redirect old=work new=work --kernel kernel.elf --module mod.ko --symbols sections -o r.patch
expect "not from the module" 4 "'work', which is to be replaced, is no symbol of kernel.elf"

# linux RELEASE: linux.elf, a kernel that says which it is, with a function work() of its own
linux() {
	compile banner.c -pg -mfentry -mnop-mcount <<-C
	const char linux_banner[] = "Linux version $1 (a@b) (gcc, ld) #1";
	int work(int a) { return a; }
	C
	link_kernel linux.elf entry.o one.o two.o banner.o
}
linux 1.2.3
run redirect old=work new=work --kernel linux.elf --module mod.ko --symbols sections -o r.patch --json
expect_json "from the kernel's function of that name to the module's" 0 \
	"j['window'] == '0x$(nm linux.elf | awk '$3 == "work" { print $1 }')' and \
	j['target'] == '$(in_module work)'"
check "the release is noted" grep -aq '^release=1.2.3$' r.patch
linux 1.2.4
run redirect old=work new=work --kernel linux.elf --module mod.ko --symbols sections -o r.patch
expect "not to a module for another release" 4 "is a module for kernel 1.2.3, not for 1.2.4"

# ---- what is wrong with the module ----

rm -f ./*.patch
sed 's/^................/0000000000000000/' lines >zeros
build fix --module mod.ko --symbols zeros
refused "hidden addresses" hidden-addresses "kptr_restrict"
nm kernel.elf >nothing
build fix --module mod.ko --symbols nothing
refused "the module is not loaded" not-loaded "no symbols of module mod"
sed 's/00 t work/40 t work/; s/\(.\)0 t work/\18 t work/' lines >other
build fix --module mod.ko --symbols other
refused "another module of that name" other-module "lies elsewhere"
build fix --module fix.o --symbols symbols
refused "an object that is no module" bad-module "not a module"
build fix --module missing.ko --symbols symbols
refused "a missing module" unreadable "missing.ko"
xz -k -c mod.ko >mod.ko.xz
build fix --module mod.ko.xz --symbols symbols
refused "a compressed module" bad-module "unpacked"
head -c 300 mod.ko >cut.ko
build fix --module cut.ko --symbols symbols
expect_status "half a module" 4
echo '/sys/module/mod/sections/.text=0xffffffffc0201000' >broken
build fix --module mod.ko --symbols broken
refused "a broken line of sections" bad-symbols "nor one of /sys/module"

# ---- what is wrong with the functions ----

build_replacing() {
	compile one.c <<-C
	#include <subtext.h>
	static int one(int a) { return a; }
	SUBTEXT_REPLACE_NAMED("$1", one);
	C
	shift
	build one "$@"
}
build_replacing init_module --module mod.ko --symbols symbols
refused "a function that is freed" init-section "freed when it has been initialised"
build_replacing untraced --module mod.ko --symbols symbols
expect "a function without a place for the tracer" 4 "cannot be replaced"
build_replacing mod_count --module mod.ko --symbols symbols
refused "data" not-code "is not a function"
build_replacing into_window --module odd.ko --symbols odd-sections
refused "a jump from elsewhere in the module into the window" jump-into-window "into_window"
build_replacing fits --module odd.ko --symbols odd-sections
expect "not so for its neighbour" 0 "odd:fits"
run inspect one.patch --json
expect_json "its instructions are listed, but for those that the kernel changes" 0 \
	"(j['sites'][0]['old']['instructions'], j['sites'][0]['old']['watched']) == (3, 2)"
build_replacing no_room --module odd.ko --symbols odd-sections
refused "no room" too-short "cannot be replaced"
build_replacing nobody --module mod.ko --symbols symbols
refused "neither in the module nor in the kernel" undefined-symbol "'nobody'"

# ---- usage ----

build fix --module mod.ko
expect "no symbols" 2 "--symbols is missing"
build fix --symbols symbols
expect "no module" 2 "which --module"

finish
