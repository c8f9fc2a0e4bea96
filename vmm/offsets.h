/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How assembly learns what C headers say. An offsets.c is compiled to assembly and never
 * assembled: each macro below leaves one marked line in it, of which make (make_offsets in the Makefile) writes
 * one `NAME equ VALUE` into build/include/.../offsets.inc.
 */
#ifndef VMM_OFFSETS_H
#define VMM_OFFSETS_H

#include <stddef.h>
#include <stdint.h>

/* Gives assembly @value, an integer constant, under the name @name. */
#define VALUE(name, value)	__asm__ volatile("\n->" #name " %0" : : "i"((uint64_t)(value)))

/* Gives assembly a constant of C under its own name. */
#define NUMBER(name)		__asm__ volatile("\n->" #name " %0" : : "i"((uint64_t)(name)))

/* Gives assembly the offset of a field of struct @type. */
#define OFFSET(name, type, field) VALUE(name, offsetof(struct type, field))

#endif
