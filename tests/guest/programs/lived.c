// SPDX-License-Identifier: Apache-2.0
/* What the test programs execute: to come here means that execve succeeded. */
int main(void)
{
	return 42;
}
