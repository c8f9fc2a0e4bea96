#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Kernels as distributions ship them: symbols, relocations and tables out of a vmlinuz, against what
# nm(1) and a program of its own say of the same kernel.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
unset XDG_CACHE_HOME
export HOME=$work
VMLINUZ=$TOP/guest-tests/tool/vmlinuz.py

# pack OUT PACKING [FORM]: kernel.elf as a vmlinuz.
pack() { python3 "$VMLINUZ" make kernel.elf "$@"; }

# A kernel with tables about its own code and per-CPU data; .kallsyms is filled in later.
make_stock_kernel() {
	make_kernel
	assemble more.s <<-'S'
	.text
	.globl takes_address, faults, branches, plain
	.type takes_address, @function
	takes_address: push $limit
		pop %rax
		mov %gs:per_cpu_counter(%rip), %eax
		ret
	.globl takes_percpu
	.type takes_percpu, @function
	takes_percpu: mov %gs:per_cpu_counter(%rip), %eax
		ret
	.type faults, @function
	faults: .byte 0x0f, 0x1f, 0x44, 0, 0
	1: mov (%rdi), %rax
	2: ret
	3: xor %eax, %eax
		ret
	.pushsection __ex_table, "a"
	.long 1b - ., 3b - ., 3
	.popsection
	.type branches, @function
	branches: .byte 0x0f, 0x1f, 0x44, 0, 0
	4: .byte 0x66, 0x90
	5: .byte 0x0f, 0x1f, 0x44, 0, 0
	6: call plain
	7: lock incl limit(%rip)
	8: ud2
	9: ret
	.pushsection __jump_table, "aw"
	.long 4b - ., 9b - .
	.quad limit - . + 1
	.long 5b - ., 9b - .
	.quad limit - . + 2
	.popsection
	.pushsection .static_call_sites, "aw"
	.long 6b - ., limit - .
	.popsection
	.pushsection .smp_locks, "a"
	.long 7b - ., 0
	.popsection
	.pushsection __bug_table, "aw"
	.long 8b - ., limit - .
	.word 77, 1
	.popsection
	.pushsection .altinstructions, "a"
	.long 6b - ., 9b - .
	.word 0x3a
	.byte 5, 1
	.popsection
	.pushsection .parainstructions, "a"
	.quad 6b
	.byte 3, 5
	.balign 8
	.popsection
	.pushsection .return_sites, "a"
	.long 9b - .
	.popsection
	.pushsection __mcount_loc, "a"
	.quad faults, branches
	.popsection
	.pushsection _kprobe_blacklist, "aw"
	.quad plain
	.popsection
	.pushsection .orc_unwind_ip, "a"
	.long faults - ., branches - .
	.popsection
	.type plain, @function
	plain: .byte 0x0f, 0x1f, 0x44, 0, 0
		ret
	.globl long_name_123456789_123456789_123456789_123456789_123456789_123456789_123456789_123456789_123456789_123456789_123456789_123456789_123456789_123456789
	long_name_123456789_123456789_123456789_123456789_123456789_123456789_123456789_123456789_123456789_123456789_123456789_123456789_123456789_123456789: ret
	.section .data..percpu, "aw"
	.long 0, 0
	.globl per_cpu_counter
	per_cpu_counter: .long 0
	.section .kallsyms, "a"
	.balign 8
	.space 16384
	S
	cat >kernel.lds <<-'LDS'
	SECTIONS
	{
		. = 0xffffffff81000000;
		_text = .;
		.text : { *(.text .text.*) }
		_etext = .;
		.rodata : {
			*(.rodata .rodata.*)
			. = ALIGN(8);
			__start___jump_table = .; *(__jump_table) __stop___jump_table = .;
			__start_static_call_sites = .; *(.static_call_sites) __stop_static_call_sites = .;
		}
		.kallsyms : { *(.kallsyms) }
		__ex_table : { __start___ex_table = .; *(__ex_table) __stop___ex_table = .; }
		.notes : { *(.note.gnu.build-id) }
		. = ALIGN(4096);
		.data : { *(.data .data.[a-z]*) }
		__bug_table : { __start___bug_table = .; *(__bug_table) __stop___bug_table = .; }
		.orc_unwind_ip : { *(.orc_unwind_ip) }
		. = ALIGN(4096);
		load = .;
		.data..percpu 0 : AT(load) { *(.data..percpu) }
		. = load + SIZEOF(.data..percpu);
		. = ALIGN(4096);
		__init_begin = .;
		.init.text : { *(.init.text) }
		.init.data : { . = ALIGN(8); __start_mcount_loc = .; *(__mcount_loc) __stop_mcount_loc = .;
			__start_kprobe_blacklist = .; *(_kprobe_blacklist) __stop_kprobe_blacklist = .; }
		.parainstructions : { __parainstructions = .; *(.parainstructions) __parainstructions_end = .; }
		.return_sites : { __return_sites = .; *(.return_sites) __return_sites_end = .; }
		.altinstructions : { __alt_instructions = .; *(.altinstructions) __alt_instructions_end = .; }
		.smp_locks : { __smp_locks = .; *(.smp_locks) __smp_locks_end = .; }
		__init_end = .;
		.bss : { *(.bss .bss.* COMMON) }
		/DISCARD/ : { *(.eh_frame) *(.note.gnu.property) *(.interp) *(.comment) }
	}
	LDS
	link_stock kernel.elf
}

# link_stock OUT [FILE.o...]: with these, too.
link_stock() {
	ld -T kernel.lds --build-id=sha1 -z noexecstack --no-warn-rwx-segments --emit-relocs \
		-e entry_SYSCALL_64 -o "$1" entry.o one.o two.o more.o "${@:2}"
}
make_stock_kernel || { echo "Bail out! no kernel to test with"; exit 1; }

# ---- each packing, each form ----

# What nm says, per-CPU symbols as kallsyms has them.
nm kernel.elf | sed 's/^\(00000000[0-9a-f]*\) ./\1 A/' | sort >want
while read -r name packing form; do
	pack "$name" "$packing" "$form"
	run symbols --no-cache --kernel "$name"
	expect_status "$packing, $form: is read" 0
	check "$packing, $form: has the symbols that nm lists" diff <(awk '{print $1,$2,$3}' out | sort) want
	run symbols --no-cache --kernel "$name" --json _text
	expect_json "$packing, $form: and says what it is" 0 \
		"j['packing'] == '$packing' and j['source'] == 'kallsyms' and j['relocations'] > 5"
done <<'LIST'
k.none none old
k.gzip gzip old
k.xz xz old
k.zstd zstd old
k.lz4 lz4 old
k.new lz4 new
k.absolute gzip absolute
LIST
check "nothing is left in the cache with --no-cache" [ ! -e .cache ]

# ---- what else is known of a symbol ----

readelf -n kernel.elf | sed -n 's/.*Build ID: //p' >build-id
run symbols -k k.lz4 --json check per_cpu_counter setup limit 'long_name*'
expect_json "the build-id" 0 "j['build_id'] == open('build-id').read().strip()"
cp out found
# shellcheck disable=SC2016
is_symbol='(lambda s: %s)({s["name"]: s for s in j["symbols"]}[%s])'
while IFS='|' read -r text name test; do
	cp found out
	# shellcheck disable=SC2059
	out=$(cat out) expect_json "$text" 0 "$(printf "$is_symbol" "$test" "'$name'")"
done <<'LIST'
a function is executable|check|s['executable'] and s['section'] == '.text' and not s['freed']
per-CPU data does not move|per_cpu_counter|s['absolute'] and s['address'] == '0x8' and s['type'] == 'A'
and is cut off where its section ends|per_cpu_counter|s['size'] == 4
code that is freed after boot|setup|s['freed'] and s['section'] == '.init.text'
data is not executable|limit|not s['executable'] and s['size'] == 4
LIST
run symbols -k k.lz4 "0x$(nm kernel.elf | sed -n 's/ T call_one$//p')"
expect "an address is looked up" 0 "T call_one"
run symbols -k k.lz4 nobody 'no*thing'
expect "a name that is not there" 4 "no symbol like 'nobody'"
run symbols -k k.lz4 0x1234567890
expect "an address where nothing is" 4 "no symbol at '0x1234567890'"
run symbols -k kernel.elf "0x$(nm kernel.elf | sed -n 's/0 T entry_SYSCALL_64$/1/p')"
expect "nor in the padding behind a function" 4 "no symbol at"
run symbols -k kernel.elf "0x$(nm kernel.elf | sed -n 's/ . __init_end$//p')"
expect "but at a label" 0 " __init_end"
# Up to the next symbol: never less than the symbol table says, and the next one begins there.
run symbols -k k.lz4
check "sizes reach to the next symbol" python3 - <<'PY'
import subprocess
exact = {}
for line in subprocess.run(["nm", "-S", "kernel.elf"], capture_output=True, text=True).stdout.splitlines():
    parts = line.split()
    if len(parts) == 4:
        exact[int(parts[0], 16), parts[3]] = int(parts[1], 16)
rows = [line.split() for line in open("out")]
places = sorted({int(r[0], 16) for r in rows})
for addr, _, name, size in rows:
    addr, size = int(addr, 16), int(size)
    assert size >= exact.get((addr, name), 0), name
    assert not [p for p in places if addr < p < addr + size], name
assert len(exact) > 10
PY

# ---- names that are not unique ----

compile fix.c <<'C'
int call_two(int);
int new_twin(int a) { return call_two(a); }
C
run build fix.o -k k.lz4 -o t.patch --replace local_twin=new_twin
expect "an ambiguous name is refused" 4 "'local_twin' is ambiguous, the kernel has 2 of that name; use name@N"
expect "the candidates are distinguished by their neighbours" 4 "local_twin@2  0x"
expect "neighbours" 4 ", between entry_SYSCALL_64 and helper"
second=$(nm kernel.elf | sed -n 's/ t local_twin$//p' | sort | tail -n 1)
run build fix.o -k k.lz4 -o t.patch --replace local_twin@2=new_twin --untraced --json
expect_json "name@N picks one in order of address" 0 "j['sites'][0]['window'] == '0x$second'"
run build fix.o -k k.lz4 -o t.patch --replace local_twin@3=new_twin
expect "there are only two" 4 "no symbol of k.lz4"

long=$(printf 'x%.0s' {1..300})
objcopy --redefine-sym call_one="$long" kernel.elf long.elf 2>/dev/null
run build fix.o -k long.elf -o t.patch --replace "$long=new_twin" --untraced
expect_status "a name as long as only a compiler makes them" 0

# ---- building against it gives what building against the ELF file gives ----

compile both.c <<'C'
#include <subtext.h>
extern int limit, counter;
int check(int), helper(int);
int new_check(int a) { counter++; return helper(a) + limit; }
SUBTEXT_REPLACE(check, new_check);
C
nm kernel.elf >System.map
for k in kernel.elf k.xz 'k.gzip --system-map System.map'; do
	# shellcheck disable=SC2086
	run build both.o -k $k -o both.patch --untraced --json
	expect_status "a patch for $k" 0
	run inspect both.patch --json
	# All but how long the old function is: here padding belongs to it.
	python3 -c 'import json; j = json.load(open("out"))
for s in j["sites"]: s.pop("old", None)
print([j[k] for k in ("build_id", "build_id_address", "anchor", "sites", "fixups")])' >"${k%% *}.patch"
done
check "is the same for the ELF file and vmlinuz" diff kernel.elf.patch k.xz.patch
check "and with System.map" diff k.xz.patch k.gzip.patch
run build fix.o -k k.gzip -o t.patch --replace takes_address=new_twin
expect "relocations behind the image are heeded" 4 "depend on the address the kernel runs at"
for k in kernel.elf k.gzip; do
	run build fix.o -k $k -o t.patch --replace takes_percpu=new_twin
	expect "$k: so are distances to per-CPU data" 4 "depend on the address the kernel runs at"
done
run build fix.o -k k.gzip -o t.patch --replace setup=new_twin
expect "so is what is freed after boot" 4 "freed after boot"

printf '.section .debug_info, "", @progbits\n.quad check, helper\n' | assemble debug.s
link_stock debug.elf debug.o
check "a kernel with debug information that has relocations" \
	grep -q ' .rela.debug_info ' <(readelf -SW debug.elf)
run symbols -k kernel.elf --json _text
cp out found
run symbols -k debug.elf --json _text
expect_json "does not count them" 0 "j['relocations'] == json.load(open('found'))['relocations'] > 5"

# ---- tables ----

run symbols -k k.lz4 --tables faults branches plain --json
expect_json "entries of the kernel's tables" 0 "{s['name']: sorted((e['table'], int(e['address'], 16) -
	int(s['address'], 16), e['len']) for e in s['entries']) for s in j['symbols']} == {
	'faults': [('exception-table', 5, 1), ('ftrace', 0, 5)],
	'branches': [('alternative', 12, 5), ('bug', 24, 2), ('ftrace', 0, 5), ('jump-label', 5, 2),
		('jump-label', 7, 5), ('paravirt', 12, 5), ('return', 26, 1), ('smp-lock', 17, 1),
		('static-call', 12, 5)],
	'plain': [('kprobe-blacklist', 0, 6)]}"
expect_json "where a fault leads" 0 "[int(e['target'], 16) - int(s['address'], 16) for s in j['symbols']
	for e in s['entries'] if s['name'] == 'faults' and e['table'] == 'exception-table'] == [9]"
expect_json "how much is in each" 0 "j['tables'] == {'exception-table': 1, 'jump-label': 2, 'static-call': 1,
	'alternative': 1, 'paravirt': 1, 'return': 1, 'smp-lock': 1, 'ftrace': 2, 'kprobe-blacklist': 1,
	'bug': 1, 'orc': 2}"
run symbols -k kernel.elf --tables faults
expect "from the ELF file too" 0 "exception table, leads to 0x"
cp kernel.elf good.elf
objcopy --update-section __ex_table=<(printf '\1\0\0\0\2\0\0\0\3\0\0\0') kernel.elf 2>/dev/null
pack k.table lz4
run symbols -k k.table --tables faults
expect "a table that is not about code is an error" 4 "exception table entries"
cp good.elf kernel.elf

# ---- System.map ----

run symbols -k k.lz4 --system-map System.map
check "symbols from System.map" diff <(awk '{print $1,$2,$3}' out | sort) <(sort System.map)
run symbols -k k.lz4 --system-map System.map per_cpu_counter --json
expect_json "the output has the source of the symbols" 0 "j['source'] == 'system-map' and j['symbols'][0]['absolute']"
grep -v ' __init_begin$' System.map >other
run symbols -k k.lz4 --system-map other --json check setup
expect_json "without one end of what is freed, the section decides" 0 \
	"[s['freed'] for s in j['symbols']] == [False, True]"
echo 'ffffffffffffffff B The real System.map is in the linux-image-<version>-dbg package' >stub
run symbols -k k.lz4 --system-map stub
expect "a System.map without symbols is refused" 4 "without --system-map the symbols are taken from the kernel image"
sed 's/81\(.* _text\)$/82\1/' System.map >other
run symbols -k k.lz4 --system-map other
expect "the map of another kernel" 4 "is not for k.lz4"
echo 'not a map' >other
run symbols -k k.lz4 --system-map other
expect "a file that is none" 4 "line 1 is not 'ADDRESS TYPE NAME'"
{ echo; cat System.map; printf '\n\nnot a map\n'; } >other
run symbols -k k.lz4 --system-map other
expect "empty lines are counted" 4 "line $(wc -l <other) is not"
sed -i '$d' other
run symbols -k k.lz4 --system-map other
check "and mean nothing" diff <(awk '{print $1,$2,$3}' out | sort) <(sort System.map)
run symbols -k k.lz4 --system-map /nowhere
expect "a file that is not there" 4 "cannot open /nowhere"

# ---- the cache ----

rm -rf .cache
run symbols -k k.xz
cp out first
entry=$(echo .cache/subtext/*.image)
check "an unpacked kernel is kept" [ -f "$entry" ]
check "for its user alone" [ "$(stat -c %a .cache/subtext "$entry" | tr '\n' ' ')" = "700 600 " ]
touch -d 2001-01-01 "$entry"
run symbols -k k.xz
check "and used" [ "$(stat -c %Y "$entry")" -gt 1000000000 ]
check "to the same effect" cmp out first
# shellcheck disable=SC2016  # for eval
for damage in 'printf X >"$entry"' ': >"$entry"' 'truncate -s -9 "$entry"' \
	'head -c 2000 /dev/zero | tr "\\0" X | dd of="$entry" bs=1 seek=900 conv=notrunc' 'rm "$entry"; mkdir "$entry"' \
	'rm -rf "$entry"; ln -s /etc/passwd "$entry"'; do
	eval "$damage" 2>/dev/null
	run symbols -k k.xz
	check "damaged by $damage: is not believed" cmp out first
	check "damaged by $damage: nothing on stderr" [ ! -s err ]
	run symbols -k k.xz
done
# Damage that lz4 cannot see: random bytes are stored as they are.
python3 - "$entry" <<'PY'
import sys
raw, build_id = open(sys.argv[1], "rb").read(), bytes.fromhex(open("build-id").read())
assert raw.count(build_id) == 1
open(sys.argv[1], "wb").write(raw.replace(build_id, build_id[::-1]))
PY
run symbols -k k.xz _text --json
expect_json "damaged where lz4 cannot see it: is not believed" 0 \
	"j['build_id'] == open('build-id').read().strip()"
rm -rf "$entry"
run symbols -k k.gzip
mv .cache/subtext/*.image "$entry"
run symbols -k k.xz
check "the entry of another kernel is not believed" cmp out first
for i in 1 2 3 4 5 6 7 8 9; do
	touch -d "2001-01-0$i" ".cache/subtext/$i.image"
done
touch -d 2000-01-01 .cache/subtext/0.image.4242
run symbols -k k.zstd
check "the oldest make room" [ "$(ls .cache/subtext | sed -n 's/^\(.\)\.image$/\1/p' | tr -d '\n')" = 456789 ]
check "nothing half written is left, of a run that was killed neither" [ "$(ls .cache/subtext | grep -vc 'image$')" = 0 ]
rm -rf .cache
echo "in the way" >.cache
run symbols -k k.xz
check "no place for a cache: as good" cmp out first
rm .cache
HOME='' run symbols -k k.xz
check "no home: as good" cmp out first
check "and no cache anywhere" [ ! -e .cache ]

# ---- files that are no kernel, or not whole ----

: >empty
head -c 3000 /dev/zero >zeros
printf 'HdrS' | dd of=zeros bs=1 seek=514 conv=notrunc 2>/dev/null
head -c 4000 k.xz >short
cp k.gzip packed-otherwise
printf 'BZh' | dd of=packed-otherwise bs=1 seek=$((2048 + 64)) conv=notrunc 2>/dev/null
strip -s -R .kallsyms -o nothing.elf kernel.elf
while IFS='|' read -r file want; do
	run symbols --no-cache -k "$file"
	expect "refused: $file" 4 "$want"
done <<'LIST'
empty|it is empty
/nowhere|No such file
.|it is not a file
zeros|is a kernel older than Linux 2.6.25
short|its header points outside of it
packed-otherwise|its bzip2 part is packed in a way that this tool does not undo
nothing.elf|has no symbol table, and no kallsyms in a form that this tool knows
LIST
check "a damaged kernel is refused, or read, but never more" python3 - "$SUBTEXT" <<'PY'
import random, subprocess, sys
random.seed(3)
whole = open("k.none", "rb").read()
seen = set()
for i in range(90):
    raw = bytearray(whole)
    if i % 3 == 0:
        raw = raw[:random.randrange(len(raw))]
    else:
        # Headers lie at both ends of the ELF file.
        for _ in range(random.choice((1, 4, 30))):
            at = random.choice((random.randrange(0x200, 0x260), random.randrange(2112, 2112 + 500),
                                random.randrange(len(raw) - 4000, len(raw)), random.randrange(len(raw))))
            raw[at] = random.choice((0, 1, 0x7f, 0xff, random.randrange(256)))
    open("hurt", "wb").write(raw)
    done = subprocess.run([sys.argv[1], "symbols", "--no-cache", "-k", "hurt", "--tables", "faults"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode in (0, 4), (i, done.returncode, done.stderr)
    assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
    seen.add(done.returncode)
assert seen == {0, 4}, seen
PY

# ---- stock kernels, if they were fetched ----

for flavour in cloud generic; do
	vmlinuz=$TOP/.cache/linux/$flavour/vmlinuz
	if [ ! -e "$vmlinuz" ]; then
		pass "the $flavour kernel # SKIP it was not fetched"
		continue
	fi
	python3 "$VMLINUZ" symbols "$vmlinuz" >want
	run symbols --no-cache -k "$vmlinuz"
	check "the $flavour kernel: $(wc -l <want) symbols" diff -q <(awk '{print $1,$2,$3}' out) want
	python3 "$VMLINUZ" tables "$vmlinuz" | sort -u >want
	run symbols --no-cache -k "$vmlinuz" --json --tables '*'
	expect_status "the $flavour kernel: its tables are read" 0
	check "the $flavour kernel: $(wc -l <want) entries of its tables" diff -q want <(python3 -c '
import json
for s in json.load(open("out"))["symbols"]:
    for e in s.get("entries", ()):
        if e["table"] != "kprobe-blacklist":
            print(e["table"], e["address"])' | sort -u)
done
finish
