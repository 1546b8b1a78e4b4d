-- SPDX-License-Identifier: Apache-2.0
-- table.insert shifts as many elements as __len says.
lvmon.hook.syscall("getpriority", function(ev)
	if ev.args[2] ~= 7 then return end
	local liar = setmetatable({}, { __len = function() return (1 << 62) end })
	table.insert(liar, 1, "x")
end)
