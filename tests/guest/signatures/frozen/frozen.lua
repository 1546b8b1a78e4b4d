-- SPDX-License-Identifier: Apache-2.0
-- Works for some milliseconds of its processor's time at each getsid of "calls", in a pause and without one.
local calls, failed = 0, 0

local function work()
	local from = os.clock()
	while os.clock() - from < 0.004 do end
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
