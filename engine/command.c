/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/command.h"
int command_main(int argc, char **argv) { return 2; }
