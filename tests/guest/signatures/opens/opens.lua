-- SPDX-License-Identifier: Apache-2.0
-- Sees every execve and every openat of a whole system; tells of the first, and of each 500th open.
local execs, opens = 0, 0

lvmon.hook.syscall("execve", function()
	execs = execs + 1
	if execs <= 20 or execs % 100 == 0 then
		print(string.format("execve %d by %s", execs, lvmon.getproc().comm))
	end
end)

lvmon.hook.syscall("openat", function()
	opens = opens + 1
	if opens % 500 == 0 then
		print(string.format("openat %d by %s", opens, lvmon.getproc().comm))
	end
end)
