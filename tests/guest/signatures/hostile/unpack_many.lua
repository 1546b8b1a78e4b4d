-- SPDX-License-Identifier: Apache-2.0
-- More results than the stack holds.
lvmon.hook.syscall("getpriority", function(ev)
	if ev.args[2] ~= 32 then return end
	return table.unpack({}, 1, 10000000)
end)
