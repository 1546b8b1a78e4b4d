-- SPDX-License-Identifier: Apache-2.0
-- The whole machine's memory, again and again.
lvmon.hook.syscall("getpriority", function(ev)
	if ev.args[2] ~= 18 then return end
	local all = {}
	while true do all[#all + 1] = lvmon.memread(0, lvmon.memsize()) .. "" end
end)
