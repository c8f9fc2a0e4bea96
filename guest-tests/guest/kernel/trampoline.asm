; SPDX-License-Identifier: GPL-2.0-only
; Real mode to long mode and back. Copied to a page below 1 MiB, position dependent only through
; the words that smp.c fills in (struct trampoline_data).
bits 16

section .rodata progbits alloc noexec nowrite align=16

global trampoline_start, trampoline_end, trampoline_data, trampoline_to_real
trampoline_start:
	jmp	near real_start
	align	8
trampoline_data:
.root:		dq 0		; CR3, below 4 GiB
.entry:		dq 0		; RIP in the kernel's own mapping
.stack:		dq 0		; RSP
.arg:		dq 0		; RDI
.long_ptr:	dd 0		; far pointer to long_start
		dw 0x08
		dw 0
.prot_ptr:	dd 0		; far pointer to prot16
		dw 0x18
		dw 0
.compat_ptr:	dd 0		; far pointer to compat32
		dw 0x20
		dw 0
.real_ptr:	dw 0		; far pointer to real_work
		dw 0
		dd 0
.gdtr:		dw gdt_end - gdt - 1
		dq 0
		times 6 db 0
.idtr:		dw 0x3ff	; the real-mode table at 0
		dq 0
		times 6 db 0
.efer:		dq 0		; what long mode is entered with
.cr4:		dq 0
.work:		dd 0		; iterations of the loop in real mode
.result:	dd 0		; iterations done

	align	16
gdt:	dq 0
	dq 0x00af9b000000ffff	; 0x08 64-bit code
	dq 0x00cf93000000ffff	; 0x10 data
.code16: dq 0x00009b000000ffff	; 0x18 16-bit code, base filled in
	dq 0x00cf9b000000ffff	; 0x20 32-bit code
.data16: dq 0x000093000000ffff	; 0x28 16-bit data, base filled in
gdt_end:

%define at(x) ((x) - trampoline_start)

; A SIPI starts a CPU here: CS base is the page, IP zero.
real_start:
	cli
	mov	ax, cs
	mov	ds, ax
to_long:
	o32 lgdt [at(trampoline_data.gdtr)]
	mov	eax, [at(trampoline_data.cr4)]
	mov	cr4, eax
	mov	eax, [at(trampoline_data.root)]
	mov	cr3, eax
	mov	ecx, 0xc0000080
	mov	eax, [at(trampoline_data.efer)]
	xor	edx, edx
	wrmsr
	mov	eax, cr0
	and	eax, 0x9fffffff		; caches on
	or	eax, 0x80000001		; PG and PE at once
	mov	cr0, eax
	jmp	far dword [at(trampoline_data.long_ptr)]

; Real mode proper: a little work with segments and the stack, then back the way a SIPI takes.
real_work:
	mov	ax, cs
	mov	ds, ax
	mov	ss, ax
	mov	sp, 0x1ff0		; the second page
	mov	ecx, [at(trampoline_data.work)]
	xor	edx, edx
.loop:
	push	cs
	pop	es
	pushf
	popf
	inc	edx
	dec	ecx
	jnz	.loop
	mov	[at(trampoline_data.result)], edx
	jmp	to_long

; 16-bit protected mode, on the way down.
prot16:
	mov	ax, 0x28
	mov	ds, ax
	mov	es, ax
	mov	ss, ax
	mov	eax, cr0
	and	eax, 0x7ffffffe
	mov	cr0, eax
	jmp	far [at(trampoline_data.real_ptr)]

bits 64
long_start:
	mov	ax, 0x10
	mov	ds, ax
	mov	es, ax
	mov	ss, ax
	lea	rbx, [rel trampoline_start]
	mov	rsp, [rbx + at(trampoline_data.stack)]
	mov	rdi, [rbx + at(trampoline_data.arg)]
	jmp	[rbx + at(trampoline_data.entry)]

; Entered at the page's own (identity) address with RBX = the page, interrupts off.
trampoline_to_real:
	lgdt	[rbx + at(trampoline_data.gdtr)]
	lidt	[rbx + at(trampoline_data.idtr)]
	jmp	far dword [rbx + at(trampoline_data.compat_ptr)]

bits 32
compat32:
	mov	ax, 0x10
	mov	ds, ax
	mov	ss, ax
	mov	eax, cr0
	and	eax, 0x7fffffff		; leaves long mode
	mov	cr0, eax
	mov	ecx, 0xc0000080
	xor	eax, eax
	xor	edx, edx
	wrmsr
	xor	eax, eax
	mov	cr4, eax
	jmp	far dword [ebx + at(trampoline_data.prot_ptr)]
trampoline_end:

section .rodata
global trampoline_fix
; Offsets from the start of the page, for smp.c.
trampoline_fix:
	dd	at(trampoline_data)
	dd	at(trampoline_data.long_ptr), at(long_start)
	dd	at(trampoline_data.prot_ptr), at(prot16)
	dd	at(trampoline_data.compat_ptr), at(compat32)
	dd	at(trampoline_data.real_ptr), at(real_work)
	dd	at(trampoline_data.gdtr), at(gdt), at(gdt.code16), at(gdt.data16)
	dd	at(trampoline_to_real)

section .text progbits alloc exec nowrite align=16
bits 64
; void trampoline_leave(uint64_t page, uint64_t root_low, uint64_t to_real, uint64_t *save_rsp)
; Goes down to real mode and comes back through trampoline_back, with this stack.
global trampoline_leave:function, trampoline_back:function
trampoline_leave:
	push	rbx
	push	rbp
	push	r12
	push	r13
	push	r14
	push	r15
	pushfq
	mov	[rcx], rsp
	mov	rbx, rdi
	mov	cr3, rsi
	jmp	rdx
trampoline_back:
	popfq
	pop	r15
	pop	r14
	pop	r13
	pop	r12
	pop	rbp
	pop	rbx
	ret
