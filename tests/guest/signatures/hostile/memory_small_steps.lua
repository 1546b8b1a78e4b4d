-- SPDX-License-Identifier: Apache-2.0
-- Memory in many small steps.
lvmon.hook.syscall("getpriority", function(ev)
	if ev.args[2] ~= 17 then return end
	local hog = {}
	while true do hog[#hog + 1] = {} end
end)
