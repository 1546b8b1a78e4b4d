-- SPDX-License-Identifier: Apache-2.0
-- One record of many megabytes.
lvmon.hook.syscall("getpriority", function(ev)
	if ev.args[2] ~= 22 then return end
	for i = 1, 100 do print(string.rep("z", 10000000)) end
	error("all printed")
end)
