/* SPDX-License-Identifier: GPL-2.0-only */
/* Keys and values of the hypervisor's answers, as JSON and as sentences. */
#ifndef CLI_SESSION_REPLY_H
#define CLI_SESSION_REPLY_H

#include <jansson.h>
#include <stdio.h>
#include "patcher/wire/line.h"

/*
 * All keys of a line except @skip (a NULL-terminated list, may be NULL) as a JSON object.
 * Decimal numbers become numbers.
 */
json_t *line_json(const struct line *l, const char *const *skip);

/* One value as JSON: a number if it looks like one, except for keys whose values are names. */
json_t *value_json(const char *key, const char *value);

/* A sentence about a refusal. To be freed. */
char *refusal_sentence(const struct line *l);

/* An event: {"event": number, "kind": ..., keys}. */
json_t *event_json(const struct line *l);

/* The same as text: "12 window-write symbol=...". */
void print_event(FILE *f, const struct line *l);

/* Prints "key: value" lines of an object. */
void print_keys(const json_t *o);

/* " key=value" for all of an object except @skip, on the current line. */
void print_rest(FILE *f, const json_t *o, const char *const *skip);

#endif
