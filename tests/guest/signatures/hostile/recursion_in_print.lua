-- SPDX-License-Identifier: Apache-2.0
-- Recursion through C functions with buffers on their stack: it ends with Lua's error before that is full.
local object = {}
setmetatable(object, { __tostring = function()
	print(object)
	return string.format("%s", object)
end })
local other = {}
setmetatable(other, { __tostring = function() return string.format("%s", other) end })

lvmon.hook.syscall("getpriority", function(ev)
	if ev.args[2] ~= 33 then return end
	local ok, message = pcall(tostring, other)
	print("format ends: " .. tostring(not ok and message:find("C stack overflow") ~= nil))
	print(object)
end)
