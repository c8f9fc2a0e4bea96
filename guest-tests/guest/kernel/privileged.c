/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scenario 6: everything that a guest may execute in ring 0 gives what the SDM says for a
 * CPU without VMX. Each case is one TAP result; the tables are the list of cases.
 */
#include "guest-tests/guest/kernel/apic.h"
#include "guest-tests/guest/kernel/command.h"
#include "guest-tests/guest/kernel/console.h"
#include "guest-tests/guest/kernel/cpu.h"
#include "guest-tests/guest/kernel/lib.h"
#include "guest-tests/guest/kernel/privileged.h"
#include "guest-tests/guest/kernel/sched.h"
#include "guest-tests/guest/kernel/x86.h"

#define NO_FAULT	(-1)
#define ANY_ERROR	(-1)
#define UD		6
#define GP		13

/* One instruction with an operand in memory it may want; @arg is its RAX. */
#define INSN(name, text) \
	static void name(void *arg) \
	{ \
		uint64_t area[4] = { 0 }; \
		__asm__ volatile(text : "+a"(arg) : "b"(area), "c"(0), "d"(0) \
				 : "memory", "cc", "rsi", "rdi"); \
	}

INSN(do_vmxon, "vmxon (%%rbx)")
INSN(do_vmxoff, "vmxoff")
INSN(do_vmcall, "vmcall")
INSN(do_vmclear, "vmclear (%%rbx)")
INSN(do_vmptrld, "vmptrld (%%rbx)")
INSN(do_vmptrst, "vmptrst (%%rbx)")
INSN(do_vmread, "vmread %%rax, %%rdx")
INSN(do_vmwrite, "vmwrite %%rdx, %%rax")
INSN(do_vmlaunch, "vmlaunch")
INSN(do_vmresume, "vmresume")
INSN(do_invept, "invept (%%rbx), %%rax")
INSN(do_invvpid, "invvpid (%%rbx), %%rax")
INSN(do_vmfunc, "vmfunc")
INSN(do_getsec, ".byte 0x0f, 0x37")
INSN(do_invd, "invd")
INSN(do_wbinvd, "wbinvd")
INSN(do_clts, "clts")
INSN(do_invlpg, "invlpg (%%rbx)")
INSN(do_rsm, "rsm")
INSN(do_cr0, "mov %%rax, %%cr0")
INSN(do_cr3, "mov %%rax, %%cr3")
INSN(do_cr4, "mov %%rax, %%cr4")
INSN(do_cr8, "mov %%rax, %%cr8")
INSN(do_dr7, "mov %%rax, %%dr7")
INSN(do_dr4, "mov %%dr4, %%rax")
INSN(do_rdtscp, "rdtscp; mov $0, %%ecx")
INSN(do_xgetbv1, "mov $1, %%ecx; xor %%edx, %%edx; xsetbv; xor %%ecx, %%ecx")
INSN(do_xsetbv, "xor %%edx, %%edx; xsetbv")
INSN(do_invpcid, "mov $2, %%eax; invpcid (%%rbx), %%rax")
INSN(do_int_60, "int $0x60")
INSN(do_lldt_bad, "mov $0x50, %%eax; lldt %%ax")
INSN(do_ltr_bad, "mov $0x50, %%eax; ltr %%ax")
INSN(do_ud2, "ud2")

struct msr_write {
	uint32_t msr;
	uint64_t value;
};

static uint64_t msr_result;

static void do_rdmsr(void *arg)
{
	msr_result = rdmsr((uint32_t)(uint64_t)arg);
}

static void do_wrmsr(void *arg)
{
	const struct msr_write *w = arg;

	wrmsr(w->msr, w->value);
}

static void verdict(int got, int64_t got_error, int want, int64_t error, const char *text)
{
	if (got == want && (error == ANY_ERROR || got_error == error))
		tap(NULL, "%s", text);
	else if (got < 0)
		tap("no fault", "%s", text);
	else
		tap(got == want ? "wrong error code" : "wrong vector", "%s (vector %d, error %lx)",
		    text, got, (uint64_t)got_error);
}

static void expect(void (*fn)(void *), uint64_t arg, int vector, int64_t error, const char *text)
{
	struct recovery r = { 0 };
	int got = try_fault(fn, (void *)arg, &r);

	verdict(got, (int64_t)r.error, vector, vector == GP ? error : ANY_ERROR, text);
}

static void vmx_instructions(void)
{
	static const struct {
		void (*fn)(void *);
		const char *text;
	} t[] = {
		{ do_vmxon, "VMXON: #UD" }, { do_vmxoff, "VMXOFF: #UD" },
		{ do_vmcall, "VMCALL: #UD" }, { do_vmclear, "VMCLEAR: #UD" },
		{ do_vmptrld, "VMPTRLD: #UD" }, { do_vmptrst, "VMPTRST: #UD" },
		{ do_vmread, "VMREAD: #UD" }, { do_vmwrite, "VMWRITE: #UD" },
		{ do_vmlaunch, "VMLAUNCH: #UD" }, { do_vmresume, "VMRESUME: #UD" },
		{ do_invept, "INVEPT: #UD" }, { do_invvpid, "INVVPID: #UD" },
		{ do_vmfunc, "VMFUNC: #UD" }, { do_getsec, "GETSEC: #UD" },
		{ do_rsm, "RSM outside SMM: #UD" }, { do_ud2, "UD2: #UD" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(t); i++)
		expect(t[i].fn, 0, UD, 0, t[i].text);
	/* The numbers the loader used before it sealed the hypervisor. */
	expect(do_vmcall, 0x5375627465787455ull, UD, 0, "VMCALL with the loader's undo: #UD");
	expect(do_vmcall, 0x5375627465787453ull, UD, 0, "VMCALL with the loader's seal: #UD");
}

/* An emulator can be set to ignore unknown MSRs: they read as zero and keep nothing. */
static void unknown_msr(uint32_t msr)
{
	struct msr_write w = { msr, 0x1234 };
	int rd, wr;

	msr_result = 0;
	rd = try_fault(do_rdmsr, (void *)(uint64_t)msr, NULL);
	wr = try_fault(do_wrmsr, &w, NULL);
	if (rd < 0)
		try_fault(do_rdmsr, (void *)(uint64_t)msr, NULL);
	tap((rd == GP || (rd < 0 && !msr_result)) && (wr == GP || wr < 0) ? NULL : "kept a value",
	    "unknown MSR 0x%x: #GP, or ignored", msr);
}

static void bad_msrs(void)
{
	static const uint32_t unknown[] = {
		0x1fff, 0x2000, 0x5000, 0x40000000, 0x400000f0, 0x4b564d00, 0x4b564d04,
		0xbfffffff, 0xc0001fff, 0xc0002000, 0xffffffff,
	};
	static const struct {
		struct msr_write w;
		const char *text;
	} writes[] = {
		{ { 0x3a, 1 }, "write IA32_FEATURE_CONTROL: #GP" },
		{ { 0x480, 0 }, "write IA32_VMX_BASIC: #GP" },
		{ { MSR_EFER, 0xd01 | 1u << 9 }, "EFER with a reserved bit: #GP" },
		{ { MSR_EFER, 0xc01 }, "EFER.LME cleared with paging on: #GP" },
		{ { MSR_LSTAR, 0x8000000000000000ull }, "LSTAR not canonical: #GP" },
		{ { MSR_GS_BASE, 0x0000800000000000ull }, "GS base not canonical: #GP" },
		{ { 0xc0000102, 0x1234800000000000ull }, "kernel GS base not canonical: #GP" },
		{ { 0x176, 0x0000900000000000ull }, "SYSENTER_EIP not canonical: #GP" },
		{ { 0x277, 0x0202020202020202ull }, "PAT with a reserved type: #GP" },
		{ { MSR_APIC_BASE, 1ull << 60 }, "APIC base with a reserved bit: #GP" },
		{ { 0x2ff, 0x806 | 1u << 9 }, "MTRR default type with a reserved bit: #GP" },
		{ { 0x2ff, 0x802 }, "MTRR default type that does not exist: #GP" },
		{ { 0x200, 0x80000002 }, "MTRR base with a type that does not exist: #GP" },
		{ { 0x250, 0x0606060606060602ull }, "fixed MTRR with a type that does not exist: #GP" },
	};
	uint32_t msr;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(unknown); i++)
		unknown_msr(unknown[i]);
	for (msr = 0x480; msr <= 0x491; msr++)
		if (try_fault(do_rdmsr, (void *)(uint64_t)msr, NULL) != GP)
			break;
	tap(msr > 0x491 ? NULL : "one can be read", "VMX capability MSRs: #GP");
	for (i = 0; i < ARRAY_SIZE(writes); i++)
		expect(do_wrmsr, (uint64_t)&writes[i].w, GP, 0, writes[i].text);
	expect(do_rdmsr, 0x8b, NO_FAULT, 0, "microcode revision can be read");
}

static void good_msrs(void)
{
	uint64_t pat = rdmsr(0x277), mtrr = rdmsr(0x2ff), lstar = rdmsr(MSR_LSTAR);
	struct msr_write update = { 0x79, (uint64_t)lstar };

	wrmsr(0x277, 0x0007040600070406ull ^ 0x0100000000000000ull);
	tap(rdmsr(0x277) == (0x0007040600070406ull ^ 0x0100000000000000ull) ? NULL : "differs",
	    "PAT keeps what is written");
	wrmsr(0x277, pat);
	wrmsr(0x2ff, mtrr);
	tap(rdmsr(0x2ff) == mtrr ? NULL : "differs", "MTRR default type keeps what is written");
	wrmsr(MSR_LSTAR, lstar + 16);
	tap(rdmsr(MSR_LSTAR) == lstar + 16 ? NULL : "differs", "LSTAR keeps what is written");
	wrmsr(MSR_LSTAR, lstar);
	tap(try_fault(do_wrmsr, &update, NULL) <= NO_FAULT ||
	    try_fault(do_wrmsr, &update, NULL) == GP ? NULL : "wrong vector",
	    "a microcode update is ignored or #GP");
}

static void control_registers(void)
{
	uint64_t cr0 = read_cr0(), cr3 = read_cr3(), cr4 = read_cr4();

	expect(do_cr4, cr4 | 1u << 13, GP, 0, "CR4.VMXE: #GP");
	tap(read_cr4() == cr4 ? NULL : "changed", "CR4 reads as before");
	if (!(cpuid(1, 0).c & (1u << 6)))
		expect(do_cr4, cr4 | 1u << 14, GP, 0, "CR4.SMXE without SMX: #GP");
	expect(do_cr4, cr4 | 1ull << 31, GP, 0, "CR4 bit 31: #GP");
	expect(do_cr4, cr4 | 1ull << 40, GP, 0, "CR4 bit 40: #GP");
	expect(do_cr4, cr4 & ~(1ull << 5), GP, 0, "CR4.PAE cleared in long mode: #GP");
	expect(do_cr0, cr0 & ~1ull, GP, 0, "CR0.PE cleared with paging on: #GP");
	expect(do_cr0, cr0 & ~(1ull << 31), GP, 0, "CR0.PG cleared in 64-bit mode: #GP");
	expect(do_cr0, cr0 | 1u << 29, GP, 0, "CR0.NW without CD: #GP");
	expect(do_cr0, cr0 | 1ull << 32, GP, 0, "CR0 bit 32: #GP");
	expect(do_cr3, cr3 | 1ull << 62, GP, 0, "CR3 bit 62: #GP");
	expect(do_cr8, 16, GP, 0, "CR8 above 15: #GP");
	expect(do_cr8, 0, NO_FAULT, 0, "CR8 of 0");
	tap(read_cr0() == cr0 && read_cr3() == cr3 && read_cr4() == cr4 ? NULL : "changed",
	    "control registers are as before");
}

static void control_bits(void)
{
	uint64_t cr0 = read_cr0(), cr4 = read_cr4(), flags = irq_save();

	write_cr0(cr0 ^ 1u << 5);
	tap(read_cr0() == (cr0 ^ 1u << 5) ? NULL : "differs", "CR0.NE keeps what is written");
	write_cr0(cr0 | 1u << 3);
	tap(read_cr0() & 1u << 3 ? NULL : "differs", "CR0.TS can be set");
	expect(do_clts, 0, NO_FAULT, 0, "CLTS");
	tap(read_cr0() == (cr0 & ~8ull) ? NULL : "differs", "CLTS clears CR0.TS alone");
	__asm__ volatile("lmsw %w0" : : "r"((uint32_t)cr0 | 0xe));
	tap((read_cr0() & 0xf) == 0xf ? NULL : "differs", "LMSW sets MP, EM, TS");
	write_cr0((cr0 & ~0xeull));
	__asm__ volatile("lmsw %w0" : : "r"(0));
	tap(read_cr0() & 1 ? NULL : "PE is gone", "LMSW does not clear PE");
	write_cr0(cr0);
	write_cr4(cr4 ^ 1u << 3);
	tap(read_cr4() == (cr4 ^ 1u << 3) ? NULL : "differs", "CR4.DE keeps what is written");
	write_cr4(cr4);
	irq_restore(flags);
}

static void extended_state(void)
{
	uint64_t cr4 = read_cr4();
	bool has = cpuid(1, 0).c & (1u << 26);
	uint32_t supported = cpuid(0xd, 0).a, low;

	if (!has)
		return;
	expect(do_xsetbv, 1, UD, 0, "XSETBV without CR4.OSXSAVE: #UD");
	tap(cpuid(1, 0).c & (1u << 27) ? "set" : NULL, "CPUID.OSXSAVE is clear with CR4's");
	write_cr4(cr4 | 1u << 18);
	tap(cpuid(1, 0).c & (1u << 27) ? NULL : "clear", "CPUID.OSXSAVE is set with CR4's");
	expect(do_xsetbv, 0, GP, 0, "XCR0 without x87: #GP");
	expect(do_xsetbv, 5, GP, 0, "XCR0 with AVX and without SSE: #GP");
	expect(do_xsetbv, 0x40000000 | 7, GP, 0, "XCR0 with a reserved bit: #GP");
	expect(do_xgetbv1, 1, GP, 0, "XSETBV of register 1: #GP");
	expect(do_xsetbv, supported & 7, NO_FAULT, 0, "XCR0 with all of x87, SSE, AVX");
	__asm__ volatile("xgetbv" : "=a"(low) : "c"(0) : "rdx");
	tap(low == (supported & 7) ? NULL : "differs", "XGETBV reads it back");
	expect(do_xsetbv, 1, NO_FAULT, 0, "XCR0 with x87 alone");
	write_cr4(cr4);
}

static unsigned int walk_leaves(uint32_t from, uint32_t most)
{
	uint32_t last = cpuid(from, 0).a, leaf, sub;
	unsigned int n = 0;

	if (last < from || last - from > most)
		last = from + most;
	for (leaf = from; leaf <= last; leaf++)
		for (sub = 0; sub < 8; sub++, n++)
			cpuid(leaf, sub);
	return n;
}

static void identification(void)
{
	struct regs4 hv = cpuid(0x40000000, 0), one = cpuid(1, 0);
	unsigned int n = walk_leaves(0, 64);

	n += walk_leaves(0x80000000, 64) + walk_leaves(0x40000000, 256);
	cpuid(0xffffffff, 0xffffffff);
	tap(n ? NULL : "none", "CPUID of all leaves");
	tap(one.c & (1u << 5) ? "shown" : NULL, "CPUID hides VMX");
	tap(one.c & (1u << 6) ? "shown" : NULL, "CPUID hides SMX");
	tap(one.b >> 24 == this_cpu()->apic_id ? NULL : "wrong", "CPUID shows this CPU's APIC id");
	tap(hv.b == 0x74627553 && hv.c == 0x48747865 && hv.d == 0x72657079 ? NULL : "wrong signature",
	    "CPUID leaf 0x40000000 says SubtextHyper");
	tap(hv.a >= 0x40000001 && cpuid(0x40000001, 0).a ? NULL : "no version",
	    "CPUID leaf 0x40000001 has a version");
	tap(!((one.c >> 27) & 1) == !(read_cr4() & (1u << 18)) ? NULL : "differs",
	    "CPUID.OSXSAVE as CR4 has it");
}

static void caches(void)
{
	static volatile uint64_t dirty[512];
	unsigned int i;

	for (i = 0; i < 512; i++)
		dirty[i] = i * 0x0101010101010101ull;
	expect(do_invd, 0, NO_FAULT, 0, "INVD");
	for (i = 0; i < 512 && dirty[i] == i * 0x0101010101010101ull; i++)
		;
	tap(i == 512 ? NULL : "lost", "INVD loses no memory of ours");
	expect(do_wbinvd, 0, NO_FAULT, 0, "WBINVD");
	expect(do_invlpg, 0, NO_FAULT, 0, "INVLPG");
	if (cpuid(7, 0).b & (1u << 10))
		expect(do_invpcid, 0, NO_FAULT, 0, "INVPCID where CPUID shows it");
	if (cpuid(0x80000001, 0).d & (1u << 27))
		expect(do_rdtscp, 0, NO_FAULT, 0, "RDTSCP where CPUID shows it");
}

static void debug_registers(void)
{
	uint64_t v[4] = { 0x1111, 0x2222, 0x3333, 0x4444 }, r[4], dr7, flags = irq_save();
	uint64_t cr4 = read_cr4();

	__asm__ volatile("mov %0, %%dr0; mov %1, %%dr1; mov %2, %%dr2; mov %3, %%dr3"
			 : : "r"(v[0]), "r"(v[1]), "r"(v[2]), "r"(v[3]));
	__asm__ volatile("mov %%dr0, %0; mov %%dr1, %1; mov %%dr2, %2; mov %%dr3, %3"
			 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]));
	tap(memcmp(v, r, sizeof(v)) ? "differs" : NULL, "DR0 to DR3 keep what is written");
	expect(do_dr7, 1ull << 32, GP, 0, "DR7 bit 32: #GP");
	__asm__ volatile("mov %%dr7, %0" : "=r"(dr7));
	tap(dr7 == 0x400 ? NULL : "differs", "DR7 is as before");
	write_cr4(cr4 | 8);
	expect(do_dr4, 0, UD, 0, "DR4 with CR4.DE: #UD");
	write_cr4(cr4);
	irq_restore(flags);
}

/* A task gate, and a gate that is not present: SDM 3A, "64-Bit Mode IDT" and "Error Code". */
static void odd_gates(void)
{
	uint64_t *gate = idt_gate(0x60), old = gate[0], flags = irq_save();

	gate[0] = (old & ~0x0f0000000000ull) | 0x050000000000ull;
	expect(do_int_60, 0, GP, 0x60 * 8 + 2, "INT through a task gate: #GP with its vector");
	gate[0] = old & ~0x800000000000ull;
	{
		struct recovery r = { 0 };
		int got = try_fault(do_int_60, NULL, &r);

		verdict(got, (int64_t)r.error, 11, 0x60 * 8 + 2, "INT through an absent gate: #NP");
	}
	gate[0] = old;
	irq_restore(flags);
	expect(do_lldt_bad, 0, GP, 0x50, "LLDT beyond the table: #GP with the selector");
	expect(do_ltr_bad, 0, GP, 0x50, "LTR beyond the table: #GP with the selector");
}

static void (*const groups[])(void) = {
	vmx_instructions, bad_msrs, good_msrs, control_registers, control_bits, extended_state,
	identification, caches, debug_registers, odd_gates, privileged_steps, privileged_ports,
	privileged_memory,
};

/* Number of the only group wanted, counted from 1; 0: all. */
static unsigned int wanted;

static void all_cases(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(groups); i++)
		if (!wanted || wanted == i + 1)
			groups[i]();
}

static volatile bool running;

static void thread(void *arg)
{
	(void)arg;
	all_cases();
	atomic_store(&running, false);
}

void command_privileged(char *args)
{
	uint64_t cpu = 0, group = 0;

	parse_number(next_word(&args), &cpu);
	parse_number(next_word(&args), &group);
	wanted = (unsigned int)group;
	if (cpu == 0) {
		all_cases();
		return;
	}
	atomic_store(&running, true);
	if (cpu >= ncpus || !cpus[cpu].online || !thread_start((unsigned int)cpu, thread, NULL)) {
		tap("no such CPU", "privileged");
		return;
	}
	while (running)
		idle();
}
