#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# subtext.conf: missing, broken, switched off. The rest of it: guest-tests/unit/boot/test_conf.c.
. "$(dirname "$0")/lib.bash"

# Without a configuration there is no next loader: the firmware's shell, which is next in its boot
# order, runs startup.nsh.
echo 'fs0:\EFI\test\next.efi started by the shell' >startup.nsh
runs missing 'no subtext.conf: the firmware goes on in boot order' --backend tcg --cpus 1 -- \
	"${loader_first[@]}" startup.nsh=startup.nsh
says missing 'Subtext: no \EFI\subtext\subtext.conf on this volume; using defaults' \
	'no subtext.conf: said'
says missing 'Subtext: no next loader named; the firmware goes on in its boot order' \
	'no subtext.conf: no next loader, said'
matches missing 'next: [0-9]+ bytes of options \[.*started by the shell\]' \
	'no subtext.conf: the next entry of the boot order runs'

printf '%s\n' '# a comment' 'serial = com9' 'serial-speed = 7000' 'log-level = loud' \
	'colour = blue' 'no equals sign' 'cpuid-leaf = perhaps' 'subtext = never' \
	'next = /EFI/test/next.efi' 'next = /EFI/test/other.efi' >subtext.conf
printf 'options = \033[2J\noptions = \377\n' >>subtext.conf
runs broken 'broken subtext.conf: the good lines count' --backend tcg --cpus 1 -- \
	"${loader_first[@]}" subtext.conf=EFI/subtext/subtext.conf
while IFS='|' read -r number fault line; do
	matches broken "Subtext: subtext\.conf line $number ignored: $fault: $line" \
		"broken subtext.conf: line $number is named"
done <<'END'
2|not com1 \.\.\. com4, none or a port such as 0x2f8|serial = com9
3|not a speed that divides 115200|serial-speed = 7000
4|not error, warning, info or debug|log-level = loud
5|unknown key|colour = blue
6|no '='|no equals sign
7|not on or off|cpuid-leaf = perhaps
8|not on or off|subtext = never
10|key given twice|next = /EFI/test/other\.efi
11|control character|options = \?\[2J
12|not UTF-8|options = .*
END
lines broken 10 'subtext\.conf line' 'broken subtext.conf: no other line is'
says broken 'next: 0 bytes of options []' 'broken subtext.conf: the default is no options'

conf 'subtext = off' 'next = \EFI\test\next.efi' 'options = x'
runs off 'subtext = off: the next loader runs' --backend tcg --cpus 1 -- \
	"${loader_first[@]}" subtext.conf=EFI/subtext/subtext.conf
lines off 1 '^Subtext' 'subtext = off: nothing is checked'
says off 'Subtext: switched off in subtext.conf; booting without Subtext' 'subtext = off: said'
says off 'next: 4 bytes of options [x]' 'subtext = off: the options arrive'
plan
