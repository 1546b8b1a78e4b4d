-- SPDX-License-Identifier: Apache-2.0
-- The error is an object whose text never ends.
lvmon.hook.syscall("getpriority", function(ev)
	if ev.args[2] ~= 14 then return end
	error(setmetatable({}, { __tostring = function() while true do end end }))
end)
