/* SPDX-License-Identifier: GPL-2.0-only */
/* x86-64 instructions, by Zydis. */
#ifndef CLI_CODE_DISASM_H
#define CLI_CODE_DISASM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INSN_TEXT_MAX 128

enum insn_kind {
	INSN_PLAIN,
	INSN_NOP,	/* of any length */
	INSN_ENDBR,	/* ENDBR64 */
	INSN_JUMP,	/* direct, conditional or not, loops included */
	INSN_CALL,	/* direct */
};

struct insn {
	enum insn_kind kind;
	uint8_t len;
	uint64_t target;	/* of INSN_JUMP and INSN_CALL */
};

/* Decodes the instruction at @code, which lies at @addr. False if @size bytes hold no valid one. */
bool disasm_one(const uint8_t *code, size_t size, uint64_t addr, struct insn *out);

/* Writes the instruction in Intel's notation to @text, INSN_TEXT_MAX bytes. False as above. */
bool disasm_text(const uint8_t *code, size_t size, uint64_t addr, char *text, uint8_t *len);

#endif
