; SPDX-License-Identifier: GPL-2.0-only
; The resident image as it lies in subtext.efi. RESIDENT_BIN is its file name.

bits 64

global resident_blob, resident_blob_end

section .rodata align=64
resident_blob:
	incbin RESIDENT_BIN
resident_blob_end:

section .note.GNU-stack noalloc noexec nowrite progbits
