-- SPDX-License-Identifier: Apache-2.0
-- A chain of __index that ends in itself.
lvmon.hook.syscall("getpriority", function(ev)
	if ev.args[2] ~= 28 then return end
	local a, b = {}, {}
	setmetatable(a, { __index = b })
	setmetatable(b, { __index = a })
	return a.nothing
end)
