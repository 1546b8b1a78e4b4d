-- SPDX-License-Identifier: Apache-2.0
-- Hooks until there is no room.
lvmon.hook.syscall("getpriority", function(ev)
	if ev.args[2] ~= 6 then return end
	while true do lvmon.hook.syscall("getuid", function() end) end
end)
