/* SPDX-License-Identifier: Apache-2.0 */
/* `lvisor policy`. */
#ifndef LVISOR_TOOLS_POLICY_H
#define LVISOR_TOOLS_POLICY_H

/* Prints the policy on stdout; returns the exit code. */
int policy_main(int argc, char **argv);

#endif
