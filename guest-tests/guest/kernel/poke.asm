; SPDX-License-Identifier: GPL-2.0-only
; Code the guest rewrites itself, on two pages that also hold entries to be patched; and code
; that a CPU enters in the middle.
bits 64

%define POKE_A 0x0a0a0a0a
%macro NOP5 0
	db 0x0f, 0x1f, 0x44, 0x00, 0x00
%endmacro

section .text.poke progbits alloc exec nowrite align=4096
global poke_start, poke_end
poke_start:

global page_one:function (page_one.end - page_one)
page_one:
	NOP5
	mov	eax, 0x01d01d01
	ret
.end:

	align	16
global poke_aligned:function (poke_aligned.end - poke_aligned)
poke_aligned:
	mov	eax, POKE_A
	ret
.end:

	times	(0x46 - ($ - poke_start)) nop
global poke_word:function (poke_word.end - poke_word)
poke_word:			; the last two bytes of one word, three of the next
	mov	eax, POKE_A
	ret
.end:

	align	16
global straggle:function (straggle.end - straggle)
straggle:
	db	0xb8, 0xeb, 0xfe, 0x00, 0x00	; MOV EAX, 0xfeeb; at +1: JMP to itself
	ret
.end:

	align	16
global straggle_enter:function, straggle_out
straggle_enter:
	lea	rax, [rel straggle + 1]
	jmp	rax
straggle_out:
	ret

	align	16
global halt_inside:function (halt_inside.end - halt_inside)
halt_inside:
	db	0xb8, 0xf4, 0x90, 0x90, 0x90	; MOV EAX, 0x909090f4; at +1: HLT and three NOPs
	ret
.end:

global halt_inside_enter:function
halt_inside_enter:
	lea	rax, [rel halt_inside + 1]
	jmp	rax

	times	(0xffd - ($ - poke_start)) int3
global poke_page:function (poke_page.end - poke_page)
poke_page:			; three bytes on this page, two on the next
	mov	eax, POKE_A
	ret
.end:

	align	16
global page_two:function (page_two.end - page_two)
page_two:
	NOP5
	mov	eax, 0x01d01d01
	ret
.end:
	align	4096
poke_end:

; Called from a traced entry: counts, and leaves every register as it is.
section .text progbits alloc exec nowrite align=16
global tracer:function (tracer.end - tracer)
tracer:
	pushfq
	lock inc qword [rel tracer_calls]
	popfq
	ret
.end:

section .data progbits alloc noexec write align=8
global tracer_calls
tracer_calls:
	dq	0
