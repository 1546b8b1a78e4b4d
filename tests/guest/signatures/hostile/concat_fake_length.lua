-- SPDX-License-Identifier: Apache-2.0
-- table.concat over 2^53 empty strings.
lvmon.hook.syscall("getpriority", function(ev)
	if ev.args[2] ~= 2 then return end
	local liar = setmetatable({}, {
		__len = function() return 1 << 53 end,
		__index = function() return "" end,
	})
	return table.concat(liar)
end)
