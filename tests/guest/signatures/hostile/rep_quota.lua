-- SPDX-License-Identifier: Apache-2.0
-- A string beyond the quota only.
lvmon.hook.syscall("getpriority", function(ev)
	if ev.args[2] ~= 31 then return end
	local s = string.rep("x", 1 << 28)
	error("a string of " .. #s)
end)
