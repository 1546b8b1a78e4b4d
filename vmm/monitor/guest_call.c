/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Call injection: the guest's kernel does something for us, at a point where it could do it by
 * itself. The return address of the injected call is the trap's own, so its return is a hit of the
 * trap with RSP as it was. Calls sleep and move between CPUs: they are keyed by task and stack
 * pointer, never by CPU.
 */
#include "vmm/guest/walk.h"
#include "vmm/monitor/internal.h"
#include "vmm/string.h"
#include "vmm/x86/asm.h"

#define MAX_CALLS   1024
#define KERNEL_HALF BIT(63)

struct guest_call {
	struct trap *trap; /* NULL: free */
	gva_t task;
	u64 rsp;
	u32 call;
	u64 saved[LVMON_NR_EVENT_REGS];
};

static struct guest_call calls[MAX_CALLS];

int guest_call_start(struct vcpu *vcpu, const struct vcpu_paging *paging, struct trap *trap,
		     const struct lvmon_verdict *verdict)
{
	static const enum lvmon_reg argument[6] = {LVMON_RDI, LVMON_RSI, LVMON_RDX,
						   LVMON_RCX, LVMON_R8,	 LVMON_R9};
	struct guest_call *call = calls;
	u64 *regs = vcpu->regs;
	gva_t task;

	task = current_task(paging);
	if (!trap->insn.length || !task || !(verdict->function & KERNEL_HALF) ||
	    !canonical(verdict->function, paging->la57))
		return -EINVAL;
	/* It may sleep: where the guest cannot, it must not be asked to. */
	if (!(regs[LVMON_RFLAGS] & RFLAGS_IF))
		return -EPERM;
	while (call < calls + MAX_CALLS && call->trap)
		call++;
	if (call == calls + MAX_CALLS)
		return -ENOSPC;
	if (guest_write_word(paging, regs[LVMON_RSP] - 8, trap->gva))
		return -EFAULT;
	*call = (struct guest_call){
		.trap = trap, .task = task, .rsp = regs[LVMON_RSP], .call = verdict->call};
	memcpy(call->saved, regs, sizeof(call->saved));
	trap->calls++;
	trap_get(trap);
	for (int i = 0; i < 6; i++)
		regs[argument[i]] = verdict->args[i];
	regs[LVMON_RSP] -= 8;
	regs[LVMON_RAX] = 0;
	regs[LVMON_RIP] = verdict->function;
	regs[LVMON_RFLAGS] &= ~(RFLAGS_DF | RFLAGS_AC | RFLAGS_TF | RFLAGS_RF);
	return 0;
}

bool guest_call_returned(struct vcpu *vcpu, const struct vcpu_paging *paging, struct trap *trap,
			 u32 *id, u64 *result)
{
	gva_t task = current_task(paging);

	for (struct guest_call *call = calls; call < calls + MAX_CALLS; call++) {
		if (call->trap != trap || call->task != task || call->rsp != vcpu->regs[LVMON_RSP])
			continue;
		*id = call->call;
		*result = vcpu->regs[LVMON_RAX];
		memcpy(vcpu->regs, call->saved, sizeof(call->saved));
		call->trap = NULL;
		trap->calls--;
		trap_put(trap); /* our caller holds it too */
		return true;
	}
	return false;
}

void guest_calls_forget(void)
{
	for (struct guest_call *call = calls; call < calls + MAX_CALLS; call++) {
		if (!call->trap)
			continue;
		call->trap->calls--;
		trap_put(call->trap);
		call->trap = NULL;
	}
}
