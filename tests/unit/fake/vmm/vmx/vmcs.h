/* SPDX-License-Identifier: Apache-2.0 */
/* Stands in for vmm/vmx/vmcs.h: the VMCS is a table of the test's, and instructions are counted. */
#ifndef UNIT_FAKE_VMCS_H
#define UNIT_FAKE_VMCS_H

#define vmread	hardware_vmread
#define vmwrite hardware_vmwrite
#define invept	hardware_invept
#define invvpid hardware_invvpid
#include_next <vmm/vmx/vmcs.h>
#undef vmread
#undef vmwrite
#undef invept
#undef invvpid
#undef VMX_INSN

u64 vmread(u64 field);
void vmwrite(u64 field, u64 value);
void invept(u64 type, u64 eptp);
void invvpid(u64 type);
/* Does it fail? */
bool vmx_insn(const char *name, u64 operand);
#define VMX_INSN(name, operand) vmx_insn(name, operand)

#endif
