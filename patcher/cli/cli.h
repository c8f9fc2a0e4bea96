/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `subtext`, the host tool: what all its commands share. Options, exit codes,
 * and the two ways of saying things (text for people, one JSON object for
 * programs).
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit status of the program; subtext(1) explains them. */
enum cli_exit {
	CLI_OK = 0,
	CLI_REFUSED = 1,	/* the hypervisor said no and changed nothing */
	CLI_USAGE = 2,
	CLI_CONNECT = 3,	/* nobody there, or the line is dead */
	CLI_INPUT = 4,		/* a file is bad, or a build was refused */
	CLI_INTERNAL = 5,
};

struct cli {
	const char *connect;		/* --connect or SUBTEXT_CONNECT; NULL if neither */
	bool json;
	bool verbose;
	unsigned int timeout_ms;	/* for one answer of the hypervisor */
};

/* One command: an entry of the table in main.c. */
struct command {
	const char *name;
	const char *summary;		/* for `subtext --help` */
	/* argv[0] is "subtext NAME", for messages. Returns an enum cli_exit. */
	int (*run)(struct cli *cli, int argc, char **argv);
};

/*
 * What went wrong: an exit code, a word for programs, sentences for people. Several
 * sentences may be gathered, so that a user repairs all of it in one go.
 */
struct problems {
	enum cli_exit exit;
	const char *code;	/* such as "undefined-symbol"; the first one wins */
	char **text;
	size_t n;
};

/* Adds a sentence (printf style) to @p. Always returns -1, so that callers can return it. */
int problem(struct problems *p, enum cli_exit exit, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void problems_free(struct problems *p);

/*
 * Both end a command's output and return the exit code. With --json each prints
 * one object with "ok"; @details (consumed, may be NULL) are merged into it, or
 * into its "error".
 */
int out_done(const struct cli *cli, json_t *details);
int out_problems(const struct cli *cli, const struct problems *p, json_t *details);
/* Short form for a single problem. */
int out_error(const struct cli *cli, enum cli_exit exit, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Prints one JSON value on a line of its own and flushes. Consumes @v. */
void out_json_line(json_t *v);

/* A string "0x..." as JSON: addresses do not fit a JSON reader's numbers. */
json_t *json_hex(uint64_t v);
/* Bytes as a string of hex digits. */
json_t *json_bytes(const uint8_t *p, size_t n);

/* malloc, realloc and strdup that end the program with CLI_INTERNAL when memory is out. */
void *xalloc(size_t n);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *s);
char *xprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A growing byte buffer. Zero it to start, free() its data to end. */
struct bytes {
	uint8_t *data;
	size_t len, cap;
};

/* Appends @n bytes from @p, or zeros if @p is NULL. Returns their offset. */
size_t bytes_add(struct bytes *b, const void *p, size_t n);
/* Pads with @fill to a multiple of @align (a power of two). */
void bytes_align(struct bytes *b, size_t align, uint8_t fill);

/**
 * read_file - a whole regular file, 8-byte aligned
 * @max: larger files are refused
 * Returns 0, or -1 with the reason in @p (CLI_INPUT).
 */
int read_file(const char *path, size_t max, struct bytes *out, struct problems *p);

/* The commands, for the table in main.c. */
int cmd_info(struct cli *cli, int argc, char **argv);
int cmd_list(struct cli *cli, int argc, char **argv);
int cmd_log(struct cli *cli, int argc, char **argv);
int cmd_watch(struct cli *cli, int argc, char **argv);
int cmd_console(struct cli *cli, int argc, char **argv);
int cmd_apply(struct cli *cli, int argc, char **argv);
int cmd_revert(struct cli *cli, int argc, char **argv);
int cmd_cycle(struct cli *cli, int argc, char **argv);
int cmd_abort(struct cli *cli, int argc, char **argv);
int cmd_set(struct cli *cli, int argc, char **argv);
int cmd_inspect(struct cli *cli, int argc, char **argv);
int cmd_build(struct cli *cli, int argc, char **argv);
int cmd_symbols(struct cli *cli, int argc, char **argv);
int cmd_redirect(struct cli *cli, int argc, char **argv);

#endif
