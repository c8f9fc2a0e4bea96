/* SPDX-License-Identifier: GPL-2.0-only */
/* \EFI\subtext\subtext.conf: the settings of the loader. Pure logic, tested and fuzzed on the host. */
#ifndef BOOT_CONF_H
#define BOOT_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONF_PATH_MAX	256u
#define CONF_OPTIONS_MAX 2048u

struct conf {
	uint16_t serial_port;		/* I/O base; default 0x2f8 (com2). `serial = com1|com2|com3|com4|0x...|none` */
	uint32_t serial_speed;		/* default 115200; a divisor of 115200 */
	char next[CONF_PATH_MAX];	/* EFI path of the next loader, '\\' or '/'; empty: return to the firmware */
	char options[CONF_OPTIONS_MAX];	/* handed to it; may hold anything but a line end */
	uint8_t log_level;		/* 0 error, 1 warning, 2 info (default), 3 debug */
	bool cpuid_leaf;		/* `cpuid-leaf = on|off`, default on */
	bool enabled;			/* `subtext = on|off`, default on: off starts the next loader only */
};

/* Called for each line that the parser does not understand, for the person; the default stays. */
typedef void conf_complain(void *ctx, unsigned int line, const char *what, const char *text, size_t len);

/**
 * conf_parse - lines of `key = value`, '#' comments, CR LF or LF, ASCII or UTF-8 with BOM
 * @text: not NUL terminated, @len bytes, any content
 * Always leaves @out usable. Returns the number of lines complained about.
 */
unsigned int conf_parse(const char *text, size_t len, struct conf *out, conf_complain *complain, void *ctx);

void conf_defaults(struct conf *out);

#endif
