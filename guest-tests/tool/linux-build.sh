#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# `subtext build` of C sources against Debian's kernel: compiling, special sections, symbols. Skipped
# where the kernel was not fetched (scripts/linux-kernel).
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

linux=$TOP/.cache/linux/cloud
if ! [ -e "$linux/vmlinuz" ] || ! [ -e "$linux/build/Makefile" ]; then
	echo "ok 1 - the cloud kernel # SKIP it was not fetched"
	echo 1..1
	exit
fi
release=$(cat "$linux/release")
export XDG_CACHE_HOME=$work/cache TMPDIR=$work/tmp
mkdir tmp

# build NAME.c [OPTION]...: against Debian's kernel, into NAME.patch.
build() {
	rm -f ./*.patch
	run build "$1" --kernel "$linux/vmlinuz" --headers "$linux/build" "${@:2}"
}

# source_file NAME.c: stdin becomes a source with what every one of them has.
source_file() {
	{
		echo '#include <linux/seq_file.h>'
		echo '#include <subtext.h>'
		echo 'int cmdline_proc_show(struct seq_file *m, void *v);'
		cat
	} >"$1"
}

# refuses NAME CODE TEXT... -- ARGUMENT...: such a build exits with 4 and CODE, says each TEXT and
# writes nothing.
refuses() {
	local name=$1 code=$2 texts=()
	shift 2
	while [ "$1" != -- ]; do
		texts+=("$1")
		shift
	done
	shift
	rm -f ./*.patch
	run build "$@" --json
	expect_json "$name" 4 "j['error']['code'] == '$code' and all(t in '\\n'.join( \
		j['error']['problems']) for t in $(python3 -c 'import sys; print(sys.argv[1:])' "${texts[@]}"))"
	check "$name: nothing is written" test -z "$(ls -- *.patch *.tmp 2>/dev/null)"
}

# refused NAME CODE TEXT... -- SOURCE [OPTION]...: the same, against Debian's kernel.
refused() { refuses "$@" --kernel "$linux/vmlinuz" --headers "$linux/build"; }

# special EXPRESSION: Python on s, what inspect says of special constructs, by name.
special() {
	run inspect ./*.patch --json
	expect_json "$1" 0 "(lambda s: $2)({x['what']: x for x in j['special']})"
}

# ---- compiling ----

source_file fix.c <<'C'
#include "beside.h"
extern char *saved_command_line;
static int fixed(struct seq_file *m, void *v)
{
	seq_printf(m, "%s %d\n", saved_command_line, BESIDE);
	return 0;
}
SUBTEXT_REPLACE(cmdline_proc_show, fixed);
C
echo '#define BESIDE 7' >beside.h
build fix.c --json
expect_json "a source becomes a patch" 0 "j['file'] == 'fix.patch' and j['warnings'] == [] and \
	[(s['old'], s['new'], s['expect']) for s in j['sites']] == \
	[('cmdline_proc_show', 'fixed', '0f1f440000')]"
check "nothing is left in the temporary folder" test -z "$(ls tmp)"
cp fix.patch first.saved
run inspect fix.patch --json
expect_json "inspect: release, compiler, sizes" 0 "j['release'] == '$release' and \
	'Debian' in j['compiler'] and j['sites'][0]['old']['size'] > 16 and \
	j['sites'][0]['target']['size'] > 16 and j['sites'][0]['fentry']"
expect_json "the kernel's symbols by name without the kernel" 0 \
	"{'seq_printf', 'saved_command_line', '__x86_return_thunk'} == {u['symbol'] for u in j['uses']}"
expect_json "no calls of the tracer" 0 "'__fentry__' not in str(j['uses'])"
expect_json "a frame pointer, for the kernel's unwinder" 0 \
	"[c['text'] for c in j['sites'][0]['target']['code']][0] == 'push rbp'"
mkdir elsewhere
cp fix.c beside.h elsewhere
(cd elsewhere && TMPDIR=/tmp "$SUBTEXT" build ./fix.c -k "$linux/vmlinuz" -H "$linux/build" >/dev/null)
check "built elsewhere it is the same, byte for byte" cmp first.saved elsewhere/fix.patch
(cd elsewhere && MAKEFLAGS=-n KCFLAGS=-Dint=long "$SUBTEXT" build fix.c -k "$linux/vmlinuz" \
	-H "$linux/build" -o other.patch --name fix >/dev/null)
check "whatever make runs the build" cmp first.saved elsewhere/other.patch

build fix.c --keep kept -v
expect "-v shows the command" 0 "make -s --no-print-directory -C"
check "--keep keeps the object" test -s kept/fix.o
cp kept/fix.o whole.o
build whole.o
expect_status "and the object can be given instead" 0
mkdir headers
mv beside.h headers
build fix.c --include headers
expect_status "--include" 0
mv headers/beside.h .

source_file elsewhere/fix.c <<'C'
int helper(void);
int helper(void) { return 3; }
C
source_file uses.c <<'C'
int helper(void);
static int fixed(struct seq_file *m, void *v) { return helper(); }
SUBTEXT_REPLACE(cmdline_proc_show, fixed);
C
mkdir two
cp uses.c two/fix.c
build elsewhere/fix.c two/fix.c -o two.patch
expect_status "two sources of the same name" 0
source_file x-2.c <<'C'
int first(void);
int first(void) { return 1; }
C
source_file x.c <<'C'
int second(void);
int second(void) { return 2; }
C
source_file two/x.c <<'C'
int first(void), second(void);
static int fixed(struct seq_file *m, void *v) { return first() + second(); }
SUBTEXT_REPLACE(cmdline_proc_show, fixed);
C
run build x-2.c x.c two/x.c -k "$linux/vmlinuz" -H "$linux/build" -o two.patch
expect_status "a third one that is called as the second would be" 0

printf '#include <subtext.h>\nint f(void)\n{\n\treturn nothing;\n}\n' >"a b.c"
refused "a source that does not compile" compile "a b.c:4:16: error:" -- "a b.c" --name ab
refused "a source that is missing" unreadable "cannot open ./elsewhere/missing.c" -- \
	./elsewhere/missing.c
check "no folder is left" test -z "$(ls tmp)"
"$SUBTEXT" build fix.c -k "$linux/vmlinuz" -H "$linux/build" -o fix.patch >out 2>err &
last=$!
for ((i = 0; i < 1000 && $(find tmp -name log | wc -l) == 0; i++)); do sleep 0.01; done
kill "$last"
status=0
wait "$last" || status=$?
out=$(cat out) err=$(cat err)
expect "a build that is ended while it compiles" 4 "the compilation was interrupted"
check "cleans up" test -z "$(ls tmp)"
source_file warned.c <<'C'
static int fixed(struct seq_file *m, void *v) { int a = "b"; return a; }
SUBTEXT_REPLACE(cmdline_proc_show, fixed);
C
build warned.c
expect "warnings are shown" 0 "warned.c:4:57: warning:"
{
	echo 'static int fixed(struct seq_file *m, void *v) { return 0; }'
	echo 'SUBTEXT_REPLACE(cmdline_proc_show, fixed);'
	for ((i = 0; i < 2000; i++)); do printf '#pragma message("%0600d")\n' $i; done
} | source_file chatty.c
build chatty.c --json
expect_json "more messages than anyone reads: the first ones" 0 \
	"1 << 19 < len(j['warnings'][0]) <= 1 << 20"
source_file wrongtype.c <<'C'
static int fixed(struct seq_file *m) { return 0; }
SUBTEXT_REPLACE(cmdline_proc_show, fixed);
C
refused "SUBTEXT_REPLACE compares types" compile "fixed has not the type of cmdline_proc_show" -- \
	wrongtype.c

sed 's/GCC: (.*"/GCC: (Other 1.2-3) 1.2.3"/' >other.s <<'S'
.text
.globl v2
.type v2, @function
v2: ret
.size v2, . - v2
.ident "GCC: ()"
S
as -o other.o other.s
build other.o --replace cmdline_proc_show=v2
expect "another compiler than the kernel's is warned of" 0 \
	"warning: other.o was compiled by (Other 1.2-3) 1.2.3, the kernel by another compiler"

# ---- headers ----

if [ -e "/lib/modules/$release/build" ] || [ -e "/usr/src/linux-headers-$release" ]; then
	run build fix.c -k "$linux/vmlinuz"
	expect_status "headers where distributions have them" 0
else
	refuses "no headers" no-headers "linux-headers-$release" -- fix.c -k "$linux/vmlinuz"
fi
refuses "a folder that is none" no-headers "is not a folder that modules for a kernel are built in" \
	-- fix.c -k "$linux/vmlinuz" -H elsewhere
mkdir -p old/include/generated
echo '#define UTS_RELEASE "6.1.0-1-cloud-amd64"' >old/include/generated/utsrelease.h
refuses "headers of another release" other-headers "are for Linux 6.1.0-1-cloud-amd64, but" \
	"$release" -- fix.c -k "$linux/vmlinuz" -H old
make_kernel
refuses "a kernel that is no Linux" no-release "has no linux_banner" -- fix.c -k kernel.elf \
	-H "$linux/build"

# ---- special sections that are done in another way ----

source_file applied.c <<'C'
#include <linux/bug.h>
#include <linux/cpufeature.h>
#include <linux/jump_label.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/uaccess.h>
#include <asm/msr.h>
#include <trace/events/sched.h>
extern struct static_key_false sched_schedstats;
static DEFINE_STATIC_KEY_TRUE(own_key);
atomic_t counter;
static noinline int jumps(int a)
{
	if (static_branch_unlikely(&sched_schedstats))
		a *= 3;
	if (static_branch_likely(&own_key))
		a += 5;
	return a;
}
static noinline int checks(int a)
{
	WARN_ON(a == 1);
	WARN_ON_ONCE(a == 2);
	BUG_ON(a == 3);
	return static_cpu_has(X86_FEATURE_SMAP) + hweight64(a);
}
static int fixed(struct seq_file *m, void *v)
{
	trace_sched_waking(current);
	pr_debug("quiet\n");
	cond_resched();
	atomic_inc(&counter);
	stac();
	clac();
	barrier_nospec();
	return jumps(checks(rdtsc_ordered())) + access_ok(v, 5);
}
SUBTEXT_REPLACE(cmdline_proc_show, fixed);
C
build applied.c --keep kept
expect_status "constructs that need something of the kernel's build" 0
for name in __jump_table __bug_table __ex_table .altinstr_aux .orc_unwind .static_call_sites __mcount_loc; do
	check "the object has no $name" bash -c "! readelf -SW kept/applied.o | grep -q ' $name '"
done
special "jump labels, with their functions" "s['jump-label']['count'] == 4 and \
	'jumps (2)' in s['jump-label']['why'] and 'fixed (2)' in s['jump-label']['why']"
special "WARN and BUG" "s['WARN']['count'] == 2 and s['BUG']['count'] == 1 and \
	'in checks' in s['BUG']['why']"
special "STAC and CLAC" "s['STAC/CLAC']['count'] == 2"
special "static_cpu_has, task size, barriers" "s['static_cpu_has']['count'] == 1 and \
	s['TASK_SIZE_MAX']['count'] == 1 and s['barrier_nospec']['count'] == 1 and \
	s['rdtsc_ordered']['count'] == 1"
special "alternatives that stay" "s['alternative-POPCNT']['how'] == 'original'"
special "pr_debug" "s['__dyndbg']['how'] == 'kept'"
special "lock prefixes" "s['.smp_locks']['how'] == 'left-out'"
expect_json "static calls by their trampolines" 0 \
	"{'__SCT__cond_resched', '__SCT__tp_func_sched_waking'} <= {u['symbol'] for u in j['uses']}"
expect_json "per-CPU variables do not move" 0 \
	"[u['absolute'] for u in j['uses'] if u['symbol'] == '__preempt_count'] == [True]"
expect_json "and other variables do" 0 \
	"[u['absolute'] for u in j['uses'] if u['symbol'] == 'sched_schedstats'] == [False]"
expect_json "no fixup of the kernel's slide for them" 0 \
	"[f['base'] for f in j['fixups'] if f['refers'].startswith('__preempt_count')][0] == 'absolute'"
run inspect applied.patch
expect "inspect prints the notes" 0 "BUG: applied: prints file and line"

source_file unused.c <<'C'
static int fixed(struct seq_file *m, void *v) { return 0; }
SUBTEXT_REPLACE(cmdline_proc_show, fixed);
C
build unused.c --json
expect_json "helpers that nothing calls are not in the patch" 0 "j['text'] < 20 and j['data_mem'] == 0"

# ---- special sections that are refused, each by its name; all of them in one go ----

source_file refused.c <<'C'
#include <linux/export.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/static_call.h>
#include <linux/syscalls.h>
static DEFINE_PER_CPU(int, mine);
int exported;
EXPORT_SYMBOL_GPL(exported);
static int __init start(void) { return 0; }
late_initcall(start);
MODULE_LICENSE("GPL");
static int parameter;
module_param(parameter, int, 0);
SYSCALL_DEFINE1(subtext, int, a) { return a; }
static int fixed(struct seq_file *m, void *v) { return this_cpu_read(mine); }
SUBTEXT_REPLACE(cmdline_proc_show, fixed);
C
refused "sections that would not be run or registered" section "section .data..percpu: per-CPU variables" \
	"section .init.text: " "section .modinfo: a patch is not a module" "section __param: " \
	"a patch cannot export symbols" "section __syscalls_metadata: " "section .initcall7.init: " -- refused.c

source_file fault.c <<'C'
#include <linux/uaccess.h>
static noinline int peek(int __user *p)
{
	int v = 0;

	if (!user_access_begin(p, 4))
		return -EFAULT;
	unsafe_get_user(v, p, failed);
failed:
	user_access_end();
	return v;
}
static int fixed(struct seq_file *m, void *v) { return peek((int __user *)v); }
SUBTEXT_REPLACE(cmdline_proc_show, fixed);
C
refused "an exception table" section "fault.c: section __ex_table, for peek: " "copy_from_user()" -- fault.c

build fault.c --exception-table --json
expect_json "--exception-table: the kernel's search is replaced too" 0 \
	"[(s['old'], s['new']) for s in j['sites']] == [('search_exception_tables', \
	'subtext_search_extable'), ('cmdline_proc_show', 'fixed')] and j['data'] == 12"
special "inspect lists the entries" "s['__ex_table']['how'] == 'applied' and \
	s['__ex_table']['count'] == 1 and s['__ex_table']['why'].endswith('in peek')"
expect_json "entries are distances to the code, filled in by the hypervisor" 0 \
	"[(f['offset'], f['type'], f['base']) for f in j['fixups'] if f['in'] == 'data'] == \
	[('0x0', 'pc32', 'text'), ('0x4', 'pc32', 'text')]"
refused "--exception-table for nothing" no-exceptions "leave the option out" -- fix.c \
	--exception-table

source_file ibpb.c <<'C'
#include <asm/nospec-branch.h>
static noinline void barrier_of_branches(void) { indirect_branch_prediction_barrier(); }
static int fixed(struct seq_file *m, void *v) { barrier_of_branches(); return 0; }
SUBTEXT_REPLACE(cmdline_proc_show, fixed);
C
refused "an alternative that must be applied" alternative \
	"barrier_of_branches: an alternative for CPU feature USE_IBPB" "barrier would be missing" -- ibpb.c
source_file strange.c <<'C'
#include <asm/alternative.h>
static int fixed(struct seq_file *m, void *v)
{
	alternative("nop", "pause", X86_FEATURE_AVX2);
	return 0;
}
SUBTEXT_REPLACE(cmdline_proc_show, fixed);
C
refused "an alternative for an unknown CPU feature" alternative \
	"fixed: an alternative for CPU feature 9*32+5 " -- strange.c

# The same source compiled without the headers of this tool, as a module would be.
source_file module.c <<'C'
#include <linux/bug.h>
#include <linux/jump_label.h>
extern struct static_key_false sched_schedstats;
int fixed(struct seq_file *m, void *v)
{
	WARN_ON(!v);
	return static_branch_unlikely(&sched_schedstats);
}
C
mkdir kbuild
sed '/subtext.h/d' module.c >kbuild/module.c
printf 'obj-y := module.o\nOBJECT_FILES_NON_STANDARD := y\n' >kbuild/Kbuild
make -s -C "$linux/build" M="$work/kbuild" module.o >/dev/null 2>&1
refused "an object with tables of the kernel's" section "section __jump_table, for fixed: " \
	"section __bug_table, for fixed: " "give the C source" -- kbuild/module.o --replace cmdline_proc_show=fixed -o m.patch

# ---- symbols ----

source_file ambiguous.c <<'C'
extern void p_start(void);
extern int nowhere;
static int fixed(struct seq_file *m, void *v) { p_start(); return nowhere; }
SUBTEXT_REPLACE(cmdline_proc_show, fixed);
C
refused "an ambiguous symbol, and one that is nowhere" ambiguous-symbol "'p_start' is ambiguous" \
	"p_start@2  0x" ", between " "'nowhere' is neither in the object files nor in" -- ambiguous.c
source_file picked.c <<'C'
extern void start_of_b(void);
SUBTEXT_SYMBOL(start_of_b, "p_start@2");
extern int counted;
SUBTEXT_SYMBOL(counted, "count.0@2");
static int fixed(struct seq_file *m, void *v) { start_of_b(); return counted; }
SUBTEXT_REPLACE(cmdline_proc_show, fixed);
C
build picked.c
run inspect picked.patch --json
second() { "$SUBTEXT" symbols -k "$linux/vmlinuz" "$1" | sort | sed -n '2s/ .*//p'; }
expect_json "SUBTEXT_SYMBOL picks one, and a static variable of a function" 0 \
	"{u['symbol']: int(u['address'], 16) for u in j['uses'] if u['symbol'] in ('p_start', 'count.0')} \
	== {'p_start': 0x$(second p_start), 'count.0': 0x$(second count.0)}"
source_file static.c <<'C'
extern int count;
static int fixed(struct seq_file *m, void *v) { return count; }
SUBTEXT_REPLACE(cmdline_proc_show, fixed);
C
refused "a static variable of a function, by its bare name" undefined-symbol "which has count.0 (0x" -- static.c
build picked.c --symbol start_of_b=p_start@1
run inspect picked.patch --json
expect_json "--symbol goes before the source" 0 \
	"0x$(second p_start) not in [int(u['address'], 16) for u in j['uses']]"
sed 's/count\.0@2/0xnumber/' picked.c >noaddress.c
refused "an address that is none" symbol-record 'SUBTEXT_SYMBOL(counted, "0xnumber")' -- noaddress.c
source_file variadic.c <<'C'
#include <linux/printk.h>
int printk_variadic(const char *fmt, ...);
SUBTEXT_REPLACE_NAMED("_printk", printk_variadic);
int printk_variadic(const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vprintk(fmt, args);
	va_end(args);
	return n;
}
C
build variadic.c
expect_status "a variadic function" 0

# ---- functions of the kernel that cannot be replaced ----

gcc -c -O2 -ffreestanding -mcmodel=kernel -fno-pic -fcf-protection=none -o v2.o -xc - <<<'int v2(int a) { return a; }'
while read -r function code text; do
	refused "$function" "$code" "$text" -- v2.o --replace "$function=v2"
done <<'LIST'
do_syscall_64 no-probes allows no probe
copy_user_generic_unrolled no-fentry no NOP for its tracer
clear_page_erms untraced may expect it to keep registers
start_kernel init-section freed after boot
saved_command_line not-code it is not a function
LIST
refused "a function that is no symbol" undefined-symbol "made it a part of its callers" -- v2.o --replace no_such_function=v2

finish
