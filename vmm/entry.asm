; SPDX-License-Identifier: GPL-2.0-only
; The call from the loader, and the gates of root mode's IDT.

bits 64
default rel

global resident_entry, trap_stubs
extern resident_main, trap_handler, nmi_handler, boot_info

%include "vmm/offsets.inc"
%include "vmm/push.inc"

section .text

; uint64_t resident_entry(rdi = op, rsi = arg, rdx = return address)
; Called under root mode's page tables with the firmware's rsp, which is not
; mapped here: nothing is pushed before the switch to a stack of our own. FS and
; GS get our bases before any C runs (the stack protector reads fs:0x28).
resident_entry:
	mov	r10, rsp
	mov	r11, rdx
	; rsi is the CPU's index for RESIDENT_LAUNCH and 0 otherwise
	imul	r9, rsi, WORLD_SIZE
	mov	rax, RESIDENT_VA
	add	r9, rax
	mov	rax, boot_info
	add	r9, [rax + BOOT_WORLDS]
	lea	rsp, [r9 + STACK_TOP]
	push	r10
	push	r11
	push	r9
	mov	[r9 + CPU_SELF], r9
	mov	ecx, MSR_FS_BASE
	rdmsr
	mov	[r9 + CPU_OLD_FS], eax
	mov	[r9 + CPU_OLD_FS + 4], edx
	mov	rax, boot_info
	mov	rax, [rax + BOOT_NONCE]
	xor	rax, r9
	mov	[r9 + CPU_CANARY + 0x28], rax
	lea	rax, [r9 + CPU_CANARY]
	mov	rdx, rax
	shr	rdx, 32
	wrmsr
	mov	ecx, MSR_GS_BASE
	rdmsr
	mov	[r9 + CPU_OLD_GS], eax
	mov	[r9 + CPU_OLD_GS + 4], edx
	mov	rax, r9
	mov	rdx, r9
	shr	rdx, 32
	wrmsr
	sub	rsp, 8			; 16-byte alignment at the call
	call	resident_main
	add	rsp, 8
	pop	r9
	mov	r8, rax
	mov	ecx, MSR_FS_BASE
	mov	eax, [r9 + CPU_OLD_FS]
	mov	edx, [r9 + CPU_OLD_FS + 4]
	wrmsr
	mov	ecx, MSR_GS_BASE
	mov	eax, [r9 + CPU_OLD_GS]
	mov	edx, [r9 + CPU_OLD_GS + 4]
	wrmsr
	mov	rax, r8
	pop	r11
	pop	rsp
	jmp	r11

%define volatile rax, rcx, rdx, rsi, rdi, r8, r9, r10, r11

; Gates: vectors 0 ... 31, 16 bytes each. Vectors with an error code leave it
; on the stack, the others push a zero.
align 16
trap_stubs:
%assign v 0
%rep 32
	align 16
%if v == 2
	jmp	nmi_entry
%else
%if v != 8 && v != 10 && v != 11 && v != 12 && v != 13 && v != 14 && v != 17 && v != 21
	push	0
%endif
	push	v
	jmp	trap_common
%endif
%assign v v + 1
%endrep

; struct trap_frame of traps.c
trap_common:
	pushes	volatile
	mov	rdi, rsp
	cld
	call	trap_handler
	pops	volatile
	add	rsp, 16
	iretq

nmi_entry:
	push	0
	push	2
	pushes	volatile
	cld
	call	nmi_handler
	pops	volatile
	add	rsp, 16
	iretq

section .note.GNU-stack noalloc noexec nowrite progbits
