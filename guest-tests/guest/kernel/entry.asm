; SPDX-License-Identifier: GPL-2.0-only
; Interrupt and exception entries: one stub for each vector, one common path.
bits 64
default rel

extern trap_dispatch

section .text progbits alloc exec nowrite align=16

; Vectors for which the CPU pushes an error code: 8, 10-14, 17, 21, 29, 30.
%define HAS_ERROR(v) ((0x60227d00 >> (v)) & 1)

%assign v 0
%rep 256
	align	16
stub_%+v:
%if v >= 32
	push	0
%elif HAS_ERROR(v) == 0
	push	0
%endif
	push	v
	jmp	trap_common
%assign v v+1
%endrep

trap_common:
	push	rax
	push	rcx
	push	rdx
	push	rbx
	push	rbp
	push	rsi
	push	rdi
	push	r8
	push	r9
	push	r10
	push	r11
	push	r12
	push	r13
	push	r14
	push	r15
	cld
	mov	rdi, rsp
	call	trap_dispatch
	mov	rsp, rax
; A new thread starts here, with RSP at its first frame.
resume_frame:
	pop	r15
	pop	r14
	pop	r13
	pop	r12
	pop	r11
	pop	r10
	pop	r9
	pop	r8
	pop	rdi
	pop	rsi
	pop	rbp
	pop	rbx
	pop	rdx
	pop	rcx
	pop	rax
	add	rsp, 16
	iretq

; uint64_t try_call(void (*fn)(void *), void *arg, struct recovery *r)
; Calls fn(arg); a fault in it that trap.c finds r for ends up at try_fault with RSP as it was here.
; Returns 0, or 1 after a fault.
global try_call:function (try_call.end - try_call)
try_call:
	push	rbx
	push	rbp
	push	r12
	push	r13
	push	r14
	push	r15
	sub	rsp, 8
	mov	[rdx], rsp
	lea	rax, [try_fault]
	mov	[rdx + 8], rax
	mov	rax, rdi
	mov	rdi, rsi
	call	rax
	xor	eax, eax
	jmp	try_out
try_fault:
	mov	eax, 1
try_out:
	cld
	add	rsp, 8
	pop	r15
	pop	r14
	pop	r13
	pop	r12
	pop	rbp
	pop	rbx
	ret
try_call.end:

section .rodata progbits alloc noexec nowrite align=8
global stub_table
stub_table:
%assign v 0
%rep 256
	dq	stub_%+v
%assign v v+1
%endrep
