; SPDX-License-Identifier: GPL-2.0-only
; Where the stub, the trampoline and the anchor enter the test kernel.
bits 64
default rel

extern kernel_main, cpu_main, boot_stack

section .text.head progbits alloc exec nowrite align=16

; rdi: physical address of struct guest_boot
global kernel_head:function (kernel_head.end - kernel_head)
kernel_head:
	lea	rsp, [boot_stack + 16384]
	xor	ebp, ebp
	call	kernel_main
.hang:
	cli
	hlt
	jmp	.hang
.end:

; rdi: struct cpu; the trampoline has set RSP
global cpu_head:function (cpu_head.end - cpu_head)
cpu_head:
	xor	ebp, ebp
	call	cpu_main
.hang:
	cli
	hlt
	jmp	.hang
.end:

; What IA32_LSTAR points to: the anchor from which the slide is found. There is no user mode.
global entry_SYSCALL_64:function (entry_SYSCALL_64.end - entry_SYSCALL_64)
	align	16
entry_SYSCALL_64:
	swapgs
	ud2
.end:
