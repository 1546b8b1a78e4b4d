-- SPDX-License-Identifier: Apache-2.0
-- Recursion in Lua without end.
lvmon.hook.syscall("getpriority", function(ev)
	if ev.args[2] ~= 25 then return end
	local function down(n) return 1 + down(n + 1) end
	return down(1)
end)
