/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Not a published fix: none between 6.1.170 and 6.1.192 changes a variadic function that
 * this kernel has, and the kind is to be shown. logfc() writes what is wrong with the
 * options of a mount into the log of its context, from where fsopen()'s descriptor is
 * read. The new function says, before all else, that it is the one speaking.
 */
#include <linux/fs_context.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/stdarg.h>
#include <subtext.h>

static void log_to_console(const char *prefix, char level, struct va_format *vaf)
{
	const char *colon = prefix ? ": " : "";

	prefix = prefix ? prefix : "";
	if (level == 'e')
		printk(KERN_ERR "%s%s%pV\n", prefix, colon, vaf);
	else if (level == 'w')
		printk(KERN_WARNING "%s%s%pV\n", prefix, colon, vaf);
	else
		printk(KERN_NOTICE "%s%s%pV\n", prefix, colon, vaf);
}

/* A ring: the oldest line makes room. */
static void log_to_ring(struct fc_log *log, char *line)
{
	unsigned int size = ARRAY_SIZE(log->buffer);
	unsigned int index = log->head & (size - 1);

	if ((u8)(log->head - log->tail) == size) {
		if (log->need_free & (1 << index))
			kfree(log->buffer[index]);
		log->tail++;
	}
	log->buffer[index] = line ? line : "OOM: Can't store error string";
	if (line)
		log->need_free |= 1 << index;
	else
		log->need_free &= ~(1 << index);
	log->head++;
}

static __printf(4, 5) void logfc_marked(struct fc_log *log, const char *prefix, char level,
					const char *fmt, ...)
{
	struct va_format vaf = { .fmt = fmt };
	va_list args;

	va_start(args, fmt);
	vaf.va = &args;
	if (!log)
		log_to_console(prefix, level, &vaf);
	else
		log_to_ring(log, kasprintf(GFP_KERNEL, "%c patched: %s%s%pV\n", level,
					   prefix ? prefix : "", prefix ? ": " : "", &vaf));
	va_end(args);
}
SUBTEXT_REPLACE(logfc, logfc_marked);
