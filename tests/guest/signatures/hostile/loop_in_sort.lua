-- SPDX-License-Identifier: Apache-2.0
-- A comparison that never agrees with itself, over many elements.
lvmon.hook.syscall("getpriority", function(ev)
	if ev.args[2] ~= 13 then return end
	local many = {}
	for i = 1, 200000 do many[i] = i end
	while true do
		table.sort(many, function(a, b) return (a * 7919) % 104729 < (b * 7919) % 104729 end)
	end
end)
