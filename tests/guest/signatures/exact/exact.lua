-- SPDX-License-Identifier: Apache-2.0
-- Counts the numbered getsid calls of the program "exact" and checks that the numbers of each
-- processor grow by one. At each EVERY-th of them another hook is made, or removed again.
local others = { "getpgid", "getuid", "getppid" }
local all, stepped, gaps, seen, turns, every, last, other

local function turn()
	if other then
		other:remove()
		other = nil
		turns = turns + 1
	else
		other = lvmon.hook.syscall(others[turns % #others + 1], function()
			seen = seen + 1
		end, turns % 2 == 0 and { comm = "exact" } or nil)
	end
end

lvmon.hook.syscall("getsid", function(ev)
	local n, cpu = ev.args[2], ev.cpu
	if n == 0 then
		return -- the program asks for its own session
	end
	if n ~= (last[cpu] or 0) + 1 then
		gaps = gaps + 1
	end
	last[cpu] = n
	all = all + 1
	if every > 0 and all % every == 0 then
		turn()
	end
end, { comm = "exact" })

-- It begins with an instruction that is not emulated: each hit is a single step.
lvmon.hook.syscall("getegid", function(ev)
	if ev.args[1] > 0 then
		stepped = stepped + 1
	end
end, { comm = "exact" })

lvmon.hook.syscall("getpriority", function(ev)
	if ev.args[3] > 0 then
		all, stepped, gaps, seen, turns, every, last = 0, 0, 0, 0, 0, ev.args[3], {}
		return
	end
	if other then
		turn()
	end
	local cpus = {}
	for cpu, n in pairs(last) do
		cpus[#cpus + 1] = cpu .. "=" .. n -- which one stopped where, if one did
	end
	print(string.format("all %d, stepped %d, gaps %d, turns %d, others %s, last %s", all, stepped, gaps,
		turns, seen > 0 and "seen" or "never seen", table.concat(cpus, " ")))
end, { comm = "exact" })
