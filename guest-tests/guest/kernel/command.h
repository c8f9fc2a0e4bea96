/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line on COM1 (command.c). */
#ifndef GUEST_COMMAND_H
#define GUEST_COMMAND_H

#include <stdint.h>

/*
 * Reads lines and obeys them, for ever. An answer ends with a line of a dot and, if the
 * command began with a word "@...", that word.
 */
void __attribute__((noreturn)) command_loop(void);

/* Commands of the scenario files; @args is changed in place. */
void command_mark(char *args);		/* mark any|old|new */
void command_turns(char *args);		/* turns [reset] */
void command_call(char *args);		/* call NAME */
void command_bytes(char *args);		/* bytes NAME */
void command_poke(char *args);		/* poke NAME HEX */
void command_write(char *args);		/* write NAME HEX */
void command_trace(char *args);		/* trace NAME on|off */
void command_sum(char *args);
void command_up(char *args);
void command_down(char *args);
void command_privileged(char *args);
void command_rate(char *args);
void command_stopmachine(char *args);
void command_gap(char *args);
void command_wait(char *args);		/* wait MS */
void command_ready(char *args);
void command_mtrr(char *args);		/* mtrr BASE TYPE|off */

/* TSC when the kernel was ready for commands. */
extern uint64_t ready_tsc;

#endif
