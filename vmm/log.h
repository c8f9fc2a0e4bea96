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
 * A line above the level of boot_info is dropped. Root mode, any CPU, not an NMI handler;
 * takes the log's lock.
 */
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Appends the line at position *@pos, or the oldest one if that is later; *@pos moves behind it.
 * False at the end. Root mode, any CPU, takes the log's lock.
 */
bool log_read(uint64_t *pos, struct text *line);

#endif
