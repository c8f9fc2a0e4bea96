/* SPDX-License-Identifier: GPL-2.0-only */
/* The log: a ring of lines in resident memory, read over the line with `log`. */
#ifndef VMM_LOG_H
#define VMM_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include "patcher/wire/text.h"

enum log_level {
	LOG_ERROR,
	LOG_WARNING,
	LOG_INFO,
	LOG_DEBUG,
};

/**
 * log_line - add one line
 * @fmt: as text_format() takes it
 * Lines above the level of boot_info are dropped. Root mode, any CPU, takes the log's lock;
 * not from NMI handlers.
 */
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* One line from position *@pos on (0: the oldest there is); advances *@pos. False at the end. */
bool log_read(uint64_t *pos, struct text *line);

#endif
