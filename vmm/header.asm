; SPDX-License-Identifier: GPL-2.0-only
; struct resident_header, boot_info.h: what the loader has to know of this image.

%include "vmm/offsets.inc"

extern header_image_size, header_file_size, header_text_start, header_text_end
extern header_rodata_end, header_entry, header_boot_info

section .header progbits alloc noexec nowrite align=8
	dq	RESIDENT_MAGIC
	dd	header_image_size
	dd	header_file_size
	dd	header_text_start
	dd	header_text_end
	dd	header_rodata_end
	dd	header_entry
	dd	header_boot_info
	dd	WORLD_SIZE		; of one CPU's world
	dd	4			; guard pages in it
	dd	STACK_GUARD, NMI_GUARD, DF_GUARD, MC_GUARD
	times WORLD_GUARD_MAX - 4 dd 0

section .note.GNU-stack noalloc noexec nowrite progbits
