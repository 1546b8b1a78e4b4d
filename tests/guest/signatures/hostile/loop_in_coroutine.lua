-- SPDX-License-Identifier: Apache-2.0
-- Nor can a coroutine, nested and resumed again and again.
lvmon.hook.syscall("getpriority", function(ev)
	if ev.args[2] ~= 10 then return end
	local function nest(depth)
		while true do
			local co = coroutine.create(depth > 0 and nest or function() while true do end end)
			coroutine.resume(co, depth - 1)
		end
	end
	nest(20)
end)
