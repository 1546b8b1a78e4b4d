-- SPDX-License-Identifier: Apache-2.0
-- The error is an object whose text is no text.
lvmon.hook.syscall("getpriority", function(ev)
	if ev.args[2] ~= 8 then return end
	error(setmetatable({}, { __tostring = function() return {} end }))
end)
