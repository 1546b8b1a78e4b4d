-- SPDX-License-Identifier: Apache-2.0
-- Addresses and lengths from nowhere.
lvmon.hook.syscall("getpriority", function(ev)
	if ev.args[2] ~= 19 then return end
	for shift = 0, 63 do
		pcall(lvmon.memread, 1 << shift, 1 << shift)
		pcall(lvmon.memread, -1, 1 << shift)
		pcall(lvmon.memread, math.maxinteger - 10, 20)
	end
	error("read: " .. tostring(lvmon.memread(1 << 60, 1 << 60)))
end)
