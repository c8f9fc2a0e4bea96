; SPDX-License-Identifier: GPL-2.0-only
; The kernel ELF inside the EFI application.
section .data align=64
global kernel_elf, kernel_elf_end
kernel_elf:
	incbin KERNEL_ELF
kernel_elf_end:
