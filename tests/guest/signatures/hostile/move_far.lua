-- SPDX-License-Identifier: Apache-2.0
-- table.move over 2^60 elements.
lvmon.hook.syscall("getpriority", function(ev)
	if ev.args[2] ~= 20 then return end
	table.move({}, 1, 1 << 60, 2)
end)
