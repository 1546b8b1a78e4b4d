-- SPDX-License-Identifier: Apache-2.0
-- The CPU is in the domain most of the time: each of these calls takes 20 ms of it.
local visits = 0
lvmon.hook.syscall("getpriority", function()
	local from = os.clock()
	while os.clock() - from < 0.02 do end
	visits = visits + 1
end, { comm = "calls" })
-- and here it only comes by
lvmon.hook.syscall("umask", function() visits = visits + 1 end, { comm = "calls" })
lvmon.hook.syscall("getpgid", function() print("visits " .. visits) end, { comm = "calls" })
