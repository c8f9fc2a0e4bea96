/* SPDX-License-Identifier: GPL-2.0-only */
/* x86-64 instructions, by Zydis. */
#include <Zydis/Zydis.h>
#include "patcher/cli/code/disasm.h"

static bool decode(const uint8_t *code, size_t size, ZydisDecodedInstruction *insn,
		   ZydisDecodedOperand *ops)
{
	ZydisDecoder d;

	return ZYAN_SUCCESS(ZydisDecoderInit(&d, ZYDIS_MACHINE_MODE_LONG_64,
					     ZYDIS_STACK_WIDTH_64)) &&
		ZYAN_SUCCESS(ZydisDecoderDecodeFull(&d, code, size, insn, ops));
}

static bool is_direct(const ZydisDecodedInstruction *insn, const ZydisDecodedOperand *ops)
{
	return insn->operand_count_visible > 0 && ops[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE &&
		ops[0].imm.is_relative;
}

static enum insn_kind kind_of(const ZydisDecodedInstruction *insn,
			      const ZydisDecodedOperand *ops)
{
	if (insn->mnemonic == ZYDIS_MNEMONIC_ENDBR64)
		return INSN_ENDBR;
	if (insn->mnemonic == ZYDIS_MNEMONIC_NOP)
		return INSN_NOP;
	if (!is_direct(insn, ops))
		return INSN_PLAIN;
	return insn->meta.category == ZYDIS_CATEGORY_CALL ? INSN_CALL : INSN_JUMP;
}

bool disasm_one(const uint8_t *code, size_t size, uint64_t addr, struct insn *out)
{
	ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction insn;

	if (!decode(code, size, &insn, ops))
		return false;
	out->len = insn.length;
	out->kind = kind_of(&insn, ops);
	out->target = 0;
	if (out->kind == INSN_JUMP || out->kind == INSN_CALL)
		out->target = addr + insn.length + (uint64_t)ops[0].imm.value.s;
	return true;
}

bool disasm_text(const uint8_t *code, size_t size, uint64_t addr, char *text, uint8_t *len)
{
	ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction insn;
	ZydisFormatter f;

	if (!decode(code, size, &insn, ops))
		return false;
	*len = insn.length;
	return ZYAN_SUCCESS(ZydisFormatterInit(&f, ZYDIS_FORMATTER_STYLE_INTEL)) &&
		ZYAN_SUCCESS(ZydisFormatterFormatInstruction(&f, &insn, ops,
							     insn.operand_count_visible, text,
							     INSN_TEXT_MAX, addr, NULL));
}
