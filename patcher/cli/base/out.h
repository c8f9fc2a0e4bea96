/* SPDX-License-Identifier: GPL-2.0-only */
/* The output of a command: text for people, or with --json one JSON object for programs. */
#ifndef CLI_BASE_OUT_H
#define CLI_BASE_OUT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include "patcher/cli/base/cli.h"
#include "patcher/cli/base/problems.h"

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
/* An array of strings. */
json_t *json_strings(char *const *text, size_t n);

/* The string @key of an object; "" if it has none. */
const char *json_str(const json_t *o, const char *key);

#endif
