; SPDX-License-Identifier: GPL-2.0-only
; From the firmware's page tables to root mode's and back. The code is mapped at the
; same address in both, its data and stack only in the firmware's: it touches memory
; only while those are loaded.

bits 64
default rel

global resident_call, resident_undo
global switch_start, switch_end, switch_leave

%include "boot/offsets.inc"

section .text
align 64
switch_start:

%macro push_callee_saved 0
	pushfq
	push	rbp
	push	rbx
	push	r12
	push	r13
	push	r14
	push	r15
	cli
%endmacro

%macro pop_callee_saved 0
	pop	r15
	pop	r14
	pop	r13
	pop	r12
	pop	rbx
	pop	rbp
	popfq
%endmacro

; What root mode may change and not put back: FS and GS bases, segments, GDT, IDT, TR.
; Both macros run under the firmware's page tables.
%macro push_world 0
	mov	ecx, MSR_FS_BASE
	rdmsr
	push	rdx
	push	rax
	mov	ecx, MSR_GS_BASE
	rdmsr
	push	rdx
	push	rax
	mov	eax, ds
	push	rax
	mov	eax, es
	push	rax
	mov	eax, ss
	push	rax
	mov	eax, cs
	push	rax
	xor	eax, eax
	str	eax
	push	rax
	sub	rsp, 32
	sgdt	[rsp]
	sidt	[rsp + 16]
%endmacro

%macro pop_world 0
	lgdt	[rsp]
	lidt	[rsp + 16]
	mov	rbx, [rsp + 2]		; base of the GDT
	add	rsp, 32
	pop	rax
	and	eax, 0xfff8
	jz	%%no_tr
	and	byte [rbx + rax + 5], ~2	; LTR wants the TSS not busy
	ltr	ax
%%no_tr:
	pop	rax
	lea	rcx, [%%new_cs]
	push	rax
	push	rcx
	retfq
%%new_cs:
	pop	rax
	mov	ss, eax
	pop	rax
	mov	es, eax
	pop	rax
	mov	ds, eax
	pop	rax
	pop	rdx
	mov	ecx, MSR_GS_BASE
	wrmsr
	pop	rax
	pop	rdx
	mov	ecx, MSR_FS_BASE
	wrmsr
%endmacro

; uint64_t resident_call(cr3, entry, op, arg, fw)
resident_call:
	push_callee_saved
	mov	rbx, rdi
	mov	r14, rsi
	mov	r12, rdx
	mov	r13, rcx
	mov	r15, r8
	; as the guest the CPU goes on here
	lea	rax, [.launched]
	mov	[r15 + FW_RIP], rax
	mov	[r15 + FW_RSP], rsp
	pushfq
	pop	qword [r15 + FW_RFLAGS]
	push_world
	mov	rbp, cr3
	; root mode's tables use NX
	mov	ecx, MSR_EFER
	rdmsr
	or	eax, EFER_NXE
	wrmsr
	mov	cr3, rbx
	; resident_entry(op, arg, return address): has a stack of its own and
	; keeps rbx, rbp, rsp, r12-r15
	mov	rdi, r12
	mov	rsi, r13
	lea	rdx, [.returned]
	jmp	r14
.returned:
	mov	cr3, rbp
	mov	r12, rax
	mov	ecx, MSR_EFER
	mov	eax, [r15 + FW_EFER]
	mov	edx, [r15 + FW_EFER + 4]
	wrmsr
	; a launch that failed has loaded root mode's segments and tables
	pop_world
	mov	rax, r12
	pop_callee_saved
	ret
.launched:
	; as a guest, by the launch; only rsp, rip and the system registers are set
	xor	eax, eax
	pop_callee_saved
	ret

; void resident_undo(void (*call)(uint64_t number))
resident_undo:
	push_callee_saved
	push_world
	mov	rax, rdi
	mov	rdi, RESIDENT_CALL_UNDO
	call	rax
	; the callee-saved registers and rsp are as they were
	pop_world
	pop_callee_saved
	ret

; Root mode comes here for good when it has given up this CPU: cr3 = rdi, rsp = rsi, rip = rdx, EFER = rcx;
; the other registers are the caller's of resident_undo()
switch_leave:
	mov	cr3, rdi
	mov	rsp, rsi
	mov	r8, rdx
	mov	rax, rcx
	mov	rdx, rcx
	shr	rdx, 32
	mov	ecx, MSR_EFER
	wrmsr
	jmp	r8

switch_end:

section .note.GNU-stack noalloc noexec nowrite progbits
