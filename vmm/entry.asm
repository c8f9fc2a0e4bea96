; SPDX-License-Identifier: GPL-2.0-only
; Into the guest and out of it; the call from the loader; the gates of root mode's IDT.

bits 64
default rel

global resident_entry, vcpu_enter, vm_exit_entry, vcpu_leave, trap_stubs
extern resident_main, trap_handler, nmi_handler, boot_info

%include "vmm/offsets.inc"
%include "vmm/vmx/offsets.inc"

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

; Stores or loads the guest's registers but for rsp, and rdi, which points to struct cpu.
%macro store 2
	mov	[rdi + %2], %1
%endmacro
%macro load 2
	mov	%1, [rdi + %2]
%endmacro
%macro guest_regs 1
	%1	rax, CPU_RAX
	%1	rcx, CPU_RCX
	%1	rdx, CPU_RDX
	%1	rbx, CPU_RBX
	%1	rbp, CPU_RBP
	%1	rsi, CPU_RSI
%assign n 8
%rep 8
	%1	r %+ n, CPU_R8 + (n - 8) * 8
%assign n n + 1
%endrep
%endmacro

; pushes REGISTER, ...: in this order; pops: the other way round
%macro pushes 1-*
%rep %0
	push	%1
%rotate 1
%endrep
%endmacro
%macro pops 1-*
%rep %0
%rotate -1
	pop	%1
%endrep
%endmacro
%define callee_saved rbp, rbx, r12, r13, r14, r15
%define volatile rax, rcx, rdx, rsi, rdi, r8, r9, r10, r11

; int vcpu_enter(struct cpu *c, bool launched): run the guest until its next
; exit. 0 after an exit, 1 VMfailValid or VMfailInvalid: the guest did not run.
; May be called again from an exit's handler (vcpu_step()), so HOST_RSP follows
; the stack; the VMCS is written only when it differs.
vcpu_enter:
	pushes	callee_saved, rdi
	cmp	rsp, [rdi + CPU_HOST_RSP]
	je	.rsp_known
	mov	eax, HOST_RSP
	vmwrite	rax, rsp
	jbe	.failed
	mov	[rdi + CPU_HOST_RSP], rsp
.rsp_known:
	test	sil, sil
	; MOV leaves the flags
	guest_regs load
	load	rdi, CPU_RDI
	jz	.launch
	vmresume
	jbe	.failed
	jmp	.failed
.launch:
	vmlaunch
	jbe	.failed
.failed:
	; only a VMX instruction that failed comes here; no guest register changed
	mov	eax, 1
	jmp	vcpu_return

; Every VM exit: rsp is as it was at the VM entry, the guest's registers are live.
vm_exit_entry:
	xchg	rdi, [rsp]
	guest_regs store
	mov	rax, [rsp]
	store	rax, CPU_RDI
	xor	eax, eax
	; nothing of the guest's choice stays in a register that C may use as an address
	xor	ecx, ecx
	xor	edx, edx
	xor	esi, esi
	xor	r8d, r8d
	xor	r9d, r9d
	xor	r10d, r10d
	xor	r11d, r11d
vcpu_return:
	pops	callee_saved, rdi
	ret

; void vcpu_leave(const struct leave_state *): root mode after VMXOFF gives the CPU back
; to the firmware, callee-saved registers included.
vcpu_leave:
	mov	r9, rdi
	mov	rbx, [r9 + LEAVE_RBX]
	mov	rbp, [r9 + LEAVE_RBP]
	mov	r12, [r9 + LEAVE_R12]
	mov	r13, [r9 + LEAVE_R13]
	mov	r14, [r9 + LEAVE_R14]
	mov	r15, [r9 + LEAVE_R15]
	mov	rdi, [r9 + LEAVE_CR3]
	mov	rsi, [r9 + LEAVE_RSP]
	mov	rdx, [r9 + LEAVE_RIP]
	mov	rcx, [r9 + LEAVE_EFER]
	jmp	[r9 + LEAVE_TO]

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
