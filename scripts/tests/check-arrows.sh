#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The check of the arrows between folders: on small made-up trees, then on this one.
. "$(dirname "$0")/lib.bash"

# file PATH [INCLUDED PATH]...
file() {
	printf '#include <stdint.h>\n' >"tree/$1"
	[ $# = 1 ] || printf '#include "%s"\n' "${@:2}" >>"tree/$1"
}
# Every arrow runs down; two folders of one level may have one between them.
mkdir -p tree/{boot,vmm/{mem,smp,vmx},patcher/{wire,engine},guest-tests/unit} \
	tree/patcher/cli/{base,build,commands,include/kernel,kernel}
file patcher/wire/line.h
file patcher/wire/line.c patcher/wire/line.h
file patcher/engine/site.c patcher/wire/line.h
file vmm/cpu.h patcher/engine/engine.h
file vmm/mem/pool.h vmm/cpu.h
file vmm/vmx/run.c vmm/mem/pool.h vmm/cpu.h
file vmm/main.c vmm/vmx/run.h vmm/cpu.h
file boot/main.c vmm/vmx/caps.h vmm/boot_info.h patcher/wire/line.h
file patcher/cli/base/out.c patcher/wire/line.h
file patcher/cli/kernel/elf.c patcher/cli/base/out.h patcher/cli/code/disasm.h
file patcher/cli/main.c patcher/cli/commands/ask.h
file patcher/cli/include/kernel/late.h asm/anything.h
file guest-tests/unit/test.c patcher/engine/site.h boot/main.h
mv tree good
good_tree() { rm -rf tree; cp -r good tree; }
# faults: what the check says of the tree, without its name, and its exit status.
faults() {
	local status=0
	"$repo/scripts/check-arrows" tree 2>&1 >out | sed 's/^check-arrows: //'
	status=${PIPESTATUS[0]}
	echo "status $status"
}

good_tree
is 'a good tree' "$(faults)" 'status 0'
is 'its folders are printed, with their arrows' "$(grep -E '^(boot|vmm/vmx|patcher/wire)' out)" \
'boot -> vmm/vmx 1, vmm/*.h 1, patcher/wire 1
vmm/vmx -> vmm/mem 1, vmm/*.h 1
patcher/wire'

# bad NAME FAULT FILE INCLUDED: one more file, one fault.
bad() {
	good_tree
	file "$3" "$4"
	is "$1" "$(faults)" "$3 line 2 includes $4$2"$'\nstatus 1'
}
bad 'from the engine to vmm' ': an arrow upward, from patcher/engine to vmm/*.h' \
	patcher/engine/pages.c vmm/view.h
bad 'from vmm to boot' ': an arrow upward, from vmm/*.c to boot' vmm/session.c boot/conf.h
bad 'from the ground of vmm to one of its folders' ': an arrow upward, from vmm/*.h to vmm/smp' \
	vmm/view.h vmm/smp/spin.h
bad 'from the wire to the engine' ': patcher/wire may not use patcher/engine' \
	patcher/wire/server.c patcher/engine/engine.h
bad 'from the tool to the engine' ': patcher/cli/build may not use patcher/engine' \
	patcher/cli/build/file.c patcher/engine/engine.h
bad 'from the engine to the tool' ': patcher/engine may not use patcher/cli/base' \
	patcher/engine/site.h patcher/cli/base/out.h
bad 'inside the tool' ': an arrow upward, from patcher/cli/base to patcher/cli/session' \
	patcher/cli/base/out.h patcher/cli/session/session.h
bad 'to the tests' ': nothing may include guest-tests/' boot/text.c guest-tests/unit/fake.h
bad 'without its folder' ', which does not begin with a folder of the tree' vmm/log.c log.h
bad 'to a folder that is not in the table' ': the folder vmm/extra is not in the table of levels' \
	vmm/log.c vmm/extra/log.h

good_tree
file vmm/mem/map.c vmm/vmx/ept.h
is 'a circle of two' "$(faults)" \
'a circle holds the arrow from vmm/mem to vmm/vmx
a circle holds the arrow from vmm/vmx to vmm/mem
status 1'
good_tree
file vmm/mem/map.c vmm/smp/apic.h
file vmm/smp/apic.c vmm/vmx/ept.h
is 'a circle of three' "$(faults)" \
'a circle holds the arrow from vmm/mem to vmm/smp
a circle holds the arrow from vmm/smp to vmm/vmx
a circle holds the arrow from vmm/vmx to vmm/mem
status 1'
good_tree
printf '%%include "boot/x.inc"\n' >tree/vmm/header.asm
is 'assembly counts' "$(faults)" \
	$'vmm/header.asm line 1 includes boot/x.inc: an arrow upward, from vmm/*.c to boot\nstatus 1'
mkdir -p empty
"$repo/scripts/check-arrows" empty 2>/dev/null
is 'a tree without code' "$?" 2

is 'the arrows of Subtext run down' "$("$repo/scripts/check-arrows" 2>&1 >arrows)" ''
sed 's/^/# /' arrows
plan
