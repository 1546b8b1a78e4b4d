-- SPDX-License-Identifier: Apache-2.0
-- Finalizers would run when nobody accounts for them: refused.
lvmon.hook.syscall("getpriority", function(ev)
	if ev.args[2] ~= 11 then return end
	setmetatable({}, { __gc = function() while true do end end })
	collectgarbage()
end)
