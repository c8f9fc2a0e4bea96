; SPDX-License-Identifier: GPL-2.0-only
; A vendor's resident image as it lies in subtext.efi. The Makefile gives VENDOR, the vendor's
; name, and RESIDENT_BIN, the name of the image's file.

bits 64

%define image		resident_ %+ VENDOR
%define image_end	image %+ _end

global image, image_end

section .rodata align=64
image:
	incbin RESIDENT_BIN
image_end:

section .note.GNU-stack noalloc noexec nowrite progbits
