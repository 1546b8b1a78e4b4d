-- SPDX-License-Identifier: Apache-2.0
-- Recursion through a C function: the C stack.
lvmon.hook.syscall("getpriority", function(ev)
	if ev.args[2] ~= 27 then return end
	local function down() return (string.gsub("a", "a", down)) end
	return down()
end)
