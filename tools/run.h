/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LVISOR_TOOLS_RUN_H
#define LVISOR_TOOLS_RUN_H

/* `lvisor run`: returns the program's exit code. */
int run_main(int argc, char **argv);

#endif
