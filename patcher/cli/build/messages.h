/* SPDX-License-Identifier: GPL-2.0-only */
/* The compiler's messages, with the names of the user's files. */
#ifndef CLI_BUILD_MESSAGES_H
#define CLI_BUILD_MESSAGES_H


struct build;

/* The messages in a log of make, with the user's names of files. To be freed. */
char *build_messages(struct build *b, const char *log);

#endif
