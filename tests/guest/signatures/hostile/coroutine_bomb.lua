-- SPDX-License-Identifier: Apache-2.0
-- Threads until memory ends.
lvmon.hook.syscall("getpriority", function(ev)
	if ev.args[2] ~= 3 then return end
	local hog = {}
	while true do
		local co = coroutine.create(function() coroutine.yield() end)
		coroutine.resume(co)
		hog[#hog + 1] = co
	end
end)
