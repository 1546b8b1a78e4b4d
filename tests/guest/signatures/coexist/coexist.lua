-- SPDX-License-Identifier: Apache-2.0
-- Counts three calls of the program "calls". The second argument of its getpriority says what to do:
-- 1 print the counts and begin anew, 2 make the third hook again, 3 remove it.
local counts, third = {}, nil

local function count(name)
	counts[name] = 0
	return lvmon.hook.syscall("__x64_sys_" .. name, function()
		counts[name] = counts[name] + 1
	end, { comm = "calls" })
end

count("getsid") -- begins with a push
count("umask") -- with an instruction that is stepped over
third = count("getpgid") -- with a load

lvmon.hook.syscall("getpriority", function(ev)
	local what = ev.args[2]
	if what == 1 then
		print(string.format("getsid %d, umask %d, getpgid %d", counts.getsid,
			counts.umask, counts.getpgid))
		for name in pairs(counts) do
			counts[name] = 0
		end
	elseif what == 2 then
		if third then
			third:remove()
		end
		local ok, got = pcall(count, "getpgid")
		print(ok and "made" or "refused: " .. got)
		third = ok and got or nil
	elseif third then
		third:remove()
		third = nil
	end
end, { comm = "calls" })
