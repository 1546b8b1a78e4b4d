-- SPDX-License-Identifier: Apache-2.0
-- Nor a to-be-closed variable, which runs while the error unwinds.
lvmon.hook.syscall("getpriority", function(ev)
	if ev.args[2] ~= 9 then return end
	local guard <close> = setmetatable({}, { __close = function() while true do end end })
	while true do end
end)
