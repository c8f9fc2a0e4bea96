/* SPDX-License-Identifier: GPL-2.0-only */
/* This CPU as the firmware has set it up. */
#include "boot/capture.h"
#include "boot/cpu_asm.h"
#include "boot/segment.h"

static void read_selectors(uint16_t out[SEGMENTS])
{
	__asm__ volatile("mov %%es, %0" : "=r"(out[SEGMENT_ES]));
	__asm__ volatile("mov %%cs, %0" : "=r"(out[SEGMENT_CS]));
	__asm__ volatile("mov %%ss, %0" : "=r"(out[SEGMENT_SS]));
	__asm__ volatile("mov %%ds, %0" : "=r"(out[SEGMENT_DS]));
	__asm__ volatile("mov %%fs, %0" : "=r"(out[SEGMENT_FS]));
	__asm__ volatile("mov %%gs, %0" : "=r"(out[SEGMENT_GS]));
	__asm__ volatile("sldt %0" : "=r"(out[SEGMENT_LDTR]));
	__asm__ volatile("str %0" : "=r"(out[SEGMENT_TR]));
}

void capture_firmware(struct firmware_state *out)
{
	struct table_register gdtr = read_gdtr(), idtr = read_idtr();
	uint16_t selectors[SEGMENTS];

	out->cr0 = read_cr0();
	out->cr3 = read_cr3();
	out->cr4 = read_cr4();
	out->efer = rdmsr(MSR_EFER);
	out->gdt_base = gdtr.base;
	out->gdt_limit = gdtr.limit;
	out->idt_base = idtr.base;
	out->idt_limit = idtr.limit;
	read_selectors(selectors);
	segments_parse((const void *)gdtr.base, gdtr.limit, selectors, out->segment);
	/* 64-bit mode: the descriptors' bases do not count. */
	out->segment[SEGMENT_FS].base = rdmsr(MSR_FS_BASE);
	out->segment[SEGMENT_GS].base = rdmsr(MSR_GS_BASE);
}
