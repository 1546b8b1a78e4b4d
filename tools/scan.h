/* SPDX-License-Identifier: Apache-2.0 */
/* `lvisor scan`, and the ready views of a memory dump. */
#ifndef LVISOR_TOOLS_SCAN_H
#define LVISOR_TOOLS_SCAN_H

/* argv[0] is the command's name. Returns the program's exit code. */
int scan_main(int argc, char **argv);

#endif
