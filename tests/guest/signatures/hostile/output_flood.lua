-- SPDX-License-Identifier: Apache-2.0
-- Output without end.
lvmon.hook.syscall("getpriority", function(ev)
	if ev.args[2] ~= 21 then return end
	while true do print(string.rep("flood ", 100)) end
end)
