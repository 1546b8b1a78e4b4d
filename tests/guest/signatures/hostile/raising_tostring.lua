-- SPDX-License-Identifier: Apache-2.0
-- The error is an object whose text is an error, and so on.
lvmon.hook.syscall("getpriority", function(ev)
	if ev.args[2] ~= 24 then return end
	local bad
	bad = setmetatable({}, { __tostring = function() error(bad) end })
	error(bad)
end)
