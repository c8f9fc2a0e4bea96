#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# `subtext build`: patches against a small kernel made here, and everything that it must refuse.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

make_kernel

# ---- what works ----

compile fix.c <<'C'
#include <subtext.h>
extern int counter, limit;
int helper(int);
int check(int);
static int calls;
static const char message[] = "hello";
static const int table[3] = { 1, 2, 3 };
const char *pointer = message;
static int check_fixed(int a)
{
	calls++;
	counter -= a;
	return helper(counter + table[a & 1]) * 3 + pointer[a & 3] + limit;
}
SUBTEXT_REPLACE(check, check_fixed);
C
build fix --json
expect_json "a replacement marked in the source" 0 "j['ok'] and j['name'] == 'fix' and \
	[(s['old'], s['new'], s['insn_len'], s['expect'], s['window']) for s in j['sites']] == \
	[('check', 'check_fixed', 5, '0f1f440000', '$(symbol check)')]"
expect_json "the anchor is the system call entry" 0 "j['anchor'] == '$(symbol entry_SYSCALL_64)'"
expect_json "the build-id is the kernel's" 0 \
	"j['build_id'] == '$(readelf -n kernel.elf | sed -n 's/.*Build ID: //p')'"
expect_json "zeroed data is not in the file" 0 "j['data_mem'] > j['data'] > 0"
expect_json "sections that are left out are listed" 0 \
	"'.subtext.replace' in [s['section'] for s in j['left_out']]"
mv fix.patch first.patch
build fix
expect "text output names old and new" 0 "check_fixed"
check "the same input gives the same file" cmp fix.patch first.patch
"$SUBTEXT" build fix.o -k kernel.elf -o fix.patch >/dev/full 2>err
status=$? out='' err=$(cat err)
expect "a summary that cannot be written is an error" 5 "cannot write the output"
(mkdir elsewhere && cp fix.o kernel.elf elsewhere && cd elsewhere &&
	"$SUBTEXT" build fix.o --kernel "$PWD/kernel.elf" -o fix.patch >/dev/null)
check "also when it is built elsewhere" cmp fix.patch elsewhere/fix.patch

SOURCE_DATE_EPOCH=0 "$SUBTEXT" build fix.o -k kernel.elf -o fix.patch >/dev/null
run inspect fix.patch
expect "SOURCE_DATE_EPOCH is the build time" 0 "built=1970-01-01T00:00:00Z"
status=0 out=$(SOURCE_DATE_EPOCH=today "$SUBTEXT" build fix.o -k kernel.elf -o fix.patch 2>&1) || status=$?
err=
expect "a SOURCE_DATE_EPOCH that is no number" 4 "SOURCE_DATE_EPOCH"

run build fix.o --kernel kernel.elf -o fix.patch --name other
first_id=$(od -An -tx1 -j24 -N32 first.patch)
check "another name is another id" test "$first_id" != "$(od -An -tx1 -j24 -N32 fix.patch)"
rm -f ./*.patch

# Layout as the hypervisor will see it, worked out a second time from the object file by Python.
build fix
check "text, data, fixups and id, against a second implementation" \
	python3 "$TOP/guest-tests/tool/oracle.py" fix.patch kernel.elf fix.o
rm -f fix.patch

compile plain.c <<'C'
int check_v2(int a) { return a; }
C
build plain --replace check=check_v2 --json
expect_json "a replacement named on the command line" 0 "j['sites'][0]['new'] == 'check_v2'"
build plain --replace check=helper --json
expect_json "a function of the kernel in place of another" 0 \
	"j['sites'][0]['new'] == 'helper' and j['fixups'] == 0"
build plain --replace with_endbr=check_v2 --json
expect_json "the window is behind ENDBR64" 0 \
	"int(j['sites'][0]['window'], 16) == $(symbol with_endbr) + 4"
build plain --replace local_twin@two.c=check_v2 --json
expect_json "name@file picks one of two" 0 "j['sites'][0]['old'] == 'local_twin' and \
	int(j['sites'][0]['window'], 16) > $(symbol call_one)"
build plain --replace local_twin@1=check_v2 --json
expect_json "name@N picks one of two" 0 "int(j['sites'][0]['window'], 16) < $(symbol call_one)"
rm -f plain.patch

compile two_old.c <<'C'
int check_v2(int a) { return a; }
int helper_v2(int a) { return a; }
C
build two_old --replace helper=helper_v2 --replace check=check_v2 --json
expect_json "several sites, sorted by address" 0 "[s['old'] for s in j['sites']] == ['helper', 'check']"
rm -f two_old.patch

compile part1.c <<'C'
extern int shared; int part2(int);
int check_v2(int a) { return part2(a) + shared; }
static int twice_v2(int a) { return part2(a) * 2; }
int (*const table[])(int) = { check_v2, twice_v2 };
C
compile part2.c <<'C'
int shared = 3; int bss_too[5];
int part2(int a) { return a + shared + bss_too[a]; }
C
run build part1.o part2.o -k kernel.elf -o parts.patch --replace check=check_v2 --json
expect_json "objects that refer to each other" 0 "j['ok'] and j['data'] == 20 and j['data_mem'] == 52"
check "each reference between them, against a second implementation" \
	python3 "$TOP/guest-tests/tool/oracle.py" parts.patch kernel.elf part1.o part2.o
rm -f parts.patch

compile weak1.c <<'C'
int answer(void);
__attribute__((weak, noinline)) int answer(void) { return 1; }
int check_v2(int a) { return a + answer(); }
C
compile weak2.c <<'C'
int answer(void) { return 2; }
C
run build weak1.o weak2.o -k kernel.elf -o weaker.patch --replace check=check_v2
check "a strong definition wins over a weak one" \
	python3 "$TOP/guest-tests/tool/oracle.py" weaker.patch kernel.elf weak1.o weak2.o
rm -f weaker.patch

compile weak.c <<'C'
extern int not_there __attribute__((weak));
int check_v2(int a) { return &not_there ? a : 0; }
C
build weak --replace check=check_v2
expect_status "a weak symbol may be missing" 0
rm -f weak.patch

compile fromstatic.c <<'C'
#include <subtext.h>
static int v2(int a) { return a; }
SUBTEXT_REPLACE_NAMED("local_twin@one.c", v2);
C
build fromstatic --json
expect_json "SUBTEXT_REPLACE_NAMED takes name@file" 0 "j['sites'][0]['new'] == 'v2'"
rm -f fromstatic.patch

if compile wrongtype.c 2>/dev/null <<'C'
#include <subtext.h>
int check(int);
static long v2(long a) { return a; }
SUBTEXT_REPLACE(check, v2);
C
then fail "SUBTEXT_REPLACE compares types"; else pass "SUBTEXT_REPLACE compares types"; fi

# A kernel that calls __fentry__ makes NOPs of these calls when it starts.
compile traced.c -pg -mfentry <<'C'
int traced(int a) { return a + 1; }
C
assemble fentry.s <<'S'
.globl __fentry__
.type __fentry__, @function
__fentry__: ret
.size __fentry__, . - __fentry__
S
link_kernel traced.elf entry.o traced.o fentry.o
run build plain.o -k traced.elf -o traced.patch --replace traced=check_v2 --json
expect_json "a call of __fentry__ is expected as the NOP it becomes" 0 \
	"j['sites'][0]['expect'] == '0f1f440000'"
rm -f traced.patch

# ---- symbols ----

compile undef.c <<'C'
extern int nowhere, nowhere2; int check_v2(int a) { return a + nowhere + nowhere2 + nowhere; }
C
build undef --replace check=check_v2
refused "a symbol that is nowhere" undefined-symbol "'nowhere' is neither in the object files nor in"
expect "all of them are listed" 4 "'nowhere2'"
check "each once" test "$(grep -c "'nowhere' is neither" <<<"$err")" = 1
build undef --replace check=check_v2 --symbol nowhere=limit --symbol nowhere2=0xffffffff81001000
expect_status "--symbol gives their addresses" 0
rm -f undef.patch

compile ambig.c <<'C'
extern int twice; int check_v2(int a) { return a + twice; }
C
build ambig --replace check=check_v2
refused "an ambiguous local symbol" ambiguous-symbol "twice@2  $(nm kernel.elf | awk '$3 == "twice" { print "0x" $1 }' |
	sort | tail -n 1)  local, two.c"
build ambig --replace check=check_v2 --symbol twice=twice@two.c
expect_status "--symbol NAME=name@file" 0
run inspect ambig.patch -k kernel.elf --json
expect_json "takes the right one" 0 "[f for f in j['fixups'] if f['refers'] == 'twice-4' and \
	int(f['value'], 16) + 4 == max($(nm kernel.elf | awk '$3 == "twice" { printf "0x" $1 ", " }'))]"
rm -f ambig.patch
build ambig --replace local_twin=check_v2 --symbol twice=twice@1
refused "an ambiguous function" ambiguous-symbol "'local_twin' is ambiguous"
build ambig --replace no_such=check_v2 --symbol twice=twice@1
refused "an old function that does not exist" undefined-symbol "'no_such', which is to be replaced"
build plain --replace check=no_such
refused "a new function that does not exist" undefined-symbol "there is no function 'no_such'"
build plain --replace limit=check_v2
refused "a variable cannot be replaced" not-code "'limit'"
build plain --replace check=limit
refused "nor take a function's place" not-code "is not a function"
build plain --replace setup=check_v2
refused "a function that is freed after boot" init-section ".init.text"
build plain
refused "a patch that replaces nothing" nothing-replaced "SUBTEXT_REPLACE"
build plain --replace check=check_v2 --replace check=helper
refused "a function replaced twice" replaced-twice "'check' is replaced twice"
compile twin.c <<'C'
int check_v2(int a) { return a; }
C
run build plain.o twin.o -k kernel.elf -o t.patch --replace check=check_v2
refused "a symbol defined twice" defined-twice "defined in plain.o and in twin.o"
compile common.c -fcommon <<'C'
int shared; int check_v2(int a) { return a + shared; }
C
build common --replace check=check_v2
refused "a common symbol" common-symbol "-fno-common"

# ---- sections ----

section() {
	local name=$1 code=$2 attributes=$3
	printf '.text\n.globl v2\n.type v2, @function\nv2: ret\n.size v2, . - v2\n.section %s,"%s"\n.quad 1\n' \
		"$name" "$attributes" >sec.s
	as -o sec.o sec.s
	build sec --replace check=v2
	if [ "$code" = ok ]; then
		expect_status "section $name is left out" 0
		rm -f sec.patch
	else
		refused "section $name is refused" section "section $name: "
	fi
}
for name in .altinstructions __ex_table .static_call_sites __jump_table \
	.orc_unwind .orc_unwind_ip __bug_table .return_sites .retpoline_sites .altinstr_aux \
	.init.text .data..percpu .init_array .modinfo __ksymtab_gpl .unheard_of .data..other; do
	section $name refused a
done
for name in __mcount_loc .parainstructions .altinstr_replacement .eh_frame .discard.addressable .smp_locks .note.Linux; do
	section $name ok a
done
for name in .comment .debug_info .llvm_addrsig; do
	section $name ok ""
done
section .unheard_of_either refused ""
compile touches.c <<'C'
__attribute__((section(".discard.x"))) int gone = 1;
int check_v2(int a) { return a + gone; }
C
build touches --replace check=check_v2
refused "code that refers to a section that is left out" left-out-section "'gone' lies in section .discard.x"

# ---- relocations ----

for model in "-fpic -mcmodel=small:REX_GOTPCRELX" "-mcmodel=large -fpic:GOTPC64"; do
	pic=${model%%:*} name=${model#*:}
	cat >pic.c <<-'C'
	extern int limit; int check_v2(int a) { return a + limit; }
	C
	# shellcheck disable=SC2086
	gcc -O2 -ffreestanding $pic -fno-asynchronous-unwind-tables -fcf-protection=none -c pic.c
	build pic --replace check=check_v2
	refused "relocation R_X86_64_$name is refused by name" relocation "R_X86_64_$name"
done
cat >tls.c <<'C'
static __thread int t; int check_v2(int a) { return t += a; }
C
gcc -O2 -ffreestanding -fno-pic -c tls.c
build tls --replace check=check_v2
refused "thread-local variables" section ".tbss"
assemble r16.s <<'S'
.text
.globl v2
.type v2, @function
v2: .short limit
    .byte helper - .
    ret
.size v2, . - v2
S
build r16 --replace check=v2
refused "a 16-bit relocation" relocation "R_X86_64_16"
expect "and an 8-bit one, in the same run" 4 "R_X86_64_PC8"
assemble overflow.s <<'S'
.text
.globl v2
.type v2, @function
v2: ret
.size v2, . - v2
.data
.weak not_there
.long not_there - 1
S
build overflow --replace check=v2
refused "a value that does not fit its field" relocation "does not fit a R_X86_64_32"

# ---- windows ----

assemble windows.s <<'S'
.text
.macro function name
.globl \name
.type \name, @function
\name:
.endm
function spans
	push %rbp
	mov %rsp, %rbp
	pop %rbp
	ret
.size spans, . - spans
function tiny
	ret
.size tiny, . - tiny
function jumped_into
	mov $0xfeeb, %eax
	jmp jumped_into + 1
.size jumped_into, . - jumped_into
function looping
	mov $1, %eax
	jmp looping
.size looping, . - looping
function entered
	.byte 0x0f, 0x1f
.globl second_entry
second_entry:
	.byte 0x44, 0, 0
	ret
.size entered, . - entered
function address
	movabs $somewhere, %rax
	ret
.size address, . - address
function data_in_text
	.byte 0x0f, 0x1f, 0x44, 0, 0
	ret
	.byte 6, 6, 6, 6
.size data_in_text, . - data_in_text
function sizeless
	.byte 0x0f, 0x1f, 0x44, 0, 0
	ret
function last
	mov $5, %eax
	ret
.size last, . - last
function has_cold
	mov $5, %eax
	je has_cold.cold
	ret
.size has_cold, . - has_cold
function has_cold.cold
	jmp has_cold + 2
.size has_cold.cold, . - has_cold.cold
.data
.globl somewhere
somewhere: .quad somewhere
S
link_kernel windows.elf entry.o windows.o -- -pie --no-dynamic-linker -z notext
while read -r function code text; do
	run build plain.o -k windows.elf -o w.patch --replace "$function=check_v2"
	refused "window of $function" "$code" "$text"
done <<'LIST'
spans window-spans spans 3 instructions; Subtext cannot yet replace an entry of more than one instruction
tiny too-short it is 1 bytes long
jumped_into jump-into-window leads into its window
looping loop-at-entry leads back to its entry
entered symbol-in-window the symbol 'second_entry'
has_cold jump-into-window leads into its window
address relocated-window depend on the address the kernel runs at
data_in_text undecodable cannot be decoded
LIST
run build plain.o -k windows.elf -o w.patch --replace sizeless=check_v2
expect_status "a function without a size ends at the next symbol" 0
run build plain.o -k windows.elf -o w.patch --replace last=check_v2 --json
expect_json "any 5-byte instruction will do" 0 "j['sites'][0]['expect'] == 'b805000000'"
rm -f w.patch

# ---- kernels and objects that are none ----

strip -o stripped.elf kernel.elf
run build plain.o -k stripped.elf -o t.patch --replace check=check_v2
refused "a stripped kernel" bad-kernel "no symbol table"
nm kernel.elf | sort >System.map
run build plain.o -k stripped.elf --system-map System.map -o t.patch --replace check=check_v2 --json
expect_json "but not with its System.map" 0 "j['sites'][0]['window'] == '$(symbol check)'"
rm -f t.patch
ld -T kernel.lds --build-id=none --no-warn-rwx-segments -o noid.elf entry.o one.o two.o 2>/dev/null
run build plain.o -k noid.elf -o t.patch --replace check=check_v2
refused "a kernel without build-id" bad-kernel "--build-id"
run build plain.o -k plain.o -o t.patch --replace check=check_v2
refused "an object file as kernel" bad-kernel "neither ET_EXEC nor ET_DYN"
run build plain.o -k plain.c -o t.patch --replace check=check_v2
refused "a text file as kernel" bad-kernel "is not an ELF file"
run build plain.o -k missing.elf -o t.patch --replace check=check_v2
refused "a kernel that is missing" unreadable "missing.elf"
run build kernel.elf -k kernel.elf -o t.patch --replace check=check_v2
refused "a linked file as object" bad-object "linked already"
run build missing.o -k kernel.elf -o t.patch --replace check=check_v2
refused "an object that is missing" unreadable "missing.o"
head -c 700 plain.o >cut.o
run build cut.o -k kernel.elf -o t.patch --replace check=check_v2
expect_status "an object that is cut off" 4
head -c 5000 kernel.elf >cut.elf
run build plain.o -k cut.elf -o t.patch --replace check=check_v2
expect_status "a kernel that is cut off" 4
build plain --replace check=check_v2 --anchor no_anchor
refused "an anchor that is missing" no-anchor "no symbol 'no_anchor'"
build plain --replace check=check_v2 --name "two words"
refused "a name with a blank" bad-name "two words"
run build plain.o -k kernel.elf -o no/such/dir/t.patch --replace check=check_v2
refused "an output that cannot be written" unwritable "no/such/dir/t.patch"
assemble big.s <<'S'
.globl v2
.type v2, @function
v2: .fill 0x40001, 1, 0x90
.size v2, . - v2
S
build big --replace check=v2
refused "more code than a patch can hold" too-large "262145 bytes"

finish
