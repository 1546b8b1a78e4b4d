-- SPDX-License-Identifier: Apache-2.0
-- Works for some milliseconds at each getsid of "calls", in a pause and without one.
local calls, failed = 0, 0

local function work()
	local n = 0
	for i = 1, 20000 do n = n ~ i end
	return n
end

lvmon.hook.syscall("getsid", function()
	local ok, message = pcall(lvmon.pause, work)
	work()
	calls = calls + 1
	if not ok then
		failed = failed + 1
		print(message)
	end
end, { comm = "calls" })

lvmon.hook.syscall("getpriority", function()
	print(string.format("calls %d, failed %d, end", calls, failed))
end, { comm = "calls" })
