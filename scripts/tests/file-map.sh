#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# docs/inside.md has the map that the heads of the source files give, and every file has a head.
. "$(dirname "$0")/lib.bash"

"$repo/scripts/file-map" >now
is 'each file has a sentence' "$(grep '^- ' now | grep -E ': $|: .{1,9}$|`[ .a-z]*: (ifndef|define|include) ')" ''
is 'docs/inside.md has the map of today (scripts/file-map --write puts it there)' \
	"$(sed '1,/^## Map$/d' "$repo/docs/inside.md" | diff - now)" ''

mkdir -p tree/scripts tree/boot tree/vmm tree/patcher/wire
cp "$repo/scripts/file-map" tree/scripts/
printf '/* SPDX-License-Identifier: GPL-2.0-only */\n/*\n * One thing. And\n * more.\n */\n' >tree/boot/a.h
printf '/* SPDX-License-Identifier: GPL-2.0-only */\n/* Another. */\nint x;\n' >tree/boot/a.c
printf '; SPDX-License-Identifier: GPL-2.0-only\n; Gates, see a.h.\n\nbits 64\n' >tree/vmm/b.asm
printf '/* SPDX-License-Identifier: GPL-2.0-only */\n#include "a.h"\n' >tree/patcher/wire/c.c
printf '/* SPDX-License-Identifier: GPL-2.0-only */\n#ifndef D_H\n#define D_H\n/* Not a head. */\n#endif\n' >tree/vmm/d.h
cp tree/vmm/d.h tree/vmm/e.h
printf '/* SPDX-License-Identifier: GPL-2.0-only */\n/* The source. */\n#include "d.h"\n' >tree/vmm/d.c
is 'the header speaks for its source; other heads; none' "$(tree/scripts/file-map 2>/dev/null | grep '^- ')" \
	"- \`a\` .h .c: One thing.
- \`c\` .c: 
- \`b\` .asm: Gates, see a.h.
- \`d\` .h .c: The source.
- \`e\` .h: "
mkdir tree/docs
printf 'Text.\n## Map\nold\n' >tree/docs/inside.md
tree/scripts/file-map --write >out 2>err
is 'a file without a sentence: refused' "$?" 1
is 'the files without a sentence are named' "$(cat err)" \
	'file-map: patcher/wire/c has no sentence at its head
file-map: vmm/e has no sentence at its head'
is 'the map is not written then' "$(cat tree/docs/inside.md)" 'Text.
## Map
old'
plan
