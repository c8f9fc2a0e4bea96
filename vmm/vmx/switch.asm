; SPDX-License-Identifier: GPL-2.0-only
; Into the guest and out of it, and out of root mode.

bits 64
default rel

global vmx_enter, vm_exit_entry, vmx_leave

%include "vmm/offsets.inc"
%include "vmm/push.inc"
%include "vmm/vmx/offsets.inc"

section .text

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

%define callee_saved rbp, rbx, r12, r13, r14, r15

; int vmx_enter(struct cpu *c, bool launched): run the guest until its next
; exit. 0 after an exit, 1 VMfailValid or VMfailInvalid: the guest did not run.
; May be called again from an exit's handler (vcpu_step()), so HOST_RSP follows
; the stack; the VMCS is written only when it differs.
vmx_enter:
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
	jmp	vmx_return

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
vmx_return:
	pops	callee_saved, rdi
	ret

; void vmx_leave(const struct cpu *, const struct leave_state *): root mode after VMXOFF gives
; the CPU back to the firmware, callee-saved registers included.
vmx_leave:
	mov	r9, rsi
	load	rbx, CPU_RBX
	load	rbp, CPU_RBP
	load	r12, CPU_R8 + 4 * 8
	load	r13, CPU_R8 + 5 * 8
	load	r14, CPU_R8 + 6 * 8
	load	r15, CPU_R8 + 7 * 8
	mov	rdi, [r9 + LEAVE_CR3]
	mov	rsi, [r9 + LEAVE_RSP]
	mov	rdx, [r9 + LEAVE_RIP]
	mov	rcx, [r9 + LEAVE_EFER]
	jmp	[r9 + LEAVE_TO]

section .note.GNU-stack noalloc noexec nowrite progbits
