-- SPDX-License-Identifier: Apache-2.0
-- Works for some milliseconds at each getpgid, in a pause and without one.
local function work()
	local n = 0
	for i = 1, 50000 do n = n ~ i end
end

lvmon.hook.syscall("getpgid", function()
	local ok, message = pcall(lvmon.pause, work)
	work()
	print("worked " .. (ok and "true" or message))
end)
