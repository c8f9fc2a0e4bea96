; SPDX-License-Identifier: GPL-2.0-only
; Instructions that exit to a hypervisor, each behind a single step, an STI or a MOV SS; the label
; after each is where the trap or the interrupt must be taken.
bits 64
section .text progbits alloc exec nowrite align=16

; %1 name, the rest: the instruction
%macro STEP 2+
	align	16
global step_%1:function, step_%1_after
step_%1:			; void (void *rax)
	mov	rax, rdi
	mov	ecx, 0x1b	; an MSR that is always there
	mov	edx, 0x2fd	; COM2's line status
	pushfq
	or	qword [rsp], 0x100
	popfq
	%2
step_%1_after:
	nop
	nop
	ret
%endmacro

; As above with MOV SS in front: its shadow covers the instruction, the trap comes after it.
%macro STEP_SS 2+
	align	16
global step_ss_%1:function, step_ss_%1_after
step_ss_%1:
	mov	edx, ss
	pushfq
	or	qword [rsp], 0x100
	popfq
	mov	ss, edx
	%2
step_ss_%1_after:
	nop
	nop
	ret
%endmacro

; STI's shadow covers the instruction: a pending interrupt is taken right after it.
%macro SHADOW 2+
	align	16
global shadow_%1:function, shadow_%1_after
shadow_%1:
	push	rbx
	mov	rax, rdi
	xor	ecx, ecx
	sti
	%2
shadow_%1_after:
	nop
	nop
	cli
	pop	rbx
	ret
%endmacro

; RBX is saved by try_call() in the step cases.
STEP nop, nop
STEP cpuid, cpuid
STEP wbinvd, wbinvd
STEP in, in al, dx
STEP cr4, mov cr4, rax
STEP rdmsr, rdmsr
STEP invd, invd
STEP_SS nop, nop
STEP_SS cpuid, cpuid
SHADOW nop, nop
SHADOW cpuid, cpuid
SHADOW wbinvd, wbinvd
