/* SPDX-License-Identifier: GPL-2.0-only */
/* A module's own tables about its code. */
#ifndef CLI_BUILD_MODULE_TABLES_H
#define CLI_BUILD_MODULE_TABLES_H


struct build;

/* Fills b->module->tables; the sections are located. 0, or -1 with the reason in b->problems. */
int module_tables(struct build *b);

#endif
