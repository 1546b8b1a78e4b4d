-- SPDX-License-Identifier: Apache-2.0
-- Counts getppid calls: all of them, and those of one program. A call of getpriority asks
-- for them and starts anew (the shell that starts the programs calls getppid, too).
local all, filtered = 0, 0

lvmon.hook.syscall("getppid", function() all = all + 1 end)
lvmon.hook.syscall("getppid", function() filtered = filtered + 1 end, { comm = "calls" })
lvmon.hook.syscall("getpriority", function()
	print(string.format("all %d, filtered %d, end", all, filtered))
	all, filtered = 0, 0
end)
