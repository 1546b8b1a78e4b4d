-- SPDX-License-Identifier: Apache-2.0
-- pcall cannot be used to outlive the time limit.
lvmon.hook.syscall("getpriority", function(ev)
	if ev.args[2] ~= 12 then return end
	while true do
		pcall(function() while true do end end)
	end
end)
