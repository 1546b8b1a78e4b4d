-- SPDX-License-Identifier: Apache-2.0
-- The same, holding on in pcall.
lvmon.hook.syscall("getpriority", function(ev)
	if ev.args[2] ~= 16 then return end
	local hog = {}
	while true do
		pcall(function() while true do hog[#hog + 1] = string.rep("y", 1000) .. #hog end end)
	end
end)
