-- SPDX-License-Identifier: Apache-2.0
-- Backtracking without end in a C function.
lvmon.hook.syscall("getpriority", function(ev)
	if ev.args[2] ~= 23 then return end
	return string.find(string.rep("a", 60), string.rep("a-", 60) .. "b")
end)
