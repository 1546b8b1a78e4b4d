-- SPDX-License-Identifier: Apache-2.0
-- Nor a message handler that loops itself.
lvmon.hook.syscall("getpriority", function(ev)
	if ev.args[2] ~= 15 then return end
	local function forever() while true do end end
	while true do
		xpcall(forever, forever)
	end
end)
