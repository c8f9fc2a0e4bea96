/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Comes behind the source of a patch, where everything of the kernel is declared: what the
 * headers in asm/ call, and what `subtext build` has to know about alternatives. Functions
 * that nothing calls leave nothing in the patch.
 */
#ifndef SUBTEXT_LATE_H
#define SUBTEXT_LATE_H

#include <linux/bug.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <asm/cpufeature.h>
#include <asm/page.h>
#include <asm/processor.h>
#include <asm/smap.h>
#include <subtext_mark.h>

/* boot_cpu_data is what the kernel goes by when it patches alternatives. */
static __maybe_unused inline bool subtext_cpu_has(unsigned int feature)
{
	return test_bit(feature, (unsigned long *)boot_cpu_data.x86_capability);
}

static __maybe_unused inline void subtext_stac(void)
{
	if (boot_cpu_has(X86_FEATURE_SMAP))
		asm volatile(__ASM_STAC : : : "memory", "cc");
	else
		barrier();
}

static __maybe_unused inline void subtext_clac(void)
{
	if (boot_cpu_has(X86_FEATURE_SMAP))
		asm volatile(__ASM_CLAC : : : "memory", "cc");
	else
		barrier();
}

#ifdef CONFIG_X86_5LEVEL
static __maybe_unused inline unsigned long subtext_task_size_max(void)
{
	return (1ul << (boot_cpu_has(X86_FEATURE_LA57) ? 56 : 47)) - PAGE_SIZE;
}
#endif

/* As the kernel's report_bug() does for a WARN() it finds in its table (lib/bug.c). */
static __maybe_unused noinline __cold void
subtext_warn(const char *file, int line, unsigned int flags, unsigned char *done)
{
	if (done && READ_ONCE(*done))
		return;
	if (done)
		WRITE_ONCE(*done, 1);
	if (!(flags & BUGFLAG_NO_CUT_HERE))
		printk(KERN_WARNING CUT_HERE);
	__warn(file, line, __builtin_return_address(0), flags >> 8, NULL, NULL);
}

/* As report_bug() for a BUG(); the UD2 behind the call makes the oops. */
static __maybe_unused noinline __cold void subtext_bug(const char *file, int line)
{
	printk(KERN_DEFAULT CUT_HERE);
	printk(KERN_CRIT "kernel BUG at %s:%d!\n", file, line);
}

/*
 * Alternatives: what an instruction stands for that the kernel would patch over on CPUs with
 * (or without) a feature. Where the original does the same everywhere it stays; all else is
 * refused, by the name given here.
 */
#define SUBTEXT_STAYS(feature, why)	{ X86_FEATURE_##feature, 1, #feature, why }
#define SUBTEXT_REFUSED(feature, why)	{ X86_FEATURE_##feature, 0, #feature, why }

static const struct subtext_feature __attribute__((used, section(".subtext.features")))
subtext_features[] = {
#ifdef X86_FEATURE_XENPV
	SUBTEXT_STAYS(XENPV, "the call through pv_ops stays"),
#endif
#ifdef X86_FEATURE_POPCNT
	SUBTEXT_STAYS(POPCNT, "the call of the software bit count stays"),
#endif
#ifdef X86_FEATURE_REP_GOOD
	SUBTEXT_STAYS(REP_GOOD, "the plain loop stays"),
#endif
#ifdef X86_FEATURE_ERMS
	SUBTEXT_STAYS(ERMS, "the plain loop stays"),
#endif
#ifdef X86_FEATURE_FSRM
	SUBTEXT_STAYS(FSRM, "the plain loop stays"),
#endif
#ifdef X86_FEATURE_XMM
	SUBTEXT_STAYS(XMM, "the prefetch stays as it is"),
#endif
#ifdef X86_FEATURE_3DNOWPREFETCH
	SUBTEXT_STAYS(3DNOWPREFETCH, "the prefetch stays as it is"),
#endif
#ifdef X86_FEATURE_CX16
	SUBTEXT_STAYS(CX16, "the call of the emulation stays"),
#endif
#ifdef X86_FEATURE_CLFLUSHOPT
	SUBTEXT_STAYS(CLFLUSHOPT, "CLFLUSH stays, which does more"),
#endif
#ifdef X86_FEATURE_CLWB
	SUBTEXT_STAYS(CLWB, "CLFLUSH stays, which does more"),
#endif
#ifdef X86_FEATURE_RDPID
	SUBTEXT_STAYS(RDPID, "LSL stays"),
#endif
#ifdef X86_BUG_11AP
	{ X86_BUG_11AP, 1, "11AP", "no 64-bit CPU has this bug" },
#endif
#ifdef X86_FEATURE_SMAP
	SUBTEXT_REFUSED(SMAP, "STAC and CLAC within other instructions"),
#endif
#ifdef X86_FEATURE_LA57
	SUBTEXT_REFUSED(LA57, "5-level paging needs other constants"),
#endif
#ifdef X86_FEATURE_LFENCE_RDTSC
	SUBTEXT_REFUSED(LFENCE_RDTSC, "the fence would be missing"),
#endif
#ifdef X86_FEATURE_RDTSCP
	SUBTEXT_REFUSED(RDTSCP, "the fence would be missing"),
#endif
#ifdef X86_FEATURE_RETPOLINE
	SUBTEXT_REFUSED(RETPOLINE, "an indirect call would be without its retpoline"),
#endif
#ifdef X86_FEATURE_RETPOLINE_LFENCE
	SUBTEXT_REFUSED(RETPOLINE_LFENCE, "an indirect call would be without its fence"),
#endif
#ifdef X86_FEATURE_USE_IBPB
	SUBTEXT_REFUSED(USE_IBPB, "the branch prediction barrier would be missing"),
#endif
#ifdef X86_FEATURE_USE_IBRS_FW
	SUBTEXT_REFUSED(USE_IBRS_FW, "speculation would not be restricted in firmware"),
#endif
#ifdef X86_FEATURE_VMMCALL
	SUBTEXT_REFUSED(VMMCALL, "VMCALL is no instruction of AMD's CPUs"),
#endif
#ifdef X86_FEATURE_VMW_VMMCALL
	SUBTEXT_REFUSED(VMW_VMMCALL, "calls of VMware's hypervisor differ between CPUs"),
#endif
#ifdef X86_FEATURE_ALWAYS
	SUBTEXT_REFUSED(ALWAYS, "the original is never what runs"),
#endif
};

#endif
