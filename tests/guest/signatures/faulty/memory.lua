-- SPDX-License-Identifier: Apache-2.0
lvmon.hook.syscall("getsid", function()
	local hog = {}
	for i = 1, math.huge do
		hog[i] = string.rep("y", 100000) .. i
	end
end)
